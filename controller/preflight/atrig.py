"""Reaches what an experiment names, for a preflight: source and board, at either pace, with the faults that a mock rig is to have."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment import Experiment, electrode_positions, in_region, is_mock, led_positions
from wavestim.controller.preflight.finding import Finding, red
from wavestim.controller.preflight.realrig import RealStation
from wavestim.controller.preflight.station import Station
from wavestim.controller.preflight.virtualrig import VirtualStation
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.bench import make_bench
from wavestim.controller.session.feeds import Cortex, Feed, Played, cortex_settings
from wavestim.controller.session.lights import opened_light
from wavestim.controller.session.live import RigSource, opened_live
from wavestim.controller.session.mockrig import plan_mock_rig
from wavestim.hardware.lights import Light, LightError
from wavestim.hardware.simulated import CortexConfig
from wavestim.hardware.simulated.faults import Faults
from wavestim.hardware.simulated.process import start_mock_rig
from wavestim.hardware.simulated.streaming import DELAY_MS
from wavestim.hardware.sources import LiveInfo, as_stored, open_recording, regions_of

Pace = Literal["virtual", "real"]
SOUND = Faults()


@dataclass(frozen=True)
class AtRig:
    """A rig that was reached.

    Attributes
    ----------
    station : Station
    experiment : Experiment
        On the region that was chosen, where there are several.
    positions_mm, leds_mm : (m, 2), (l, 2)
    labels : (m,) regions, optional
    known_delay_ms : constant delay of the source where it is simulated, optional
    sees_light : the electrodes can see the light
    unreached : why there is no board, optional
    """

    station: Station
    experiment: Experiment
    positions_mm: NDArray[np.float64]
    leds_mm: NDArray[np.float64]
    labels: tuple[str, ...] | None
    known_delay_ms: float | None
    sees_light: bool
    unreached: Finding | None = None


@contextlib.contextmanager
def at_rig(experiment: Experiment, pace: Pace, folder: Path, faults: Faults = SOUND) -> Iterator[AtRig]:
    """Reach source and board; both are let go of at the end, the board dark.

    Parameters
    ----------
    experiment : Experiment
    pace : ``virtual`` or ``real``
    folder : Path
        For what a mock rig writes.
    faults : Faults
        For a mock rig to have.

    Raises
    ------
    SourceError, ExperimentError
        When there is no source, or it is not what the experiment says.
    """
    with _virtual(experiment, faults) if pace == "virtual" else _real(experiment, folder, faults) as rig:
        yield rig


def _answers_to_light(experiment: Experiment) -> bool:
    """The simulated tissue does; a drawn wave and a recording do not."""
    if experiment.source.kind != "simulated" or not is_mock(experiment.light):
        return experiment.source.kind not in ("simulated", "file") and not is_mock(experiment.light)
    return CortexConfig(**cortex_settings(experiment)["cortex"]).wave().kind == "planar"


@contextlib.contextmanager
def _virtual(experiment: Experiment, faults: Faults) -> Iterator[AtRig]:
    source, labels, recorded = experiment.source, None, None
    if source.kind == "file":
        recording = open_recording(source.path)
        recorded, labels = recording.positions_mm, regions_of(recording)
    positions = electrode_positions(experiment, recorded)
    experiment, _ = in_region(experiment, positions, labels, None)
    leds = led_positions(experiment, positions)
    bench = make_bench(len(leds), experiment.seed)
    arrivals = Arrivals(source.delay if source.kind == "simulated" else "none", experiment.seed)
    feed: Feed
    if source.kind == "file":
        gain_uv, blocks = as_stored(recording, 4096)
        feed, fs_hz = Played(blocks, recording.fs_hz, gain_uv), recording.fs_hz
    else:
        feed, gain_uv = Cortex(experiment, positions, leds, None, faults), None
        fs_hz = feed.fs_hz
    where = "the simulated cortex" if source.kind == "simulated" else source.path if source.kind == "file" else ""
    info = LiveInfo(source.kind, where, fs_hz, tuple(f"ch{i}" for i in range(len(positions))), positions, gain_uv)
    with contextlib.ExitStack() as stack:
        stack.callback(feed.close)
        stack.callback(bench.light.close)
        station = VirtualStation(experiment, info, feed, bench, arrivals, faults)
        yield AtRig(station, experiment, positions, leds, labels, arrivals.constant_ms, _answers_to_light(experiment))


@contextlib.contextmanager
def _real(experiment: Experiment, folder: Path, faults: Faults) -> Iterator[AtRig]:
    with contextlib.ExitStack() as stack:
        live = stack.enter_context(opened_live(experiment))
        planned = plan_mock_rig(experiment, folder, live.info if live is not None else None)
        e, light, why = planned.experiment, None, None
        if not planned.board:
            light, why = _light(stack, e)
        source = live
        if live is None or planned.board:
            rig = start_mock_rig(planned.settings | {"faults": asdict(faults)})
            stack.callback(rig.close)
            source = live or RigSource(rig.samples.fileno(), planned.info)
            if planned.board:
                light, why = _light(stack, e, rig.pty, rig.level_pty)
        assert source is not None
        known = None
        if live is None:
            known = DELAY_MS
        fixed = e.source.fixed_delay_ms
        labels = live.info.region if live is not None else planned.region.labels if planned.region is not None else None
        station = RealStation(source, light, fixed if fixed is not None else known or source.info.delay_ms or 0.0)
        stack.callback(source.stop)
        leds = led_positions(e, planned.positions_mm)
        yield AtRig(station, e, planned.positions_mm, leds, labels, known, _answers_to_light(e), why)


def _light(stack: contextlib.ExitStack, experiment: Experiment, pty: str = "", level_pty: str = "") -> tuple[Light | None, Finding | None]:
    """The board, or why it can't be reached."""
    try:
        return stack.enter_context(opened_light(experiment, pty=pty, level_pty=level_pty)), None
    except LightError as error:
        return None, red("light", str(error), "plug the board in and power it; 'wavestim lights list' shows the ports that are there")

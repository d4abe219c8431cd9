"""Runs an experiment, at either pace, from the checked file to the finished session folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from wavestim.controller.experiment import Experiment, electrode_positions, in_region, led_positions
from wavestim.controller.experiment.controls import reseeded
from wavestim.controller.record.errors import room
from wavestim.controller.session.arming import idle_limit_s
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.assembly import assemble
from wavestim.controller.session.bench import horizon_for, make_bench
from wavestim.controller.session.calibrations import calibration_for
from wavestim.controller.session.feeds import Cortex, cortex_settings
from wavestim.controller.session.finish import finish_session
from wavestim.controller.session.opening import check_room, open_journal
from wavestim.controller.session.real import run_real
from wavestim.controller.session.replay import replay_recording
from wavestim.controller.session.stimuli import simulated_events
from wavestim.controller.session.virtual import VirtualSession

Progress = Callable[[float], None]


def run_experiment(
    experiment: Experiment,
    *,
    out: Path,
    seconds: float,
    pace: Literal["virtual", "real"],
    seed: int | None,
    arm: bool,
    progress: Progress,
    go: Callable[[], bool] = lambda: True,
    finish: Callable[[Path], dict[str, Any]] = finish_session,
    cpu: int | None = None,
) -> dict[str, Any]:
    """Run an experiment and return its summary.

    Parameters
    ----------
    experiment : Experiment
        Checked.
    out : Path
        The session folder; must not exist or be empty.
    seconds : float
        From the first sample, warm-up included.
    pace : ``virtual`` or ``real``
    seed : int, optional
        Instead of the experiment's; of the simulated cortex alone where light is replayed.
    arm : bool
        Light is allowed: the first of two steps.
    go : callable
        The second: whether what is armed may run now. Asked again and again at real pace; at virtual pace nobody is asked.
    finish : callable
        Ends the session in its folder and gives the summary.
    progress : callable
        Called with the seconds done.
    cpu : int, optional
        Core of the engine's thread, at real pace.
    """
    if seed is not None:
        experiment = reseeded(experiment, seed)
    if pace == "real":
        return run_real(experiment, out=out, seconds=seconds, arm=arm, progress=progress, go=go, finish=finish, cpu=cpu)
    if experiment.source.kind == "file":
        path = experiment.source.path
        return replay_recording(path, experiment=experiment, out=out, speed=None, progress=progress, seconds=seconds, finish=finish)
    _run_cortex(experiment, out, seconds, arm, progress)
    return finish(out)


def _run_cortex(experiment: Experiment, out: Path, seconds: float, arm: bool, progress: Progress) -> None:
    source = experiment.source
    assert source.kind == "simulated"
    positions = electrode_positions(experiment)
    experiment, region = in_region(experiment, positions, None, None)
    leds = led_positions(experiment, positions)
    bench = make_bench(len(leds), experiment.seed)
    arrivals = Arrivals(source.delay, experiment.seed)
    horizon = horizon_for(experiment, bench.light, arrivals)
    assembly = assemble(experiment, bench.light.info, fs_hz=source.fs_hz, horizon_ms=horizon)
    known = calibration_for(experiment.calibration, assembly.engine)
    check_room(out, seconds * source.fs_hz * len(positions))
    cortex_settings(experiment)  # refused before a folder is made
    with (
        open_journal(
            assembly, out, bench.light.info, pace="virtual", horizon_ms=horizon, armed=arm, calibration=known, region=region
        ) as journal,
        room(out),
    ):
        fixed = source.fixed_delay_ms if source.fixed_delay_ms is not None else arrivals.constant_ms
        journal.set_meta("fixed_delay_ms", fixed)
        virtual = VirtualSession(
            assembly, Cortex(experiment, positions, leds, out / "truth.bin"), bench, journal, arrivals, arm=arm, horizon_ms=horizon,
            fixed_delay_ms=fixed,
            calibration=known.calibration if known is not None else None, disarm_after_s=idle_limit_s(experiment),
            events=simulated_events(experiment),
        )  # fmt: skip
        journal.set_meta("counts", asdict(virtual.run(seconds=seconds, progress=progress, edges_path=out / "edges.csv")))
        journal.set_meta("ended", True)

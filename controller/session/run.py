"""Runs an experiment, at either pace, from the checked file to the finished session folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from wavestim.controller.errors import OutputError
from wavestim.controller.experiment import Experiment, electrode_positions, led_positions, resolve
from wavestim.controller.record.session import create_session
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.assembly import Assembly, assemble
from wavestim.controller.session.feeds import Cortex, cortex_settings
from wavestim.controller.session.finish import finish_session
from wavestim.controller.session.replay import replay_recording
from wavestim.controller.session.virtual import horizon_for, make_bench, run_virtual

Progress = Callable[[float], None]
SPARE_BYTES = 50_000_000


def run_experiment(
    experiment: Experiment,
    *,
    out: Path,
    seconds: float,
    pace: Literal["virtual", "real"],
    seed: int | None,
    mock: bool,
    arm: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Run an experiment and return its summary.

    Parameters
    ----------
    experiment : Experiment
        Checked; with ``mock`` already made one for the mock rig.
    out : Path
        The session folder; must not exist or be empty.
    seconds : float
        From the first sample, warm-up included.
    pace : ``virtual`` or ``real``
    seed : int, optional
        Instead of the experiment's.
    mock : bool
        The child process of real pace makes samples and light.
    arm : bool
        Light is allowed.
    progress : callable
        Called with the seconds done.
    """
    if seed is not None:
        experiment = experiment.model_copy(update={"seed": seed})
    if pace == "real":
        from wavestim.controller.session.real import run_real

        return run_real(experiment, out=out, seconds=seconds, arm=arm, progress=progress)
    if experiment.source.kind == "file":
        return replay_recording(experiment.source.path, experiment=experiment, out=out, speed=None, progress=progress, seconds=seconds)
    return _run_cortex(experiment, out, seconds, arm, progress)


def _run_cortex(experiment: Experiment, out: Path, seconds: float, arm: bool, progress: Progress) -> dict[str, Any]:
    source = experiment.source
    assert source.kind == "simulated"
    positions = electrode_positions(experiment)
    leds = led_positions(experiment, positions)
    bench = make_bench(len(leds), experiment.seed)
    arrivals = Arrivals(source.delay, experiment.seed)
    horizon = horizon_for(experiment, bench.light, arrivals)
    assembly = assemble(experiment, bench.light.info, fs_hz=source.fs_hz, horizon_ms=horizon)
    check_room(out, seconds * source.fs_hz * len(positions) * 6)
    cortex_settings(experiment)  # refused before a folder is made
    journal = open_journal(assembly, out, bench.light.info, pace="virtual", horizon_ms=horizon, armed=arm)
    feed = Cortex(experiment, positions, leds, out / "truth.bin")
    with journal:
        run = run_virtual(
            assembly, feed, bench, journal, seconds=seconds, arm=arm, horizon_ms=horizon, arrivals=arrivals,
            fixed_delay_ms=source.fixed_delay_ms if source.fixed_delay_ms is not None else arrivals.constant_ms,
            edges_path=out / "edges.csv", progress=progress,
        )  # fmt: skip
        journal.set_meta("counts", asdict(run))
    return finish_session(out)


def open_journal(assembly: Assembly, out: Path, light_info: Any, *, pace: str, horizon_ms: float, armed: bool, **about: Any) -> Any:
    """Create the session folder with everything that ``verify`` needs to make the decisions again."""
    return create_session(
        out,
        resolve(assembly.experiment),
        fs_hz=assembly.fs_hz,
        positions_mm=assembly.positions_mm,
        about={
            "pace": pace,
            "light": asdict(light_info),
            "horizon_ms": horizon_ms,
            "armed": armed,
            "leds_mm": np.asarray(assembly.leds_mm).tolist(),
            "started_utc": datetime.now(UTC).isoformat(),
            **about,
        },
    )


def check_room(out: Path, need_bytes: float) -> None:
    """Refuse to start what the disk cannot hold.

    Raises
    ------
    OutputError
    """
    place = out
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < need_bytes + SPARE_BYTES:
        raise OutputError(
            f"{out}: the session needs about {(need_bytes + SPARE_BYTES) / 1e9:.2g} GB and the disk has {free / 1e9:.2g} GB free; "
            "make room or choose another --out"
        )

"""Sessions at real pace on a machine that others use, too: they last until something has happened, and say when nothing could."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wavestim.controller.experiment import Experiment, electrode_positions, parse_experiment
from wavestim.controller.record.complete import complete
from wavestim.controller.session import run_experiment
from wavestim.controller.session.calibrations import write_calibration
from wavestim.hardware.simulated import CortexConfig, SimulatedRig
from wavestim.realtime import track

FLASHES = """
name: flashes
source: {kind: simulated}
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
trigger: {horizon_ms: 40, refractory_ms: 100, max_phase_sd_deg: 180}
light: {kind: simulated, clock_tolerance_us: 1000}
safety: {rearm_after_stall: 100}
conditions:
  - {name: lit, pattern: {kind: flash, width_ms: 5, irradiance_mw_mm2: 2}}
"""
"""An experiment on the mock rig that flashes whenever it may, and goes on after every stall."""
FS_HZ = 1000.0


def learned(text: str, folder: Path) -> Path:
    """A calibration for the mock rig of an experiment, in a file: who begins with it does not wait for the first seconds of the wave."""
    experiment = parse_experiment(text)
    places = electrode_positions(experiment)
    rig = SimulatedRig(CortexConfig(), [(x, y) for x, y in places], [], fs_hz=FS_HZ, seed=experiment.seed)
    lfp = rig.read(4000)
    lfp[:, list(experiment.probe.bad_channels)] = np.nan
    found = track(lfp, FS_HZ, places, experiment.band_hz).calibration
    write_calibration(
        folder / "calibration.npz", found, positions_mm=places, fs_hz=FS_HZ, reference="none", learned_from={"name": experiment.name}
    )
    return folder / "calibration.npz"


def ready(text: str, folder: Path) -> Experiment:
    """The experiment of a text, which begins with a calibration of its mock rig."""
    return parse_experiment(text).model_copy(update={"calibration": str(learned(text, folder))})


def has_shone(out: Path, size: int = 400) -> bool:
    """Some light has shone: the file of edges has grown."""
    edges = out / "edges.csv"
    return edges.is_file() and edges.stat().st_size > size


def run_until(
    experiment: Experiment,
    out: Path,
    done: Callable[[float], bool],
    seconds: float = 60,
    finish: Callable[[Path], dict[str, Any]] = complete,
) -> dict[str, Any]:
    """Run until something has happened, then press STOP; at most so long. No report is drawn, unless ``finish`` does it."""

    def press(at_s: float) -> None:
        if done(at_s):
            with (out / "stop").open("r+b") as file:
                file.write(b"\1")

    return run_experiment(experiment, out=out, seconds=seconds, pace="real", seed=4, arm=True, progress=press, finish=finish)


def skip_if_starved(summary: dict[str, Any]) -> None:
    """Other programs had the machine: the loop stalled or came too late for every pulse, and rightly kept dark."""
    pulses, stalled = summary["pulses"], {"heartbeat", "no-samples"} & set(summary["safe"])
    if pulses["fired"] == 0 and (pulses["missed"] or stalled):
        pytest.skip(f"the machine was too busy for light in real time: {pulses}, stalled: {sorted(stalled)}")

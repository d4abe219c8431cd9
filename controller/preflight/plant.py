"""Faults to be planted into a mock rig: a rehearsal of the preflight itself. Whoever reads green should have seen red."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import Experiment, electrode_positions, experiment_hash, is_mock, led_positions
from wavestim.controller.preflight.atrig import SOUND
from wavestim.controller.preflight.machine import Write, written_through
from wavestim.controller.session.calibrations import write_calibration
from wavestim.controller.session.feeds import Cortex
from wavestim.controller.session.learning import learn
from wavestim.controller.session.material import Material
from wavestim.hardware.simulated.faults import Faults

OTHER_DAY: dict[str, Any] = {"frequency_hz": 11.0, "shared_noise": 0.9}
"""A cortex of another day."""
LEARN_S = 6.0


@dataclass(frozen=True)
class Planted:
    """An experiment and a rig that does not fit it.

    Attributes
    ----------
    experiment, faults, write : as :func:`run_preflight` takes them
    """

    experiment: Experiment
    faults: Faults = SOUND
    write: Write = written_through


def _cortex(e: Experiment, **change: Any) -> Experiment:
    """Another cortex under the same electrodes."""
    assert e.source.kind == "simulated"
    snr_db = None if "snr_db" in change else e.source.snr_db
    return e.model_copy(update={"source": e.source.model_copy(update={"cortex": {**e.source.cortex, **change}, "snr_db": snr_db})})


def _swapped(e: Experiment, folder: Path) -> Planted:
    """Two rows of the probe are taken for each other's."""
    xy = electrode_positions(e)
    lines = np.unique(np.round(xy[:, 1], 6))
    order = np.arange(len(xy))
    a, b = (np.flatnonzero(np.round(xy[:, 1], 6) == lines[round(part * (len(lines) - 1))]) for part in (0.2, 0.6))
    n = min(len(a), len(b))
    order[a[:n]], order[b[:n]] = b[:n], a[:n]
    return Planted(e, Faults(channels=tuple(order.tolist())))


def _dead(e: Experiment, folder: Path) -> Planted:
    """A quarter of the channels shows nothing."""
    n = len(electrode_positions(e))
    return Planted(e, Faults(dead=tuple(range(n - max(1, n // 4), n))))


def _gain(e: Experiment, folder: Path) -> Planted:
    """mV are taken for µV: everything is a thousand times too large."""
    return Planted(e, Faults(gain=1000.0))


def _hum(e: Experiment, folder: Path) -> Planted:
    """The mains are louder than the field potential."""
    return Planted(_cortex(e, line_uv=400.0))


def _led_order(e: Experiment, folder: Path) -> Planted:
    """The cable of the LEDs is wired backwards."""
    n = len(led_positions(e, electrode_positions(e)))
    return Planted(e, Faults(leds=tuple(reversed(range(n)))))


def _slow_disk(e: Experiment, folder: Path) -> Planted:
    """The disk takes ten seconds for a megabyte."""

    def slow(path: Path, data: bytes) -> float:
        return 10.0 + written_through(path, data)

    return Planted(e, write=slow)


def _clock_step(e: Experiment, folder: Path) -> Planted:
    """From the sixth second on samples come 20 ms later, and their counter does not tell."""
    return Planted(e, Faults(step_at_s=6.0, step_ms=20.0))


def _no_oscillation(e: Experiment, folder: Path) -> Planted:
    """The cortex makes noise and no rhythm."""
    return Planted(_cortex(e, snr_db=-30.0, signal_uv=2.0))


def _unplugged(e: Experiment, folder: Path) -> Planted:
    """The cable of the LEDs is out; the board does not notice."""
    return Planted(e, Faults(unlit=True))


def _stale(e: Experiment, folder: Path) -> Planted:
    """The calibration was learned on another day, when the rhythm was slower and the noise shared differently."""
    other = _cortex(e, **OTHER_DAY)
    xy = electrode_positions(other)
    feed = Cortex(other, xy, led_positions(other, xy), None)
    heard = [feed.read(round(feed.fs_hz)) for _ in range(round(LEARN_S) + 1)]
    feed.close()
    blocks = iter([(first, np.asarray(block, dtype=np.float32)) for first, block in heard])
    material = Material(e.name, experiment_hash(other), feed.fs_hz, xy, blocks, experiment=other)
    learned = learn(material, seconds=LEARN_S, band_hz=e.band_hz)
    path = folder / "another-day.npz"
    write_calibration(
        path, learned.calibration, positions_mm=xy, fs_hz=feed.fs_hz, reference=e.conditioning.reference,
        learned_from={"name": "another day", "sha256": material.sha256, "seconds": LEARN_S},
    )  # fmt: skip
    return Planted(e.model_copy(update={"calibration": str(path)}))


PLANTS: dict[str, Callable[[Experiment, Path], Planted]] = {
    "swapped-rows": _swapped,
    "dead-channels": _dead,
    "wrong-gain": _gain,
    "hum": _hum,
    "led-order": _led_order,
    "slow-disk": _slow_disk,
    "clock-step": _clock_step,
    "no-oscillation": _no_oscillation,
    "light-unplugged": _unplugged,
    "stale-calibration": _stale,
}
"""What can be planted."""

FOUND_BY = {
    "swapped-rows": "probe-order",
    "dead-channels": "channels",
    "wrong-gain": "amplitude",
    "hum": "hum",
    "led-order": "led-places",
    "slow-disk": "disk-speed",
    "clock-step": "sample-clock",
    "no-oscillation": "rhythm",
    "light-unplugged": "led-places",
    "stale-calibration": "calibration",
}
"""The check that has to be red then."""


def plant(experiment: Experiment, fault: str, folder: Path) -> Planted:
    """Plant one.

    Raises
    ------
    ExperimentError
        When there is no such fault, or the rig is not simulated.
    """
    if fault not in PLANTS:
        raise ExperimentError(f"--plant {fault}: no such fault; faults: {', '.join(PLANTS)}")
    if experiment.source.kind != "simulated" or not is_mock(experiment.light):
        raise ExperimentError(f"--plant {fault}: faults are planted into a mock rig only; add --mock")
    folder.mkdir(parents=True, exist_ok=True)
    return PLANTS[fault](experiment, folder)

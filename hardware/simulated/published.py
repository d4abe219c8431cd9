"""Brain states and opsins against what is published of them: the simulation is measured, not its parameters read back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from .config import CortexConfig
from .opsins import load_opsin
from .rig import SimulatedRig
from .truth import TURN, Truth

Floats = NDArray[np.float64]
SIDE, PITCH_MM = 4, 0.4
FS_HZ = 250.0
RING = [0, 1, 2, 3, 7, 11, 15, 14, 13, 12, 8, 4]
"""Electrodes round the edge of the grid, counter-clockwise."""
PERIODS = 16
LEAST_S = 20.0
LIT_MS, LIT_MW_MM2, STEP_MS = 1000.0, 10.0, 0.1


@dataclass(frozen=True)
class Compared:
    """One published quantity of a preset beside what came out."""

    preset: str
    quantity: str
    low: float
    high: float
    measured: float
    source: str

    @property
    def agrees(self) -> bool:
        """It lies within what is published."""
        return self.low <= self.measured <= self.high


def compared_opsins() -> Iterator[Compared]:
    """Every published quantity of every opsin."""
    for name, said in _table()["opsins"].items():
        yield from _against(name, said, opsin_measured(name))


def compared_state(name: str, seed: int = 1) -> list[Compared]:
    """Every published quantity of a brain state."""
    said = _table()["states"][name]
    return list(_against(name, said, state_measured(name, seed, said.get("pitch_mm", PITCH_MM))))


def opsin_measured(name: str) -> dict[str, float]:
    """Time constant of closing, and the part of the peak current that is left, after a second of strong light."""
    opsin = load_opsin(name)
    peak_nm = float(opsin.spectrum[np.argmax(opsin.spectrum[:, 1]), 0])
    current = opsin.respond(LIT_MW_MM2, LIT_MS, peak_nm, LIT_MS + 500.0, STEP_MS)
    end = round(LIT_MS / STEP_MS)
    closed = int(np.argmax(current[end:] < current[end - 1] / np.e))
    return {"closing_ms": closed * STEP_MS, "steady_over_peak": float(current[end - 1] / current.max())}


def state_measured(name: str, seed: int = 1, pitch_mm: float = PITCH_MM) -> dict[str, float]:
    """Rate, speed, direction and its spread of the true wave under 4 × 4 electrodes, from the phases at them."""
    grid_mm = (np.column_stack([a.ravel() for a in np.meshgrid(np.arange(SIDE), np.arange(SIDE))]) - (SIDE - 1) / 2) * pitch_mm
    config = CortexConfig(state=name, margin_units=3)
    n = round(max(LEAST_S, PERIODS / config.wave().frequency_hz) * FS_HZ)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "truth.bin"
        with SimulatedRig(config, grid_mm, [[0.0, 0.0]], fs_hz=FS_HZ, seed=seed, truth_path=path) as rig:
            rig.read(n)
        with Truth(path) as truth:
            z = np.exp(2j * np.pi / TURN * truth.rows["phase"].astype(np.float64))
    rate = np.angle(z[1:] * np.conj(z[:-1])).mean(axis=1) * FS_HZ
    plane = z.reshape(len(z), SIDE, SIDE)  # sample, y, x
    kx, ky = (-np.angle((plane * np.conj(np.roll(plane, 1, axis))).take([1, 2, 3], axis).mean(axis=(1, 2))) / pitch_mm for axis in (2, 1))
    way = np.exp(1j * np.arctan2(ky, kx))
    main = np.angle((way**2).mean()) / 2  # of both modes, where there are two
    mean = way.mean()
    ring = z[:, RING]
    turns = np.angle(np.roll(ring, -1, axis=1) * np.conj(ring)).sum(axis=1) / (2 * np.pi)
    turns_once = abs(turns.mean()) > 0.5  # round the middle of the array: as fast as the electrodes there see it
    k = abs(turns.mean()) / np.hypot(*grid_mm[RING].T).mean() if turns_once else np.median(np.hypot(kx, ky))
    along = np.real(way * np.exp(-1j * main)) * (1 if np.real(mean * np.exp(-1j * main)) >= 0 else -1)
    return {
        "frequency_hz": float(rate.mean() / (2 * np.pi)),
        "speed_mm_s": float(np.median(rate) / k),
        "direction_deg": float(np.degrees(np.angle(mean))),
        "direction_sd_deg": float(np.degrees(np.sqrt(-2 * np.log(abs(mean))))),
        "opposite": float((along < -np.sqrt(0.5)).mean()),
        "turns": float(abs(turns.mean())),
    }


@cache
def _table() -> dict[str, dict[str, dict[str, Any]]]:
    return dict(yaml.safe_load((files(__package__) / "published.yaml").read_text(encoding="utf-8")))


def _against(name: str, said: dict[str, Any], measured: dict[str, float]) -> Iterator[Compared]:
    for quantity, value in measured.items():
        if quantity in said:
            low, high = said[quantity]
            yield Compared(name, quantity, float(low), float(high), value, said["source"])


def published_states() -> tuple[str, ...]:
    """Brain states of which something is published."""
    return tuple(_table()["states"])

"""What a method is to the benchmark: a name, settings worth a search, and a function from samples to phases now and ahead.

Also what several peers share: the frequency of the rhythm, and two ways to forecast from an analytic signal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, welch
from wavestim.controller.bench.scenes import Array, ComplexArray, Kind, Scene

IntArray = NDArray[np.int64]
Settings = Mapping[str, Any]
TRACK_S = 0.3
"""Memory of a peer's tracked frequency."""


@dataclass(frozen=True)
class Estimate:
    """What a method says at the samples it was asked about.

    Attributes
    ----------
    phase : (horizons, times, sites) rad, expected at time + horizon from the samples up to time.
    sites : electrodes that the last axis stands for; costly per-channel methods look at some of them.
    sd_deg : same shape, the circular SD that the method itself expects, where it does.
    direction_deg, speed_mm_s, kind : (times,) where the method has them.
    """

    phase: Array
    sites: IntArray
    sd_deg: Array | None = None
    direction_deg: Array | None = None
    speed_mm_s: Array | None = None
    kind: NDArray[np.str_] | None = None


Run = Callable[[Scene, IntArray, tuple[float, ...], Settings], Estimate]


@dataclass(frozen=True)
class Method:
    """A way to get at the phase.

    Attributes
    ----------
    name : key in results.
    label : words for tables.
    run : scene, sample numbers, horizons in s, settings.
    grid : settings that are tried on tuning seeds.
    note : what a reader has to know to judge the figures.
    kinds : waves that it is run on; all when None. A slow method that looks at single channels needs no more than one.
    least_channels : fewer than these make no sense.
    """

    name: str
    label: str
    run: Run
    grid: tuple[Settings, ...]
    note: str = ""
    kinds: tuple[Kind, ...] | None = None
    least_channels: int = 1


def all_sites(scene: Scene) -> IntArray:
    """Every electrode."""
    return np.arange(scene.lfp.shape[1])


def some_sites(scene: Scene, count: int) -> IntArray:
    """``count`` electrodes spread over the array."""
    m = scene.lfp.shape[1]
    return np.unique(np.linspace(0, m - 1, min(count, m)).round().astype(np.int64))


def rhythm_hz(scene: Scene) -> float:
    """Where the pooled spectrum of the learnable samples stands out most above its power law, inside the band."""
    lo, hi = scene.band_hz
    x = scene.learnable / (scene.learnable.std(axis=0) + 1e-12)
    f, power = welch(x, scene.fs_hz, nperseg=min(len(x), round(2 * scene.fs_hz)), axis=0)
    power = power.mean(axis=1)
    fit = (f >= min(2.0, 0.5 * lo)) & (f <= min(60.0, 0.4 * scene.fs_hz)) & ((f < lo) | (f > hi))
    slope, level = np.polyfit(np.log(f[fit]), np.log(power[fit]), 1)
    inside = (f >= lo) & (f <= hi)
    excess = power[inside] / np.exp(level + slope * np.log(f[inside]))
    excess = np.maximum(excess - np.median(excess), 1e-9) ** 2
    peak = f[inside][np.argmax(excess)]
    near = np.abs(f[inside] - peak) <= 2.0
    return float(excess[near] @ f[inside][near] / excess[near].sum())


def forecast(z: ComplexArray, at: IntArray, horizons_s: tuple[float, ...], fs_hz: float, nominal_hz: float, *, tracked: bool) -> Array:
    """Phases of analytic signals at ``at`` and ahead of it, at the nominal frequency or at the one tracked in each channel itself."""
    omega: Array | float = 2 * np.pi * nominal_hz
    if tracked:
        keep = np.exp(-1 / (TRACK_S * fs_hz))
        turn = np.zeros_like(z)
        turn[1:] = z[1:] * z[:-1].conj()
        omega = np.angle(lfilter([1 - keep], [1, -keep], turn, axis=0)[at]) * fs_hz
    now = np.angle(z[at])
    return np.stack([now + omega * h for h in horizons_s])

"""The wave at every token: its travel times over the array, direction, speed, phase gradient directionality and rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.material import Material
from wavestim.realtime import Calibration, track

Floats = NDArray[np.float64]
SEGMENT_S = 60.0
TRAVELS = ("planar", "rotating", "source", "sink")
SEEN = 0.1
"""Travel times are believed when the wave travelled at this part of the tokens, or more."""


@dataclass(frozen=True)
class Waves:
    """The wave at each token; NaN where none travelled.

    Attributes
    ----------
    travel_ms : (electrodes,) median over tokens; NaN all over when too seldom a wave was seen to travel.
    direction_deg, speed_mm_s, frequency_hz, pgd : (tokens,)
    travels : (tokens,)
    """

    travel_ms: Floats
    direction_deg: Floats
    speed_mm_s: Floats
    frequency_hz: Floats
    pgd: Floats
    travels: NDArray[np.bool_]


def waves_at(material: Material, at_sample: Floats) -> Waves:
    """Track the samples and look at the wave at these ones; what is said of a sample uses nothing after it.

    Parameters
    ----------
    material : Material
    at_sample : (tokens,)
    """
    n, m = len(at_sample), len(material.positions_mm)
    site = int(np.argmin(np.hypot(*(material.positions_mm - material.positions_mm.mean(axis=0)).T)))
    names = ("direction_deg", "speed_mm_s", "frequency_hz", "pgd")
    found = {name: np.full(n, np.nan) for name in names}
    travel, travels = np.full((n, m), np.nan), np.zeros(n, dtype=bool)
    calibration: Calibration | bytes | None = material.calibration
    for first, samples in _segments(material):
        inside = np.flatnonzero((at_sample >= first) & (at_sample < first + len(samples)))
        if not len(inside):
            continue
        w = track(samples, material.fs_hz, material.positions_mm, material.band_hz, calibration=calibration, reference=material.reference)
        calibration = w.calibrations[-1][1] if w.calibrations else calibration
        at = np.floor(at_sample[inside]).astype(int) - first
        travels[inside] = np.isin(w.kind[at], TRAVELS)
        travel[inside] = w.travel_time_s(site)[at] * 1e3
        for name in names:
            found[name][inside] = np.where(travels[inside], getattr(w, name)[at], np.nan)
    with np.errstate(all="ignore"):
        seen = np.isfinite(travel).mean(axis=0) >= SEEN
        median = np.array([np.nanmedian(travel[:, j]) if seen[j] else np.nan for j in range(m)])
    return Waves(median, **found, travels=travels)


def _segments(material: Material) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Pieces of a minute without gaps, so that a long session fits the memory."""
    held: list[NDArray[np.float32]] = []
    start = end = 0
    limit = int(SEGMENT_S * material.fs_hz)
    for first, block in material.blocks():
        if held and (first != end or end - start >= limit):
            yield start, np.concatenate(held)
            held = []
        if not held:
            start = first
        held.append(block)
        end = first + len(block)
    if held:
        yield start, np.concatenate(held)

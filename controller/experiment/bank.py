"""How many headings and speeds a bank of travelling patterns has: as many as slots allow, spread so that the worst wave is met best."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from wavestim.controller.experiment._types import MAX_PATTERN_MS

HEADINGS = (16, 12, 8, 4)
MAX_SPEEDS = 8
SPEED_RANGE_MM_S = (40.0, 1000.0)
"""Cortical waves travel at 0.05 to 0.8 m/s; faster light crosses an array all but at once."""


@dataclass(frozen=True)
class Bank:
    """Headings ``i * 360 / n_headings`` and rising speeds of a bank."""

    n_headings: int
    speeds_mm_s: tuple[float, ...]

    @property
    def n_slots(self) -> int:
        """Slots it takes."""
        return self.n_headings * max(1, len(self.speeds_mm_s))


def extent_mm(leds_mm: ArrayLike) -> float:
    """Largest distance between two LEDs, which is the longest way any heading has to go."""
    leds = np.asarray(leds_mm, dtype=np.float64).reshape(-1, 2)
    return float(np.hypot(*(leds[:, None, :] - leds[None, :, :]).transpose(2, 0, 1)).max())


def slowest_mm_s(leds_mm: ArrayLike, width_ms: float) -> float:
    """The slowest speed whose pattern still ends within 200 ms, whatever its heading."""
    left_s = (MAX_PATTERN_MS - width_ms) / 1000
    return extent_mm(leds_mm) / left_s * (1 + 1e-4) if left_s > 0 else math.inf


def choose(n_slots: int, leds_mm: ArrayLike, width_ms: float, *, headings: bool, speeds: bool) -> Bank | None:
    """The bank of at most ``n_slots`` that meets the wave best.

    A pattern's wave vector differs from the wave's by at most the half steps of the bank, e = sqrt(d_heading^2 + d_log_speed^2)
    relative to |k|; the bank with the smallest e is taken. Speeds are the geometric centres of equal steps in log speed.

    Parameters
    ----------
    n_slots : int
        Slots to spend.
    leds_mm : array
        LED positions; speeds whose pattern would be longer than 200 ms are left out.
    width_ms : float
        Width of the light.
    headings, speeds : bool
        What is chosen at run time.

    Returns
    -------
    Bank or None
        None when there are too few slots, or no speed is fast enough.
    """
    low, high = max(SPEED_RANGE_MM_S[0], slowest_mm_s(leds_mm, width_ms)), SPEED_RANGE_MM_S[1]
    if speeds and low >= high:
        return None
    best: tuple[float, int, int] | None = None
    for n_headings in HEADINGS if headings else (1,):
        for n_speeds in range(1, MAX_SPEEDS + 1) if speeds else (1,):
            if n_headings * n_speeds > n_slots:
                continue
            d_heading = math.pi / n_headings if headings else 0.0
            d_speed = math.log(high / low) / (2 * n_speeds) if speeds else 0.0
            error = round(math.hypot(d_heading, d_speed), 9)
            if best is None or (error, n_headings * n_speeds) < (best[0], best[1] * best[2]):
                best = (error, n_headings, n_speeds)
    if best is None:
        return None
    _, n_headings, n_speeds = best
    ratio = high / low
    return Bank(n_headings, tuple(low * ratio ** ((i + 0.5) / n_speeds) for i in range(n_speeds)) if speeds else ())

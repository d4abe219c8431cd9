"""The few constants of the wave model that depend on the tissue, found by the likelihood of the innovations.

A Kalman filter predicts every sample; the constants under which the samples were likeliest are the ones that describe them (Schweppe 1965,
IEEE Trans Inf Theory 11:61; Shumway & Stoffer 2017, Time Series Analysis, ch. 6). One constant after the other is moved in steps of a
factor, on the first half of the samples. What comes out is taken only if the second half, which it has not seen, is likelier under it too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isclose

import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.calibration import Calibration, ModelOptions
from wavestim.realtime.wavemodel import WaveModel

Array = NDArray[np.float64]

SEARCHED = {
    "sd_freq": (0.02, 0.3),
    "tau_freq_s": (0.1, 4.0),
    "q_amp": (5e-5, 2e-2),
    "tau_amp_s": (0.1, 4.0),
    "sd_k_extent": (0.05, 1.5),
    "tau_k_s": (0.2, 10.0),
}
"""What is searched, and within which limits."""
LEAST_S = 20.0
FACTOR, ROUNDS = 1.5, 3
LEAST_GAIN = 1.0
"""Nats a second that the second half must gain: less is within what two halves of one recording differ by."""


@dataclass(frozen=True)
class Tuning:
    """What the search came to.

    Attributes
    ----------
    options : those to use; the ones it started from unless the held-out half gained.
    changed : name: (before, after).
    gain_nats_per_s : of the held-out half; None when the samples were too short to search.
    """

    options: ModelOptions
    changed: dict[str, tuple[float, float]]
    gain_nats_per_s: float | None


def tune(c: Calibration, y: Array) -> Tuning:
    """Search the constants on mode signals.

    Parameters
    ----------
    c : Calibration
        Of ``y``.
    y : (n, r) uV
        Mode signals, twenty seconds or more.
    """
    if len(y) < LEAST_S * c.fs_hz:
        return Tuning(c.options, {}, None)
    first, second = (np.ascontiguousarray(half) for half in np.array_split(y, 2))
    start = best = c.options
    likelihood = _likelihood(c, best, first)
    for _ in range(ROUNDS):
        before = best
        for name, (low, high) in SEARCHED.items():
            for factor in (FACTOR, 1 / FACTOR):
                moved = False
                while low <= (value := getattr(best, name) * factor) <= high:
                    tried = replace(best, **{name: value})
                    found = _likelihood(c, tried, first)
                    if found <= likelihood:
                        break
                    best, likelihood, moved = tried, found, True
                if moved:
                    break
        if best == before:
            break
    gain = (_likelihood(c, best, second) - _likelihood(c, start, second)) / (len(second) / c.fs_hz)
    if gain < LEAST_GAIN:
        return Tuning(start, {}, gain)
    pairs = {name: (getattr(start, name), getattr(best, name)) for name in SEARCHED}
    changed = {name: (before, after) for name, (before, after) in pairs.items() if not isclose(before, after)}
    return Tuning(best, changed, gain)


def _likelihood(c: Calibration, options: ModelOptions, y: Array) -> float:
    sd_k = c.sd_k_rad_mm * options.sd_k_extent / c.options.sd_k_extent
    return WaveModel(replace(c, options=options, sd_k_rad_mm=sd_k), c.fs_hz).log_likelihood(y)

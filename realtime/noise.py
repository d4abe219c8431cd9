"""The noise under a rhythm: its 1/f slope and where, beside the band, a spectrum holds nothing but it.

Rhythms outside the band, harmonics of the rhythm in it and mains hum stand above the aperiodic background. They are no noise of the wave:
taken for it, they hide the wave (a beta rhythm beside a theta band makes theta look like nothing). So the background is fitted to the lower
envelope of the spectrum, and its covariance is learned only where the spectrum comes close to that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STANDS_ABOVE = 1.8
"""A frequency whose power exceeds the background's by this factor holds something else too."""
MAX_FLANKS, MAX_PEAKS = 4, 3
MIN_WIDTH_HZ = 1.5
MIN_RATIO = 1.15
LOWER, ROUNDS = 0.35, 40
"""Quantile of the spectrum that the background is drawn through: half of the frequencies beside a band may hold rhythms."""


@dataclass(frozen=True)
class Background:
    """The aperiodic power, and the frequencies beside the band that hold nothing else.

    Attributes
    ----------
    beta : exponent of 1/f^beta beside the band, 0 to 4.
    log_power : (F,) of the background, at every frequency of the spectrum.
    quiet : (F,) bool, frequencies of the spectrum.
    flanks_hz : ranges of frequencies that are quiet throughout, widest first, at most four.
    peaks : what stands above the background beside the band: (lowest Hz, highest Hz, power over the background), strongest first.
    """

    beta: float
    log_power: Array
    quiet: NDArray[np.bool_]
    flanks_hz: list[tuple[float, float]]
    peaks: list[tuple[float, float, float]]


def background(f: Array, power: Array, *, beside: NDArray[np.bool_], beyond: NDArray[np.bool_] | None = None) -> Background:
    """Fit log power = a - beta log f to the lower envelope of a spectrum, and follow it where it leaves that line above the flanks.

    Parameters
    ----------
    f : (F,) Hz, evenly spaced.
    power : (F, r) of r signals.
    beside : (F,) frequencies to look at: outside the band, not mains.
    beyond : (F,) frequencies above these: no rhythm is looked for there.

    Notes
    -----
    Quantile regression (Koenker & Bassett 1978, Econometrica 46:33) by iteratively reweighted least squares; octaves weigh the same.
    Beside the band the law is straight: a curve that may bend there follows the rhythms that it is to lie under.
    """
    mean = np.log(power).mean(axis=1)
    x, y = np.log(f[beside]), mean[beside]
    A = np.column_stack([np.ones(len(x)), x])
    octave = 1 / f[beside]
    w = octave.copy()
    fit = np.zeros(2)
    for _ in range(ROUNDS):
        fit = np.linalg.lstsq(A * np.sqrt(w)[:, None], y * np.sqrt(w), rcond=None)[0]
        e = y - A @ fit
        w = octave * np.where(e > 0, LOWER, 1 - LOWER) / np.maximum(np.abs(e), 0.02)
    beta = float(np.clip(-fit[1], 0, 4))
    flat = y + beta * x
    level = np.sort(flat)[: max(3, len(flat) // 2)].mean()
    low = np.flatnonzero(beside)[flat < level + np.log(STANDS_ABOVE)]
    quiet = np.zeros(len(f), dtype=bool)
    quiet[low] = True
    above = np.zeros(len(f))
    above[np.flatnonzero(beside)] = np.exp(flat - level)
    log_power = level - beta * np.log(np.maximum(f, f[1]))
    if beyond is not None and beyond.any():
        log_power = _with_what_lies_beyond(f, log_power, mean, beyond)
    return Background(beta, log_power, quiet, _flanks(f, quiet), _peaks(f, above))


def _with_what_lies_beyond(f: Array, log_power: Array, y: Array, beyond: NDArray[np.bool_]) -> Array:
    """Above the flanks the background is the lower envelope itself, a third of an octave at a time, where it lies above the curve.

    Where less is left than the curve says, somebody's low-pass took it: to raise that again would teach its rounding errors.
    """
    first = float(f[beyond][0])
    third = np.floor(3 * np.log2(np.maximum(f, first) / first)).astype(int)
    bins = [b for i in range(third[beyond].max() + 1) if (b := beyond & (third == i)).sum() > 2]
    if not bins:
        return log_power
    last = np.flatnonzero(f < first)[-1]
    x = [np.log(f[last]), *(np.log(f[b]).mean() for b in bins)]
    excess = [0.0, *(max(0.0, float(np.quantile((y - log_power)[b], LOWER))) for b in bins)]
    return np.asarray(log_power + np.interp(np.log(np.maximum(f, f[1])), x, excess))


def peak_cut(low_hz: float, high_hz: float, power: float, fs_hz: float) -> Array:
    """Minimum-phase section that takes a peak of the spectrum down to its surroundings (peaking equalizer, Bristow-Johnson)."""
    centre = 2 * np.pi * np.sqrt(low_hz * high_hz) / fs_hz
    width = np.log2(high_hz / low_hz)
    gain = power**-0.25
    alpha = np.sin(centre) * np.sinh(0.5 * np.log(2) * width * centre / np.sin(centre))
    b = np.array([1 + alpha * gain, -2 * np.cos(centre), 1 - alpha * gain])
    a = np.array([1 + alpha / gain, -2 * np.cos(centre), 1 - alpha / gain])
    return np.asarray(np.concatenate([b, a])[None] / a[0])


def _runs(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """First and one past the last index of every run of true values."""
    return np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]]))).reshape(-1, 2)


def _peaks(f: Array, above: Array) -> list[tuple[float, float, float]]:
    step = float(f[1] - f[0])
    smooth = np.convolve(above, [0.25, 0.5, 0.25], mode="same")
    found = [(float(f[a]) - step / 2, float(f[b - 1]) + step / 2, float(above[a:b].mean())) for a, b in _runs(smooth > STANDS_ABOVE)]
    wide = [(max(a, step), b, power) for a, b, power in found if b - a >= MIN_WIDTH_HZ]
    return sorted(wide, key=lambda p: -p[2] * (p[1] - p[0]))[:MAX_PEAKS]


def _flanks(f: Array, quiet: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Contiguous quiet ranges that are wide enough for a filter, the most octaves first."""
    step = float(f[1] - f[0])
    runs = [(float(f[a]) - step / 2, float(f[b - 1]) + step / 2) for a, b in _runs(quiet)]
    wide = [(max(a, step), b) for a, b in runs if b - a >= MIN_WIDTH_HZ and b > MIN_RATIO * max(a, step)]
    return sorted(sorted(wide, key=lambda b: b[0] / b[1])[:MAX_FLANKS])

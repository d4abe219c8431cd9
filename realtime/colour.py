"""The colour of noise: cross spectra, a filter that whitens a smooth spectrum, and the mains lines that stand out of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import freqz_sos

Array = NDArray[np.float64]
MAINS_HZ = (50.0, 60.0)
LOWEST_HZ, HIGHEST_HZ = 0.5, 300.0
PAIRS, ROUNDS = 8, 6
"""Poles and zeros of the whitening, about one pair an octave; steps of the search for their slopes."""
RIDGE = 1e-4
STEEPEST = 2.5
"""Slope of one pair, in amplitude."""


def whitening_filter(f: Array, log_power: Array, fs_hz: float, centre_hz: float) -> Array:
    """Minimum-phase IIR that makes noise of a smooth spectrum flat; unit gain at the centre. Returns sos.

    Poles and zeros alternate along the frequency axis as in the fractional differentiator of Oustaloup et al. (2000, IEEE TCAS-I 47:25),
    but every pair has a slope of its own: that of the spectrum where it lies.

    Parameters
    ----------
    f, log_power : (F,) Hz, and the natural logarithm of the noise's power there.
    fs_hz, centre_hz : rate, and the middle of the band.
    """
    highest = min(HIGHEST_HZ, 0.45 * fs_hz)
    edges = np.geomspace(LOWEST_HZ, highest, PAIRS + 1)
    middles, step = np.sqrt(edges[1:] * edges[:-1]), edges[1] / edges[0]
    grid = np.geomspace(LOWEST_HZ, highest, 96)
    wanted = 0.5 * np.interp(grid, f[f >= LOWEST_HZ], log_power[f >= LOWEST_HZ])
    z = np.exp(-2j * np.pi * grid / fs_hz)[:, None]

    def corners(q: Array) -> tuple[Array, Array]:
        a = [np.tan(np.pi / fs_hz * np.minimum(middles * step ** (sign * q / 2), 0.49 * fs_hz)) for sign in (-1, 1)]
        return (1 - a[0]) / (1 + a[0]), (1 - a[1]) / (1 + a[1])

    def log_gain(q: Array) -> Array:
        zero, pole = corners(q)
        return np.asarray(np.log(np.abs((1 - zero * z) / (1 - pole * z))))

    q = np.zeros(PAIRS)
    mean, ridge = np.ones((len(grid), 1)), np.diag([*np.full(PAIRS, RIDGE), 0.0])
    for _ in range(ROUNDS):  # Gauss-Newton: every pair moves its own column only
        now = log_gain(q)
        slopes = (log_gain(q + 1e-4) - now) / 1e-4
        A = np.hstack([slopes, mean])
        e = now.sum(axis=1) + wanted  # amplitude undoes the square root of power, but for a constant
        step_q = np.linalg.solve(A.T @ A / len(grid) + ridge, -A.T @ e / len(grid) - ridge @ np.append(q, 0.0))
        q = np.clip(q + step_q[:PAIRS], -STEEPEST, STEEPEST)
    zero, pole = (c.reshape(-1, 2) for c in corners(q))
    ones = np.ones(len(zero))
    sos = np.column_stack([ones, -zero.sum(axis=1), zero.prod(axis=1), ones, -pole.sum(axis=1), pole.prod(axis=1)])
    sos[0, :3] /= abs(freqz_sos(sos, [centre_hz], fs=fs_hz)[1][0])
    return np.ascontiguousarray(sos)


def inverse(sos: Array) -> Array:
    """The filter that undoes a minimum-phase one."""
    swapped = np.hstack([sos[:, 3:], sos[:, :3]])
    return np.ascontiguousarray(swapped / swapped[:, 3:4])


def cross_spectra(y: Array, fs_hz: float) -> tuple[Array, NDArray[np.complex128]]:
    """Welch cross-spectral density of mode signals (n, r), 1 s Hann windows, half overlapping: (F,), (F, r, r) in uV^2/Hz."""
    n = min(int(fs_hz), len(y))
    w = np.hanning(n)
    segments = np.array([(y[i : i + n] - y[i : i + n].mean(axis=0)) * w[:, None] for i in range(0, len(y) - n + 1, max(1, n // 2))])
    Z = np.fft.rfft(segments, axis=1)
    density: NDArray[np.complex128] = np.einsum("sfi,sfj->fij", Z, Z.conj()) * 2 / (fs_hz * np.sum(w * w) * len(segments))
    return np.asarray(np.fft.rfftfreq(n, 1 / fs_hz), dtype=np.float64), density


def mains_lines(f: Array, power: Array, lo: float, hi: float) -> set[float]:
    """Mains frequencies outside the band that stand ten times above their surroundings in a spectrum."""
    found = set()
    for line in MAINS_HZ:
        near = np.abs(f - line) <= 1
        around = (np.abs(f - line) >= 3) & (np.abs(f - line) <= 8)
        outside = not lo - 1 <= line <= hi + 1
        if outside and near.any() and around.any() and power[near].max() > 10 * np.median(power[around]):
            found.add(line)
    return found


def off_mains(f: Array, away_hz: float) -> NDArray[np.bool_]:
    """Frequencies that are no multiple of either mains, to within so much."""
    away = np.min([np.abs(f - line * np.maximum(np.round(f / line), 1)) for line in MAINS_HZ], axis=0)
    return np.asarray(away > away_hz)

"""The colour of noise: cross spectra, a filter that whitens 1/f^beta, and the mains lines that stand out of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import bilinear_zpk, freqz_sos, zpk2sos

Array = NDArray[np.float64]
MAINS_HZ = (50.0, 60.0)


def fractional_differentiator(power: float, fs_hz: float, centre_hz: float, lowest_hz: float = 1.0, highest_hz: float = 300.0) -> Array:
    """Minimum-phase IIR ≈ (jf)^power over a range, unit gain at the centre (Oustaloup et al. 2000, IEEE TCAS-I 47:25). Returns sos."""
    highest_hz = min(highest_hz, 0.4 * fs_hz)
    n = 5
    z, p = (-2 * np.pi * lowest_hz * (highest_hz / lowest_hz) ** ((np.arange(n) + 0.5 + q * power) / n) for q in (-0.5, 0.5))
    sos = zpk2sos(*bilinear_zpk(z, p, 1.0, fs_hz))
    sos[0, :3] /= abs(freqz_sos(sos, [centre_hz], fs=fs_hz)[1][0])
    return np.ascontiguousarray(sos)


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

"""The pattern now: phase and amplitude at every electrode from a causal filter, so that nothing later than the cut is in it.

A complex gammatone of order two: x is shifted down from the middle of the band and smoothed by two equal poles. Its real and imaginary
parts are the signal and its quadrature. It uses nothing after the sample that it speaks of, so a pattern cut before the next token
cannot hold that token, which a zero-phase filter would let in. It remembers: ``settle_ms`` is how long, and the same at every electrode.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

ORDER = 2
HALF_POWER = float(np.sqrt(2 ** (1 / ORDER) - 1))
"""Half of the band, in units of the pole."""
SETTLED = 4.0
"""Time constants after which what the filter answers to a step in the input only falls."""
Complex = NDArray[np.complex128]


def tau_s(band_hz: tuple[float, float]) -> float:
    """Time constant of the poles whose half-power band this is."""
    return HALF_POWER / (np.pi * (band_hz[1] - band_hz[0]))


def settle_ms(band_hz: tuple[float, float]) -> float:
    """How long the filter itself may let what came at once rise."""
    return 1e3 * SETTLED * tau_s(band_hz)


class Analytic:
    """The causal complex signal of a band, block by block.

    Parameters
    ----------
    fs_hz : float
    band_hz : (low, high)
    channels : int
    """

    def __init__(self, fs_hz: float, band_hz: tuple[float, float], channels: int) -> None:
        omega = np.pi * (band_hz[0] + band_hz[1]) / fs_hz
        keep = np.exp(-1 / (tau_s(band_hz) * fs_hz))
        self._b = np.array([2 * (1 - keep) ** ORDER], dtype=np.complex128)
        self._a = np.poly([keep * np.exp(1j * omega)] * ORDER)
        self._state = np.zeros((channels, ORDER), dtype=np.complex128)

    def push(self, samples_uv: NDArray[np.float32] | NDArray[np.float64]) -> Complex:
        """The next samples (n, channels), NaN counting as zero; a cosine in the middle of the band has its amplitude as modulus."""
        if not len(samples_uv):
            return np.zeros(np.shape(samples_uv), dtype=np.complex128)
        x = np.nan_to_num(np.ascontiguousarray(np.asarray(samples_uv, dtype=np.float64).T)).astype(np.complex128)
        y, self._state = lfilter(self._b, self._a, x, zi=self._state)
        return np.asarray(y.T)


def analytic(samples_uv: NDArray[np.float32] | NDArray[np.float64], fs_hz: float, band_hz: tuple[float, float]) -> Complex:
    """:class:`Analytic` of samples (n, channels) that are all there."""
    return Analytic(fs_hz, band_hz, np.shape(samples_uv)[1]).push(samples_uv)

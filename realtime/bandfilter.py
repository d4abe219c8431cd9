"""The causal filter that comes closest to a zero-phase band-pass, for one recording.

A filter that looks ahead shows the phase of a rhythm without delay; a causal one has to guess. The best linear guess follows from the
autocovariance of the recording (Wiener 1949): it knows how sharp the spectral peak is and what lies beside it, where a fixed band-pass with
its detuning bias does not. The same equations say how far ahead the guess holds, and how much it leaves unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_toeplitz
from scipy.signal import butter, freqz_sos

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
TAPS_MAX = 128
CYCLES, WIDTHS, LONGEST_S = 3.0, 4.0, 1.0
"""What the filter sees: cycles of the lower edge of the band, or this many times the inverse of its width; at most so many seconds."""
OVERSAMPLING = 8
"""Taps to a cycle of the upper edge."""
RIDGE = 1e-3
REACH = 2.5
"""How far hindsight looks to either side, over the width of the band."""
GRID = 33
GRID_CYCLES = 2.0
"""How far ahead forecasts are tabulated, cycles of the band's centre."""


@dataclass(frozen=True)
class BandFilter:
    """A causal estimate z(t) = sum_k taps[k] x(t - k stride) of the zero-phase analytic band signal.

    Attributes
    ----------
    taps : (K,) complex.
    stride : samples between taps.
    step_s : spacing of the grid of lags, from 0.
    ahead : (GRID,) complex, what z(t) has to be multiplied by to become the best guess of z that much later.
    unexplained : (GRID,) mean squared error of that guess over the mean square of z(t).
    hindsight : (2 n + 1,) complex taps of the same stride that show z(t - n stride) when x is known up to t.
    """

    taps: Complex
    stride: int
    step_s: float
    ahead: Complex
    unexplained: Array
    hindsight: Complex

    def noise_gains(self, density: Array, f: Array, fs_hz: float) -> tuple[float, float, complex]:
        """Power of the output, power of hindsight and their product, truth times conj(estimate), for noise of a one-sided density.

        Parameters
        ----------
        density, f : (F,) per Hz, and the evenly spaced frequencies, Hz.
        """
        step_s, reach = self.stride / fs_hz, (len(self.hindsight) - 1) // 2
        turn = np.exp(-2j * np.pi * np.outer(f, np.arange(len(self.taps)) * step_s))
        wide = np.exp(-2j * np.pi * np.outer(f, np.arange(-reach, reach + 1) * step_s))
        now = turn @ self.taps, turn.conj() @ self.taps
        later = wide @ self.hindsight, wide.conj() @ self.hindsight

        def power(a: tuple[Complex, Complex], b: tuple[Complex, Complex]) -> complex:
            return complex(np.sum(0.5 * (a[0] * b[0].conj() + a[1] * b[1].conj()) * density) * (f[1] - f[0]))

        return power(now, now).real, power(later, later).real, power(later, now)


def design(y: Array, fs_hz: float, band_hz: tuple[float, float]) -> BandFilter:
    """The filter for samples (n, r), from their pooled autocovariance."""
    lo, hi = band_hz
    n = len(y)
    stride = max(1, int(fs_hz / (OVERSAMPLING * hi)))
    seen_s = min(max(CYCLES / lo, WIDTHS / (hi - lo)), LONGEST_S)
    k = np.arange(max(4, min(TAPS_MAX, int(seen_s * fs_hz / stride), n // (2 * stride)))) * stride
    size = 1 << int(np.ceil(np.log2(4 * n)))
    x = y - y.mean(axis=0)
    periodogram = np.sum(np.abs(np.fft.fft(x, size, axis=0)) ** 2, axis=1) / n
    r = np.fft.ifft(periodogram).real
    lag = np.minimum(np.arange(size), size - np.arange(size))
    spectrum = np.maximum(np.fft.fft(r * np.where(lag < n, np.cos(0.5 * np.pi * np.minimum(lag, n) / n) ** 2, 0)).real, 0)
    f = np.fft.fftfreq(size, 1 / fs_hz)
    target = _zero_phase(f, fs_hz, band_hz)
    r = np.fft.ifft(spectrum).real
    cross = np.fft.ifft(target * spectrum)  # E[z(t) x(t - k)]
    column = r[k].copy()
    column[0] = column[0] * (1 + RIDGE) + 1e-30
    taps = solve_toeplitz(column, cross[k].real) + 1j * solve_toeplitz(column, cross[k].imag)
    step_s = GRID_CYCLES / (np.sqrt(lo * hi) * (GRID - 1))
    lags = np.round(np.arange(GRID) * step_s * fs_hz).astype(int)
    shown = float(np.sum(taps.conj() * cross[k]).real)  # E|estimate|^2
    total = float(np.mean(target**2 * spectrum))
    with_later = np.array([np.sum(taps.conj() * cross[(k + q) % size]) for q in lags])  # E[z(t + q) conj(estimate(t))]
    turn = np.exp(1j * 2 * np.pi * np.sqrt(lo * hi) * (np.arange(GRID) * step_s - lags / fs_hz))
    ahead = with_later / max(shown, 1e-30) * turn
    unexplained = np.maximum(total - np.abs(with_later) ** 2 / max(shown, 1e-30), 0) / max(shown, 1e-30)
    return BandFilter(taps, stride, float(step_s), ahead, unexplained, _hindsight(fs_hz, band_hz, stride))


def _zero_phase(f: NDArray[np.floating], fs_hz: float, band_hz: tuple[float, float]) -> Array:
    """Response of the analytic band-pass, forwards and backwards, at frequencies of either sign."""
    sos = butter(4, band_hz, "bandpass", fs=fs_hz, output="sos")
    return np.asarray(np.abs(freqz_sos(sos, np.abs(f), fs=fs_hz)[1]) ** 2 * np.where(f > 0, 2, 0))


def _hindsight(fs_hz: float, band_hz: tuple[float, float], stride: int) -> Complex:
    """The zero-phase analytic band-pass, cut where it has died away."""
    lo, hi = band_hz
    reach = max(4, min(TAPS_MAX, int(REACH / (hi - lo) * fs_hz / stride)))
    size = 1 << int(np.ceil(np.log2(8 * reach * stride)))
    f = np.fft.fftfreq(size, 1 / fs_hz)
    response = np.abs(freqz_sos(butter(4, band_hz, "bandpass", fs=fs_hz, output="sos"), np.abs(f), fs=fs_hz)[1]) ** 2 * np.where(
        f > 0, 2, 0
    )
    k = np.arange(-reach, reach + 1) * stride
    taps = np.fft.ifft(response)[k % size] * stride * np.cos(0.5 * np.pi * np.arange(-reach, reach + 1) / (reach + 1)) ** 2
    gain = np.sum(taps * np.exp(-2j * np.pi * np.sqrt(lo * hi) * k / fs_hz))
    return np.asarray(taps * (2 / gain.real))

"""What the band shows, afterwards and at once: the zero-phase band-pass, and what the causal filter closest to it is learned from.

A filter that looks ahead shows the phase of a rhythm without delay; a causal one has to guess. The best linear guess follows from the
autocovariance of the recording (Wiener 1949), which is learned here from the calibration and learned on while the engine runs
(:mod:`wavestim.realtime.wiener`). Both filters see thinned samples: drift and mains are taken off, the rest is averaged over a stride.
What that does to the phase is undone by the zero-phase filter, so that it is the phase of the samples themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, freqz_sos, lfilter, sosfilt

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
TAPS_MAX, AHEAD_MAX = 128, 64
CYCLES, WIDTHS, LONGEST_S = 3.0, 4.0, 1.0
"""What the causal filter sees: cycles of the lower edge of the band, or this many inverse widths of it; at most so many seconds."""
OVERSAMPLING = 8
"""Taps to a cycle of the upper edge."""
REACH = 2.5
"""How far the zero-phase filter looks to either side, over the width of the band."""
AHEAD_CYCLES = 2.0
"""How far ahead the causal filter forecasts, cycles of the band's centre."""
DRIFT_OF_BAND = 0.125
"""Slower than this part of the lower edge of the band is drift."""
FAINTEST = 0.05
"""Gain in front below which the phase is not undone: nothing of the band is there."""


@dataclass(frozen=True)
class BandFilter:
    """What the tick needs to know of the band of a recording.

    Attributes
    ----------
    stride : samples between taps; thinned samples are means over so many.
    taps : of the causal filter.
    ahead : strides that it forecasts.
    front_sos : (sections, 6) what takes drift and mains off.
    zero_phase : (2 n + 1,) complex taps on thinned samples: z(t - n stride), the analytic band signal, when all is known up to t.
    autocovariance : (lags,) of the thinned samples at multiples of the stride, summed over the modes, uV^2.
    """

    stride: int
    taps: int
    ahead: int
    front_sos: Array
    zero_phase: Complex
    autocovariance: Array

    def noise_autocovariance(self, density: Array, f: Array, fs_hz: float) -> Array:
        """(lags,) autocovariance of thinned noise of a one-sided density (F,) per Hz at evenly spaced frequencies (F,)."""
        passed = np.abs(freqz_sos(self.front_sos, f, fs=fs_hz)[1] * _average(f, fs_hz, self.stride)) ** 2 * density
        lag_s = np.arange(len(self.autocovariance)) * self.stride / fs_hz
        return np.asarray(np.cos(2 * np.pi * np.outer(lag_s, f)) @ passed * (f[1] - f[0]))

    def zero_phase_gain(self, autocovariance: Array) -> float:
        """Power that the zero-phase filter lets pass, of thinned samples of an autocovariance (lags,)."""
        g = self.zero_phase
        lag = np.abs(np.subtract.outer(np.arange(len(g)), np.arange(len(g))))
        return float((g @ autocovariance[lag] @ g.conj()).real)


def design(y: Array, fs_hz: float, band_hz: tuple[float, float], notches: Sequence[Array] = ()) -> BandFilter:
    """The filters for mode signals (n, r), with their pooled autocovariance. notches: sections that take mains off."""
    lo, hi = band_hz
    stride = max(1, int(fs_hz / (OVERSAMPLING * hi)))
    seen_s = min(max(CYCLES / lo, WIDTHS / (hi - lo)), LONGEST_S)
    taps = max(4, min(TAPS_MAX, int(seen_s * fs_hz / stride), len(y) // (2 * stride)))
    ahead = max(2, min(AHEAD_MAX, int(np.ceil(AHEAD_CYCLES / np.sqrt(lo * hi) * fs_hz / stride)) + 1))
    front = np.vstack([butter(2, lo * DRIFT_OF_BAND, "highpass", fs=fs_hz, output="sos"), *notches])
    zero_phase = _zero_phase(fs_hz, band_hz, stride, front)
    lags = max(taps + ahead + len(zero_phase) // 2, len(zero_phase)) + 1
    x = lfilter(np.full(stride, 1 / stride), [1.0], sosfilt(front, y - y[0], axis=0), axis=0)
    return BandFilter(stride, taps, ahead, np.ascontiguousarray(front), zero_phase, _autocovariance(x, stride, lags))


def beyond_modes(x: Array, fs_hz: float, band_hz: tuple[float, float], like: BandFilter) -> tuple[Array, Complex, Array]:
    """For electrodes (n, k) that are thinned before anything else: the section at the thinned rate that takes their drift off, the
    zero-phase filter behind it, and their summed autocovariance at the lags of ``like``."""
    drift_hz = band_hz[0] * DRIFT_OF_BAND
    front = butter(2, drift_hz, "highpass", fs=fs_hz, output="sos")
    thinned = lfilter(np.full(like.stride, 1 / like.stride), [1.0], sosfilt(front, x - x[0], axis=0), axis=0)
    sos = np.ascontiguousarray(butter(2, drift_hz, "highpass", fs=fs_hz / like.stride, output="sos"))
    return sos, _zero_phase(fs_hz, band_hz, like.stride, front), _autocovariance(thinned, like.stride, len(like.autocovariance))


def _autocovariance(x: Array, stride: int, lags: int) -> Array:
    """(lags,) of signals (n, k) at multiples of the stride, summed over the signals."""
    size = 1 << int(np.ceil(np.log2(2 * len(x))))
    power = np.sum(np.abs(np.fft.fft(x, size, axis=0)) ** 2, axis=1)
    covariance = np.fft.ifft(power).real[np.minimum(np.arange(lags) * stride, size // 2)] / len(x)
    covariance[np.arange(lags) * stride >= len(x)] = 0.0
    return np.ascontiguousarray(covariance)


def _average(f: Array, fs_hz: float, stride: int) -> Complex:
    """Response of the mean over the last ``stride`` samples."""
    turn = np.exp(-2j * np.pi * np.outer(f / fs_hz, np.arange(stride)))
    return np.asarray(turn.mean(axis=1))


def _zero_phase(fs_hz: float, band_hz: tuple[float, float], stride: int, front_sos: Array) -> Complex:
    """The analytic band-pass (Butterworth, 4th order, there and back), cut where it has died away, the thinning's phase undone."""
    lo, hi = band_hz
    reach = max(4, min(TAPS_MAX, int(REACH / (hi - lo) * fs_hz / stride)))
    size = 1 << int(np.ceil(np.log2(8 * reach * stride)))
    f = np.fft.fftfreq(size, 1 / fs_hz)
    wanted = np.abs(freqz_sos(butter(4, band_hz, "bandpass", fs=fs_hz, output="sos"), np.abs(f), fs=fs_hz)[1]) ** 2 * np.where(f > 0, 2, 0)
    front = freqz_sos(front_sos, np.abs(f), fs=fs_hz)[1]
    delay = np.exp(-2j * np.pi * f / fs_hz * (stride - 1) / 2)
    response = wanted / (np.where(np.abs(front) > FAINTEST, front, 1.0) * delay)
    k = np.arange(-reach, reach + 1)
    taps = np.fft.ifft(response)[k * stride % size] * stride * np.cos(0.5 * np.pi * k / (reach + 1)) ** 2
    centre_hz = np.array([np.sqrt(lo * hi)])
    seen = np.sum(taps * np.exp(-2j * np.pi * centre_hz * k * stride / fs_hz)) * freqz_sos(front_sos, centre_hz, fs=fs_hz)[1]
    return np.asarray(taps * (2 / np.abs(seen[0])))

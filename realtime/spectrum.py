"""Where the rhythm lies: peaks of a power spectrum above its aperiodic part, and the band that suits the highest one.

The method is that of specparam (Donoghue et al. 2020, Nat Neurosci 23:1655): in log-log coordinates fit the aperiodic part robustly, take
the peaks above it out one after the other, fit the aperiodic part again to what is left. The aperiodic part is offset - log(f^beta), or
offset - log(knee + f^beta) where the data ask for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit, least_squares
from scipy.signal import welch
from wavestim.realtime.colour import MAINS_HZ

Array = NDArray[np.float64]

RANGE_HZ = (1.5, 100.0)
RHYTHM_HZ = (3.0, 60.0)
"""A peak's centre lies here: slower ones need seconds for a cycle, faster ones are not tracked at 1 kHz with ten modes."""
WINDOW_S = 2.0
MAX_PEAKS = 5
LEAST_PEAK, TALL = 0.35, 1.4
"""Heights of a peak in natural log units, 1.5 and 6 dB: what is lower can't be locked to, what is higher is there by no chance."""
SURE = 4.0
"""… and it stands so many robust SDs of the residual above the aperiodic part."""
MARGIN = 0.25
"""Half the width of a suggested band is at least this part of the centre: narrower ones make slow filters."""


@dataclass(frozen=True)
class Peak:
    """A rhythm: centre, SD of its Gaussian in Hz, height in dB above the aperiodic part."""

    centre_hz: float
    sd_hz: float
    height_db: float

    @property
    def band_hz(self) -> tuple[float, float]:
        """The band to track it in: 2.5 SD, at least a quarter of the centre, to half a hertz."""
        half = max(2.5 * self.sd_hz, MARGIN * self.centre_hz)
        low = max(self.centre_hz - half, 0.4 * self.centre_hz, 0.5)
        return round(2 * low) / 2, round(2 * (self.centre_hz + half)) / 2


@dataclass(frozen=True)
class Spectrum:
    """A spectrum taken apart.

    Attributes
    ----------
    frequency_hz, power : (F,) power in uV^2/Hz, the median over channels.
    beta : slope of the aperiodic part, power ~ f^-beta.
    knee_hz : frequency of its knee; 0: none.
    peaks : the highest first.
    """

    frequency_hz: Array
    power: Array
    beta: float
    knee_hz: float
    peaks: tuple[Peak, ...]

    def peaks_in(self, band_hz: tuple[float, float]) -> tuple[Peak, ...]:
        """Those whose centre lies in a band."""
        return tuple(p for p in self.peaks if band_hz[0] <= p.centre_hz <= band_hz[1])


def take_apart(x: Array, fs_hz: float) -> Spectrum:
    """The spectrum of samples (n, channels) uV; two seconds or more, good channels only."""
    n = min(len(x), round(WINDOW_S * fs_hz))
    f, p = welch(x, fs_hz, nperseg=n, axis=0)
    power = np.median(p, axis=1)
    fit = (f >= RANGE_HZ[0]) & (f <= min(RANGE_HZ[1], 0.4 * fs_hz)) & (power > 0)
    for line in MAINS_HZ:
        fit &= np.abs(f - line) > 2
    if fit.sum() < 12:
        return Spectrum(f, power, 0.0, 0.0, ())
    lf, lp = np.log(f[fit]), np.log(power[fit])
    flat = lp - _aperiodic(lf, _robust(lf, lp))
    found = _peaks(f[fit], flat)
    cleaned = lp - _gaussians(f[fit], found)
    parameters = _fit(lf, cleaned)
    found = _peaks(f[fit], lp - _aperiodic(lf, parameters))
    peaks = [Peak(c, s, float(10 / np.log(10) * h)) for c, s, h in found if RHYTHM_HZ[0] <= c <= RHYTHM_HZ[1]]
    _, log_knee, beta = parameters
    knee_hz = float(np.exp(log_knee / beta)) if beta > 0.1 and log_knee / beta > np.log(RANGE_HZ[0]) else 0.0
    return Spectrum(f, power, float(beta), knee_hz, tuple(sorted(peaks, key=lambda q: -q.height_db)))


def _aperiodic(lf: Array, parameters: Array) -> Array:
    offset, log_knee, beta = parameters
    return np.asarray(offset - np.logaddexp(log_knee, beta * lf))


def _robust(lf: Array, lp: Array) -> Array:
    """First guess: a line through the points that peaks do not lift."""
    keep = np.ones(len(lf), dtype=bool)
    for share in (0.5, 0.4):
        slope, offset = np.polyfit(lf[keep], lp[keep], 1)
        residual = lp - offset - slope * lf
        keep = residual <= np.quantile(residual, share)
    slope, _ = np.polyfit(lf[keep], lp[keep], 1)
    return np.array([float(np.median((lp - slope * lf)[keep])), -np.inf, -float(slope)])


def _fit(lf: Array, lp: Array) -> Array:
    """Offset, log knee and slope; the knee stays only where it explains what a line does not (Bayesian information criterion)."""
    line = np.polyfit(lf, lp, 1)
    straight = np.array([line[1], -np.inf, -line[0]])

    def misfit(q: Array) -> Array:
        return np.asarray(lp - _aperiodic(lf, q))

    start = [line[1] + 1.0, float(np.median(lf)), max(-line[0], 0.5)]
    bent = least_squares(misfit, start, bounds=([-np.inf, -5.0, 0.0], [np.inf, 25.0, 6.0]), loss="soft_l1", f_scale=0.2).x
    n = len(lf)
    worth = n * (np.log(np.mean(misfit(straight) ** 2)) - np.log(np.mean(misfit(bent) ** 2)))
    return bent if worth > 10 + np.log(n) else straight


def _peaks(f: Array, flat: Array) -> list[tuple[float, float, float]]:
    """Gaussians (centre, SD, height) above zero, the highest first, each fitted to what the ones before have left."""
    found: list[tuple[float, float, float]] = []
    left = flat.copy()
    df = f[1] - f[0]
    for _ in range(MAX_PEAKS):
        i = int(np.argmax(left))
        spread = 1.4826 * float(np.median(np.abs(left - np.median(left))))
        if left[i] < max(LEAST_PEAK, SURE * spread):
            break
        near = np.abs(f - f[i]) <= max(4.0, 0.4 * f[i])
        try:
            guess = (f[i], max(1.0, 2 * df), left[i])
            bounds = ([f[i] - 2.0, df, 0.0], [f[i] + 2.0, max(2.0, 0.25 * f[i]) + df, 2 * left[i]])
            centre, sd, height = curve_fit(_gaussian, f[near], left[near], guess, bounds=bounds)[0]
        except RuntimeError:
            centre, sd, height = float(f[i]), float(2 * df), float(left[i])
        left = left - _gaussian(f, centre, sd, height)
        chance = sd < 1.1 * df and height < TALL  # a single point sticks out
        if height >= LEAST_PEAK and not chance and f[0] + df < centre < f[-1] - df:
            found.append((float(centre), float(sd), float(height)))
    return found


def _gaussian(f: Array, centre: float, sd: float, height: float) -> Array:
    return np.asarray(height * np.exp(-0.5 * ((f - centre) / sd) ** 2))


def _gaussians(f: Array, peaks: list[tuple[float, float, float]]) -> Array:
    return np.asarray(sum((_gaussian(f, *p) for p in peaks), np.zeros(len(f))))

"""The phase of the wave at a moment, found afterwards from the samples of all electrodes around it.

One electrode's phase is noise. What the electrodes have in common is smooth over the probe, so they are looked at through the modes
that the wave model looks through. Where a plane wave explains most of that, the phase is that of the plane; otherwise that of the smooth
part. Nothing that the engine knew goes into it.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, hilbert, sosfiltfilt, sosfreqz
from wavestim.controller.record.waveplane import steering, summit
from wavestim.realtime.electrodes import channel_faults
from wavestim.realtime.layout import Layout, make_layout

HALF_S = 0.6
"""Half of what the zero-phase filter looks at."""
AFTER_LIGHT_S, BEFORE_LIGHT_S = 0.2, 0.1
"""What a zero-phase estimate must keep clear of: the response that follows light, and light whose response it would leak backwards."""
RATE_HZ = 1000.0
"""Faster samples are averaged down to about this rate first: a wave is not seen better in more of them."""
LEAST_FIT = 0.6
"""Part of the smooth part's power that a plane wave explains, below which it is none."""
LEAST_ELECTRODES = 4
"""With fewer there is no plane."""
Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Seen:
    """What was found.

    Attributes
    ----------
    phase_deg : at the site, in [-180, 180].
    k_rad_mm : (2,) of the plane wave; None where there is none.
    fit : part of the smooth part's power that a plane wave explains; NaN of too few electrodes.
    turn_rad_s : how fast the phase grows.
    """

    phase_deg: float
    k_rad_mm: Floats | None
    fit: float
    turn_rad_s: float


@dataclass(frozen=True)
class _Looking:
    """Through the modes of the electrodes that are in use."""

    used: NDArray[np.bool_]
    layout: Layout
    k: Floats
    """(steps, steps, 2) wave vectors that are tried, along the layout's axes."""
    steer: Complex
    """(steps * steps, modes): what each makes of the modes."""

    def plane(self, z: Complex) -> tuple[Floats, float]:
        """Wave vector (2,) of the probe, and its part of the power, from the modes' analytic signals (modes,)."""
        power = np.abs(through(self.steer, z)) ** 2
        k = summit(power[None], self.k)[0] * (self.layout.extent_mm > 0)
        whole = float(np.sum(np.abs(z) ** 2)) / int(self.used.sum())
        fit = abs(complex(np.sum(self.of_plane(k) * z))) ** 2 / whole if whole > 0 else 0.0
        return k @ self.layout.rotation, fit

    def of_plane(self, k: Floats) -> Complex:
        """What the modes are weighted with for the phase of a plane wave at the centroid; k along the layout's axes."""
        return plane_at(self.layout.positions_mm[self.used], k) @ self.layout.modes[self.used]

    def weights(self, site: int, k_rad_mm: Floats | None) -> Complex:
        """(modes,): their sum with these weights has the phase at the site."""
        if k_rad_mm is None:
            return np.asarray(self.layout.modes[site], np.complex128)
        k = self.layout.rotation @ k_rad_mm
        weights: Complex = self.of_plane(k) * np.exp(-1j * (self.layout.positions_mm[site] @ k))
        return weights


def plane_at(positions_mm: Floats, k: Floats) -> Complex:
    """(m,): the mean over electrodes with these weights is a plane wave at the origin."""
    out: Complex = np.exp(1j * (positions_mm @ k)) / len(positions_mm)
    return out


def through(signals: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    """``signals @ weights`` in this thread alone: a matrix product would take all cores, and the engine may be running on one."""
    out: NDArray[Any] = np.einsum("ij,j...->i...", signals, weights)
    return out


class Pool:
    """The electrodes of one session.

    Parameters
    ----------
    positions_mm : (m, 2)
    fs_hz, band_hz
    bad : channels that are left out; what is dead, or far noisier than the others at the moment, is too.
    """

    def __init__(self, positions_mm: Floats, fs_hz: float, band_hz: tuple[float, ...], bad: Collection[int] = ()) -> None:
        self._positions, self._fs, self._band = np.asarray(positions_mm, np.float64), fs_hz, band_hz
        self._good = np.ones(len(self._positions), bool)
        self._good[list(bad)] = False
        self.half = round(HALF_S * fs_hz)
        """Samples to either side of a moment that are looked at."""
        self._looking: dict[bytes, _Looking] = {}

    def look(self, samples: NDArray[np.floating], at: float, site: int, lit_from: float | None = None) -> Seen | None:
        """What the wave was at a moment; None where the samples do not tell.

        Parameters
        ----------
        samples : (2 half + 1, m) uV
            The row in the middle is the nearest to the moment.
        at : float
            The moment, rows.
        site : electrode
        lit_from : float, optional
            From this row on the electrodes see light: the samples before it alone count, and the phase is carried on to the moment.
            Otherwise both sides do.
        """
        samples = samples if lit_from is None else samples[: max(math.ceil(lit_from), 0)]
        if len(samples) < self.half / 2:
            return None
        looking = self._through(samples, at)
        if looking is None:
            return None
        stride = max(1, int(self._fs // RATE_HZ))
        rest, fs = len(samples) % stride, self._fs / stride
        x = samples[rest:, looking.used].reshape(-1, stride, int(looking.used.sum())).mean(axis=1, dtype=np.float64)
        y = through(x, looking.layout.modes[looking.used])
        when = (at - rest - (stride - 1) / 2) / stride  # of the rows of y
        return self._at_end(looking, y, when, site, fs) if lit_from is not None else self._between(looking, y, when, site, fs)

    def _between(self, looking: _Looking, y: Floats, when: float, site: int, fs_hz: float) -> Seen:
        z = zero_phase(y, fs_hz, self._band)
        row = min(max(math.floor(when), 0), len(z) - 2)
        k, fit = self._plane(looking, z[round(when)])
        signal = through(z[row : row + 2], looking.weights(site, k))
        turn = float(np.angle(signal[1] * signal[0].conj()))
        return Seen(_deg(float(np.angle(signal[0])) + (when - row) * turn), k, fit, turn * fs_hz)

    def _at_end(self, looking: _Looking, y: Floats, when: float, site: int, fs_hz: float) -> Seen:
        z = ended(y, fs_hz, self._band)
        k, fit = self._plane(looking, z[-1])
        signal = through(z, looking.weights(site, k))
        turn_rad_s, back = turned(signal, fs_hz, self._band)
        ahead_s = (when - (len(y) - 1)) / fs_hz
        return Seen(_deg(float(np.angle(signal[-1] * back)) + turn_rad_s * ahead_s), k, fit, turn_rad_s)

    def _plane(self, looking: _Looking, z: Complex) -> tuple[Floats | None, float]:
        if int(looking.used.sum()) < LEAST_ELECTRODES or not looking.layout.extent_mm.any():
            return None, math.nan
        k, fit = looking.plane(z)
        return (k if fit >= LEAST_FIT else None), fit

    def _through(self, samples: NDArray[np.floating], at: float) -> _Looking | None:
        """Electrodes that can be used now, and their modes; None where there is none."""
        used = self._good & np.isfinite(samples).all(axis=0)
        if not used.any():
            return None
        clear = samples[max(round(at - AFTER_LIGHT_S * self._fs), 0) : round(at + BEFORE_LIGHT_S * self._fs)]
        used[used] = channel_faults(np.asarray(clear[:, used], np.float64)) == ""
        key = used.tobytes()
        if key not in self._looking:
            layout = make_layout(self._positions, used)
            k, steer = steering(layout.positions_mm[used])
            self._looking = {key: _Looking(used, layout, k, steer @ layout.modes[used])}  # it is nearly always the same
        return self._looking[key]


@cache
def _band_pass(fs_hz: float, band_hz: tuple[float, ...]) -> Floats:
    return np.asarray(butter(2, [band_hz[0], min(band_hz[1], 0.45 * fs_hz)], "bandpass", fs=fs_hz, output="sos"))


def zero_phase(x: Floats, fs_hz: float, band_hz: tuple[float, ...]) -> Complex:
    """Analytic signal of x (n, ...) after a band-pass that shifts no phase (forwards and backwards)."""
    sos = _band_pass(fs_hz, band_hz)
    padding = min(len(x) - 1, 3 * len(x) // 4)
    return np.asarray(hilbert(sosfiltfilt(sos, x, axis=0, padlen=padding), axis=0))


def ended(x: Floats, fs_hz: float, band_hz: tuple[float, ...]) -> Complex:
    """Analytic signal of x (n, ...) whose last sample is not bent by the end: the band-pass is causal, applied to the analytic spectrum
    (ecHT; Schreglmann et al. 2021, Nat Commun 12:363). Its phase is yet to be turned back, see :func:`turned`."""
    spectrum = np.fft.fft(x - x.mean(axis=0), axis=0)
    kept = _analytic_response(len(x), fs_hz, band_hz)
    return np.asarray(np.fft.ifft(spectrum * kept.reshape(-1, *[1] * (x.ndim - 1)), axis=0))


@lru_cache(64)
def _analytic_response(n: int, fs_hz: float, band_hz: tuple[float, ...]) -> Complex:
    """Of the causal band-pass, at the frequencies of n samples; nothing of the negative ones."""
    f = np.fft.fftfreq(n, 1 / fs_hz)
    return np.asarray(np.where(f > 0, 2 * sosfreqz(_band_pass(fs_hz, band_hz), np.abs(f), fs=fs_hz)[1], 0.0))


def turned(signal: Complex, fs_hz: float, band_hz: tuple[float, ...]) -> tuple[float, complex]:
    """How fast the phase of an :func:`ended` signal (n,) grows, rad/s, and what turns its phase back.

    Away from the middle of the band the causal filter turns the phase, by as much as it does at the frequency of the wave.
    """
    steps = np.angle(signal[1:] * signal[:-1].conj())[-max(1, len(signal) // 3) :]
    wave_hz = min(max(float(np.median(steps)) * fs_hz / (2 * np.pi), band_hz[0]), band_hz[1])
    turn = complex(sosfreqz(_band_pass(fs_hz, band_hz), [wave_hz], fs=fs_hz)[1][0])
    return 2 * np.pi * wave_hz, abs(turn) / turn if turn else 1.0


def _deg(angle_rad: float) -> float:
    return float(np.degrees(np.angle(np.exp(1j * angle_rad))))

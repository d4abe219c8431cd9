"""What an electrode hears besides the wave: 1/f^β noise, partly shared with its neighbours, and mains hum.

White streams are mixed in space and coloured by a cascade of first-order sections (Oustaloup's approximation of a fractional
integrator), so noise of any length comes in blocks with constant memory. Its power in a band is known from the filter, which is how a
signal-to-noise ratio is set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt, sosfreqz

BLOCK = 128


def colour_sections(slope: float, fs_hz: float, low_hz: float = 1.0, n: int = 6) -> NDArray[np.float64]:
    """Second-order sections whose power falls as 1/f^slope between low_hz and the Nyquist frequency."""
    high = 0.5 * fs_hz
    ratio = high / low_hz
    poles = low_hz * ratio ** ((np.arange(n) + 0.5 - slope / 4) / n)
    zeros = low_hz * ratio ** ((np.arange(n) + 0.5 + slope / 4) / n)
    p, z = (np.exp(-2 * np.pi * f / fs_hz) for f in (poles, zeros))
    one, nil = np.ones(n), np.zeros(n)
    sections = np.column_stack([one, -z, nil, one, -p, nil])
    # two first-order sections make one second-order section
    a, b = sections[0::2], sections[1::2]
    num = np.column_stack([one[: n // 2], a[:, 1] + b[:, 1], a[:, 1] * b[:, 1]])
    den = np.column_stack([one[: n // 2], a[:, 4] + b[:, 4], a[:, 4] * b[:, 4]])
    return np.column_stack([num, den])


def band_power(sections: NDArray[np.float64], fs_hz: float, band_hz: tuple[float, float]) -> float:
    """Power in a band of unit-variance white noise after the sections."""
    f = np.linspace(band_hz[0], band_hz[1], 2001)
    _, h = sosfreqz(sections, worN=f, fs=fs_hz)
    return float(np.trapezoid(np.abs(h) ** 2, f) * 2.0 / fs_hz)


def shared_mix(positions_mm: NDArray[np.float64], reach_mm: float) -> NDArray[np.float64]:
    """Weights (sources, electrodes) of a smooth random field of unit variance: Gaussian falls around sources on a lattice."""
    low, high = positions_mm.min(axis=0) - reach_mm, positions_mm.max(axis=0) + reach_mm
    counts = np.clip(np.ceil((high - low) / reach_mm).astype(int) + 1, 2, 12)
    axes = [np.linspace(low[i], high[i], counts[i]) for i in range(2)]
    x, y = np.meshgrid(*axes)
    width = max(reach_mm, float(np.max((high - low) / (counts - 1)))) / np.sqrt(2.0)
    d2 = (x.ravel()[:, None] - positions_mm[None, :, 0]) ** 2 + (y.ravel()[:, None] - positions_mm[None, :, 1]) ** 2
    mix = np.exp(-d2 / (2 * width**2))
    return np.asarray(mix / np.sqrt((mix**2).sum(axis=0)))


class ElectrodeNoise:
    """Noise for every electrode, in blocks of ``BLOCK`` samples.

    Parameters
    ----------
    positions_mm : ndarray (n, 2)
    fs_hz : float
    band_uv2 : float
        Power wanted inside ``band_hz``, µV².
    band_hz : tuple
    slope : float
        β of 1/f^β.
    shared : float
        Part of the power that is a smooth field over the electrodes.
    reach_mm : float
        Scale of that field.
    line_uv, line_hz : float
        Mains hum: amplitude and frequency; every electrode has its own share and phase of it.
    seeds : list of SeedSequence
        Three: private, shared, hum.
    """

    def __init__(
        self,
        positions_mm: NDArray[np.float64],
        fs_hz: float,
        *,
        band_uv2: float,
        band_hz: tuple[float, float],
        slope: float,
        shared: float,
        reach_mm: float,
        line_uv: float,
        line_hz: float,
        seeds: list[np.random.SeedSequence],
    ) -> None:
        n = len(positions_mm)
        self.fs_hz, self.n, self.at = fs_hz, n, 0
        self._private, self._shared, hum = (np.random.default_rng(s) for s in seeds)
        self.mix = shared_mix(positions_mm, reach_mm) * np.sqrt(shared)
        self.own = np.sqrt(1.0 - shared)
        self.sections = colour_sections(slope, fs_hz)
        self.scale = 1.0
        self.become(band_uv2, band_hz)
        self._state = np.zeros((len(self.sections), 2, n))
        self._line = 2 * np.pi * line_hz / fs_hz
        self._line_uv = line_uv * hum.uniform(0.5, 1.5, n)
        self._line_phase = hum.normal(0.0, 0.3, n)
        for _ in range(round(2.0 * fs_hz) // BLOCK + 1):  # past the filter's start
            self._coloured()

    def become(self, band_uv2: float, band_hz: tuple[float, float]) -> None:
        """From the next block on as loud as that."""
        self.scale = float(np.sqrt(band_uv2 / band_power(self.sections, self.fs_hz, band_hz)))

    def _coloured(self) -> NDArray[np.float64]:
        white = self.own * self._private.standard_normal((BLOCK, self.n))
        white += np.einsum("ts,se->te", self._shared.standard_normal((BLOCK, len(self.mix))), self.mix)
        out, self._state = sosfilt(self.sections, white, axis=0, zi=self._state)
        return np.asarray(out)

    def block(self) -> NDArray[np.float32]:
        """The next BLOCK samples (BLOCK, electrodes), µV."""
        out = self.scale * self._coloured()
        t = self._line * (self.at + np.arange(BLOCK))
        out += self._line_uv * np.cos(t[:, None] + self._line_phase)
        self.at += BLOCK
        return np.asarray(out, dtype=np.float32)

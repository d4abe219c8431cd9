"""Waves drawn instead of grown: rotating, spreading, standing, synchronous or none, for tests of what sees them.

Stands in for the tissue behind the same call (``read``). The rhythm wanders as the sheet's does; light does nothing here, not even an
artefact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .drift import Drift

BLOCK = 256


class Kinematic:
    """A drawn wave over the electrodes.

    Parameters
    ----------
    kind : str
        ``planar rotating source sink standing synchronous none``.
    drift : Drift
        With dt of one sample.
    positions_mm : ndarray (n, 2)
        Relative to the array's centre, where the rotation or the source sits.
    gain_uv : float
    """

    def __init__(self, kind: str, drift: Drift, positions_mm: NDArray[np.float64], gain_uv: float) -> None:
        self.kind, self.drift, self.xy, self.gain_uv = kind, drift, positions_mm, gain_uv
        self.late_edges = 0
        self.tokens: list[tuple[int, int]] = []
        self._phase = 0.0
        self._at = BLOCK
        self._z: NDArray[np.complex128] = np.zeros((BLOCK, len(positions_mm)), np.complex128)
        self._state: NDArray[np.float32] = np.zeros((BLOCK, 6), np.float32)

    def add_edge(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None:
        """Light does nothing to a drawn wave."""

    def _refill(self) -> None:
        omega, kx, ky, amplitude, _ = self.drift.block(BLOCK).T
        turns = self._phase + np.cumsum(omega) * self.drift.dt_s
        self._phase = float(turns[-1] % (2 * np.pi))
        x, y = self.xy.T
        r, angle = np.hypot(x, y), np.arctan2(y, x)
        k = np.hypot(kx, ky)
        along = kx[:, None] * x + ky[:, None] * y
        ones = np.ones((BLOCK, len(x)))
        space, scale = {
            "planar": (-along, ones),
            "rotating": (-angle * ones, (1.0 - np.exp(-((r / 0.5) ** 2))) * ones),
            "source": (-k[:, None] * r, ones),
            "sink": (k[:, None] * r, ones),
            "standing": (0.0 * along, np.cos(along)),
            "synchronous": (0.0 * along, ones),
            "none": (0.0 * along, 0.0 * ones),
        }[self.kind]
        self._z = amplitude[:, None] * scale * np.exp(1j * (turns[:, None] + space))
        self._state[:, 0] = np.rad2deg(np.arctan2(ky, kx))
        self._state[:, 1] = np.minimum(omega / np.maximum(k, 1e-9), 1e6)
        self._state[:, 2] = omega / (2 * np.pi)
        self._state[:, 3] = self.gain_uv * np.abs(self._z).mean(axis=1)
        self._state[:, 4] = float(self.kind in ("planar", "synchronous"))
        self._state[:, 5] = -1
        self._at = 0

    def read(self, out: NDArray[np.float32], phase: NDArray[np.int16], state: NDArray[np.float32]) -> int:
        """Add the wave to ``out`` and fill in the truth, as ``Tissue.read`` does."""
        done = 0
        while done < len(out):
            if self._at == BLOCK:
                self._refill()
            m = min(len(out) - done, BLOCK - self._at)
            z = self._z[self._at : self._at + m]
            out[done : done + m] += (self.gain_uv * z.real).astype(np.float32)
            if len(phase):
                turns = np.rint(np.angle(z) * (32768.0 / np.pi)).astype(np.int64)
                phase[done : done + m] = turns.astype(np.uint16).view(np.int16)
                state[done : done + m] = self._state[self._at : self._at + m]
            self._at += m
            done += m
        return done

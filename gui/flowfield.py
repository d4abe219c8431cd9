"""The local direction of the wave at each electrode: downhill on the phase map, from the electrodes around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

REACH = 1.6
"""Pitches to the neighbours that count: the eight around on a grid."""
LEAST_RAD_MM = 1e-3
"""What is flatter goes nowhere."""


class FlowField:
    """Of one probe.

    Parameters
    ----------
    places_mm : (n, 2)
    pitch_mm : float
    bad : (n,) bool
        Electrodes that are left out.
    """

    def __init__(self, places_mm: NDArray[np.float64], pitch_mm: float, bad: NDArray[np.bool_]) -> None:
        n = len(places_mm)
        near: list[NDArray[np.intp]] = []
        for i, place in enumerate(places_mm):
            apart = np.hypot(*(places_mm - place).T)
            near.append(np.flatnonzero((apart < REACH * pitch_mm) & (apart > 0) & ~bad) if not bad[i] else np.zeros(0, np.intp))
        most = max((len(them) for them in near), default=0)
        self._near, self._solve = np.zeros((n, most), np.intp), np.zeros((n, 2, most))
        for i, them in enumerate(near):
            self._near[i] = i
            self._near[i, : len(them)] = them
            if len(them):
                self._solve[i, :, : len(them)] = np.linalg.pinv(places_mm[them] - places_mm[i])
        self.there = np.array([len(them) > 0 for them in near])

    def directions(self, phase_rad: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, 2) unit vectors of the way the wave goes at each electrode; NaN where nothing tells."""
        phase = np.asarray(phase_rad, np.float64)
        steps = (phase[self._near] - phase[:, None] + np.pi) % (2 * np.pi) - np.pi
        uphill = np.einsum("ijk,ik->ij", self._solve, steps)
        steep = np.hypot(uphill[:, 0], uphill[:, 1])
        going = self.there & (steep > LEAST_RAD_MM)
        out = np.full(uphill.shape, np.nan)
        out[going] = -uphill[going] / steep[going, None]
        return out

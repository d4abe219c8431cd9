"""Wave vectors to try on an array, and the one under which its electrodes add up best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STEPS = 37
EDGE_RAD = 3.1
"""Phase at the edge of the array at the largest wave vector that is tried."""
Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


def steering(positions_mm: Floats) -> tuple[Floats, Complex]:
    """(STEPS, STEPS, 2) wave vectors and (STEPS * STEPS, m) what each does to the electrodes, conjugated."""
    centred = positions_mm - positions_mm.mean(axis=0)
    reach = EDGE_RAD / max(float(np.abs(centred).max()), 1e-9)
    line = np.linspace(-reach, reach, STEPS)
    k = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1)
    return k, np.exp(1j * (k.reshape(-1, 2) @ centred.T))


def summit(power: Floats, k: Floats) -> Floats:
    """Wave vectors (n, 2) at the top of the parabola through the largest power and its neighbours.

    Parameters
    ----------
    power : (n, STEPS * STEPS)
    k : (STEPS, STEPS, 2)
    """
    surface = power.reshape(-1, STEPS, STEPS)
    best = power.argmax(axis=1)
    i, j = np.clip(best // STEPS, 1, STEPS - 2), np.clip(best % STEPS, 1, STEPS - 2)
    n, step = np.arange(len(power)), k[1, 0, 0] - k[0, 0, 0]
    found: Floats = k[i, j].copy()
    for axis, (di, dj) in enumerate(((1, 0), (0, 1))):
        before, here, after = surface[n, i - di, j - dj], surface[n, i, j], surface[n, i + di, j + dj]
        bend = before - 2 * here + after
        found[:, axis] += step * np.clip(0.5 * (before - after) / np.where(bend < 0, bend, -np.inf), -1, 1)
    return found

"""Electrode layouts of the kinds that people have, mm."""

import numpy as np
from support.waves import grid


def staggered(rows=96, pitch=0.02):
    """Four columns, neighbouring rows shifted by half a column, as on a silicon probe."""
    y = np.repeat(np.arange(rows) * pitch, 4)
    x = np.tile(np.arange(4) * pitch, rows) + np.repeat(np.arange(rows) % 2, 4) * pitch / 2
    return np.column_stack([x, y])


LAYOUTS = {
    "grid": grid(),
    "staggered columns": staggered(),
    "strip": grid(1, 6, 10.0),
    "irregular": np.random.default_rng(5).uniform(-2, 2, (60, 2)),
    "linear probe": grid(32, 1, 0.1),
    "ring": 2 * np.column_stack([np.cos(np.arange(24) * np.pi / 12), np.sin(np.arange(24) * np.pi / 12)]),
    "single electrode": np.zeros((1, 2)),
}


def length_mm(xy):
    """Of the longer side; 1 where there is none."""
    return float(np.ptp(xy, axis=0).max()) or 1.0

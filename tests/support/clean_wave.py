"""A plane wave that nothing disturbs: what every peer has to get right."""

import numpy as np
from wavestim.controller.bench.scenes import Scene

DIRECTION_DEG, FREQUENCY_HZ, K_RAD_MM = 30.0, 13.0, 0.6


def clean(noise_uv=0.5, seconds=5.5, fs_hz=500.0):
    line = (np.arange(4) - 1.5) * 0.4
    xy = np.column_stack([np.tile(line, 4), np.repeat(line, 4)])
    k = K_RAD_MM * np.array([np.cos(np.radians(DIRECTION_DEG)), np.sin(np.radians(DIRECTION_DEG))])
    n = round(seconds * fs_hz)
    phase = 2 * np.pi * FREQUENCY_HZ * np.arange(n)[:, None] / fs_hz - xy @ k
    noise = noise_uv * np.random.default_rng(3).standard_normal(phase.shape)
    return Scene(
        lfp=(50 * np.cos(phase) + noise).astype(np.float32), fs_hz=fs_hz, positions_mm=xy, band_hz=(8.0, 24.0), phase=phase,
        amplitude=np.full_like(phase, 50.0), direction_deg=np.full(n, DIRECTION_DEG),
        speed_mm_s=np.full(n, 2 * np.pi * FREQUENCY_HZ / K_RAD_MM), kind=np.full(n, "planar"), evaluate_from=round(4 * fs_hz),
    )  # fmt: skip

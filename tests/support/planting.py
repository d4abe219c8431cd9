"""Planted sessions as the tests ask them."""

from __future__ import annotations

import numpy as np
from wavestim.controller.context.filters import analytic
from wavestim.controller.context.information import Trials
from wavestim.controller.context.planted import Scene, plant

BAND_HZ = (4.0, 48.0)
GRID = np.column_stack([np.tile(np.arange(6), 6), np.repeat(np.arange(6), 6)]) * 0.4


def scene(**change) -> Scene:
    """A grid of 6 x 6 with a wave along +x whose code goes at 35 mm/s."""
    given = {"positions_mm": GRID, "direction_deg": 0.0, "speed_mm_s": 200.0, "code_speed_mm_s": 35.0, "code_uv": 50.0, "noise_uv": 20.0}
    return Scene(**{**given, **change})


def trials(kind: str, of: Scene, n: int, seed: int, lags: int = 4) -> Trials:
    """Patterns every 12 ms after each token."""
    p = plant(kind, of, n, seed)
    z = analytic(p.samples_uv, of.fs_hz, BAND_HZ)
    cuts = np.arange(3, round(of.period_ms * of.fs_hz / 1e3), 3)
    return Trials(z[p.onset[:, None] + cuts], p.token, np.ones(n, bool), cuts * 1e3 / of.fs_hz, of.period_ms, of.n_tokens, lags)

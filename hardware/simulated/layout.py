"""Where things lie: which units an electrode hears, which an LED lights, where tokens enter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .config import LightConfig, Tokens
from .opened import fluxes, photocycle, shares


def bilinear(xy: NDArray[np.float64], pitch: float, nx: int, ny: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The four units around each electrode and their weights."""
    g = np.round(xy / pitch, 9)
    i = np.minimum(np.floor(g).astype(np.int32), np.array([nx - 2, ny - 2], np.int32))
    f = (g - i).astype(np.float64)
    at = i[:, 1] * nx + i[:, 0]
    index = np.column_stack([at, at + 1, at + nx, at + nx + 1]).astype(np.int32)
    fx, fy = f.T
    weight = np.column_stack([(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy])
    return index, weight.astype(np.float32)


def window(nx: int, ny: int, margin: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Units under the array with their right and upper neighbours."""
    m = margin
    x, y = np.meshgrid(np.arange(m, max(nx - m - 1, m + 1)), np.arange(m, max(ny - m - 1, m + 1)))
    at = (y * nx + x).ravel()
    return at, at + 1, at + nx


def light_tables(
    light: LightConfig, units: NDArray[np.float64], leds_mm: NDArray[np.float64], positions_mm: NDArray[np.float64]
) -> dict[str, Any]:
    """What ``Tissue`` needs to know of the light: which LED reaches which unit, the opsins there, and the artefact at each electrode."""
    share = shares(light, leds_mm, units)
    cells = np.flatnonzero((share > 1e-2 * share.max(initial=np.inf if share.size == 0 else 0.0)).any(axis=0))
    d = np.hypot(*(leds_mm[:, None, i] - positions_mm[None, :, i] for i in range(2)))
    near = 1.0 / (1.0 + (d / 0.3) ** 2)
    return {
        "cells": np.tile(cells, len(light.opsins())).astype(np.int32),
        "flux": np.hstack(fluxes(light, share[:, cells])),
        "cycle": photocycle(light, len(cells)),
        "gain_per_s": np.repeat([opsin.sign * light.gain_per_s for opsin in light.opsins()], len(cells)),
        "artefact_uv": light.artefact_uv * near,
        "edge_uv": light.edge_uv * near,
        "charge_ms": light.charge_ms,
        "decay_ms": light.decay_ms,
    }


def token_drive(
    tokens: Tokens | None, direction_deg: float, units: NDArray[np.float64], positions_mm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Each token's place lies on the upstream edge of the electrode array, side by side."""
    if tokens is None:
        return np.zeros((0, len(units)))
    centre = 0.5 * (positions_mm.min(axis=0) + positions_mm.max(axis=0))
    angle = math.radians(direction_deg)
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    reach = float(np.abs((positions_mm - centre) @ along).max())
    width = float(np.abs((positions_mm - centre) @ across).max())
    places = centre - reach * along + np.linspace(-0.9, 0.9, tokens.n_tokens)[:, None] * width * across
    d2 = ((places[:, None, :] - units[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(tokens.drive_per_s * np.exp(-d2 / (2 * tokens.width_mm**2)))

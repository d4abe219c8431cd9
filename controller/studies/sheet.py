"""The sheet of delay-coupled units that studies show tokens to: how it is made from a plan, where tokens enter, its state after each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.simulated.network import Network
from wavestim.hardware.simulated.wiring import Wiring


def places(p: Mapping[str, Any], units_mm: NDArray[np.float64]) -> NDArray[np.float32]:
    """What each token drives, (n_tokens, n_units): spots along the left edge, or spread over the sheet."""
    far = (p["side"] - 1) * p["pitch_mm"]
    if p.get("spread"):
        x, y = np.meshgrid([0.27 * far, 0.73 * far], np.linspace(0.27, 0.73, -(-p["n_tokens"] // 2)) * far)
        spots = np.column_stack([x.ravel(), y.ravel()])[: p["n_tokens"]]
    else:
        spots = np.column_stack([np.full(p["n_tokens"], far / 15), np.linspace(0.1, 0.9, p["n_tokens"]) * far])
    d2 = ((spots[:, None] - units_mm[None]) ** 2).sum(axis=2)
    return np.asarray(np.exp(-d2 / (2 * p["width_mm"] ** 2)), np.float32)


def network(p: Mapping[str, Any], wiring: Wiring, n_runs: int, seed: int) -> Network:
    """The units of a plan on these connections; the seed is that of their noise."""
    return Network(
        wiring.n_units,
        wiring.first,
        wiring.source,
        wiring.weight,
        wiring.delay_s,
        tau_s=p["tau_ms"] / 1000,
        frequency_hz=p["frequency_hz"],
        saturation=p["saturation"],
        noise=p["noise"],
        n_runs=n_runs,
        seed=seed,
    )


def shown(p: Mapping[str, Any], network: Network, drive: NDArray[np.float32], tokens: NDArray[np.int64]) -> NDArray[np.complex64]:
    """The state (n_periods, n_units, n_runs) at the end of each period while tokens (n_periods, n_runs) are shown, each by its drive."""
    dark = np.zeros((network.n_units, network.n_runs), np.float32)
    states = np.empty((len(tokens), network.n_units, network.n_runs), np.complex64)
    for i, row in enumerate(tokens):
        network.advance(p["pulse_ms"], drive[row].T)
        network.advance(p["period_ms"] - p["pulse_ms"], dark)
        states[i] = network.z
    return states

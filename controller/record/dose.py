"""How much light every LED gave, and how much it warmed the tissue.

Warming: superposition of first-order responses fitted to the heat equation in perfused brain (Pennes; constants of Stujenske, Spellman &
Gordon 2015, Cell Rep 12:525) for an absorbing blob of sigma 0.4 mm, as if every photon were absorbed: an upper bound away from the surface.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

TAU_S = np.array([0.1, 0.3, 1.0, 3.0, 10.0, 40.0])
K_PER_MW = np.array([0.0007, 0.0419, 0.0843, 0.0668, 0.0482, 0.0242])
SLOW = TAU_S >= 3.0
"""Only slow warming reaches the neighbours."""
NEIGHBOUR_MM = np.array([0.0, 1.0, 2.0, 4.0, 8.0])
NEIGHBOUR = np.array([1.0, 0.44, 0.17, 0.05, 0.0])
"""Steady warming at a distance, relative to that at the site."""
Floats = NDArray[np.float64]


def dose(pulses: list[tuple[float, list[tuple[int, float, float]]]], leds_mm: Floats, spot_mm: float) -> dict[str, Any]:
    """Sum up the light of a session.

    Parameters
    ----------
    pulses : list of (start_s, [(led, width_s, irradiance_mw_mm2), ...])
        In the order of time.
    leds_mm : (m, 2)
    spot_mm : float
        Diameter of an LED's face.

    Returns
    -------
    dict
        ``lit_ms_per_site``, ``energy_mj_mm2_per_site``, ``max_temperature_rise_c``, ``hottest_site``.
    """
    leds = np.asarray(leds_mm, dtype=np.float64).reshape(-1, 2)
    area = np.pi * (spot_mm / 2) ** 2
    distance = np.hypot(*(leds[:, None] - leds[None]).transpose(2, 0, 1)) if len(leds) else np.zeros((0, 0))
    spread = np.interp(distance, NEIGHBOUR_MM, NEIGHBOUR) * K_PER_MW.sum() / K_PER_MW[SLOW].sum()  # of all the steady warming
    np.fill_diagonal(spread, 1.0)
    lit, energy = np.zeros(len(leds)), np.zeros(len(leds))
    state = np.zeros((len(TAU_S), len(leds)))
    last, hottest, where = 0.0, 0.0, -1
    for start, entries in pulses:
        state *= np.exp(-max(start - last, 0.0) / TAU_S)[:, None]
        last = start
        for led, width, irradiance in entries:
            lit[led] += width * 1e3
            energy[led] += width * irradiance
            state[:, led] += K_PER_MW * irradiance * area * (1 - np.exp(-width / TAU_S))
        rise = state[~SLOW].sum(axis=0) + spread @ state[SLOW].sum(axis=0)
        if len(rise) and rise.max() > hottest:
            hottest, where = float(rise.max()), int(rise.argmax())
    return {
        "lit_ms_per_site": lit.round(3).tolist(),
        "energy_mj_mm2_per_site": energy.round(6).tolist(),
        "max_temperature_rise_c": round(hottest, 6),
        "hottest_site": where,
    }


def entries_of(slots: list[Mapping[str, Any]], slot: int) -> list[tuple[int, float, float]]:
    """(led, width_s, irradiance) of a slot, from what the session keeps of its light plan."""
    return [(int(led), float(width) / 1e6, float(irradiance)) for led, _, width, irradiance in slots[slot]["entries"]]

"""How much light every LED gave, and how much it warmed the tissue (:mod:`wavestim.controller.experiment.thermal`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment.thermal import K_PER_MW, SLOW, TAU_S, area_mm2, neighbour_share

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
    area = area_mm2(spot_mm)
    spread = neighbour_share(leds) * K_PER_MW.sum() / K_PER_MW[SLOW].sum()  # of all the steady warming
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

"""How much light every LED gave, and how much it warmed the tissue (:mod:`wavestim.controller.experiment.thermal`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment.thermal import SIGMA_MM, rises_c

Floats = NDArray[np.float64]


def dose(
    pulses: list[tuple[float, list[tuple[int, float, float]]]],
    leds_mm: Floats,
    spot_mm: float,
    *,
    sigma_mm: float = SIGMA_MM["apart"],
    wall_plug: float = 1.0,
) -> dict[str, Any]:
    """Sum up the light of a session.

    Parameters
    ----------
    pulses : list of (start_s, [(led, width_s, irradiance_mw_mm2), ...])
        In the order of time.
    leds_mm : (m, 2)
    spot_mm : float
        Diameter of an LED's face.
    sigma_mm, wall_plug : float
        How narrowly its light is absorbed, and how much of its power is light.

    Returns
    -------
    dict
        ``lit_ms_per_site``, ``energy_mj_mm2_per_site``, ``max_temperature_rise_c``, ``hottest_site``.
    """
    leds = np.asarray(leds_mm, dtype=np.float64).reshape(-1, 2)
    lit, energy = np.zeros(len(leds)), np.zeros(len(leds))
    for _, entries in pulses:
        for led, width, irradiance in entries:
            lit[led] += width * 1e3
            energy[led] += width * irradiance
    rises = rises_c(pulses, leds, spot_mm, sigma_mm=sigma_mm, wall_plug=wall_plug)
    hottest = float(rises.max(initial=0.0))
    return {
        "lit_ms_per_site": lit.round(3).tolist(),
        "energy_mj_mm2_per_site": energy.round(6).tolist(),
        "max_temperature_rise_c": round(hottest, 6),
        "hottest_site": int(rises.max(axis=0).argmax()) if hottest > 0 else -1,
    }


def entries_of(slots: list[Mapping[str, Any]], slot: int) -> list[tuple[int, float, float]]:
    """(led, width_s, irradiance) of a slot, from what the session keeps of its light plan."""
    return [(int(led), float(width) / 1e6, float(irradiance)) for led, _, width, irradiance in slots[slot]["entries"]]

"""How much light every LED gave, and how much it warmed the tissue (:mod:`wavestim.controller.experiment.thermal`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from wavestim.controller.experiment.thermal import Faces, Pulses, rises_c


def dose(pulses: Pulses, faces: Faces) -> dict[str, Any]:
    """Sum up the light of a session.

    Returns
    -------
    dict
        ``lit_ms_per_site``, ``energy_mj_mm2_per_site``, ``max_temperature_rise_c``, ``hottest_site``.
    """
    n_leds = len(faces.leds_mm)
    lit, energy = np.zeros((2, n_leds))
    for _, entries in pulses:
        for led, width, irradiance in entries:
            lit[led] += width * 1e3
            energy[led] += width * irradiance
    rises = rises_c(pulses, faces)
    hottest = float(rises.max(initial=0.0))
    return {
        "lit_ms_per_site": lit.round(3).tolist(),
        "energy_mj_mm2_per_site": energy.round(6).tolist(),
        "max_temperature_rise_c": round(hottest, 6),
        "hottest_site": int(rises.max(axis=0).argmax()) if hottest > 0 else -1,
    }


def slots_of(about: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every pattern of a session, as its journal has them: those of its plan, and behind them those for light by hand."""
    return [*about.get("slots", ()), *about.get("manual_slots", ())]


def entries_of(slots: list[Mapping[str, Any]], slot: int) -> list[tuple[int, float, float]]:
    """(led, width_s, irradiance) of a slot, from what the session keeps of its light plan."""
    return [(int(led), float(width) / 1e6, float(irradiance)) for led, _, width, irradiance in slots[slot]["entries"]]

"""How much light warms the tissue: an upper bound away from the surface.

Superposition of first-order responses fitted to the heat equation in perfused brain (Pennes; constants of Stujenske, Spellman & Gordon
2015, Cell Rep 12:525) for an absorbing blob of sigma 0.4 mm, as if every photon were absorbed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import patterns
from wavestim.controller.experiment._types import PatternEntry, Plan
from wavestim.controller.experiment.limits import dark_slots, shortest_period_ms
from wavestim.controller.experiment.schema import Experiment

Floats = NDArray[np.float64]
TAU_S = np.array([0.1, 0.3, 1.0, 3.0, 10.0, 40.0])
K_PER_MW = np.array([0.0007, 0.0419, 0.0843, 0.0668, 0.0482, 0.0242])
SLOW = TAU_S >= 3.0
"""Only slow warming reaches the neighbours."""
NEIGHBOUR_MM = np.array([0.0, 1.0, 2.0, 4.0, 8.0])
NEIGHBOUR = np.array([1.0, 0.44, 0.17, 0.05, 0.0])
"""Steady warming at a distance, relative to that at the site."""


def area_mm2(spot_mm: float) -> float:
    """Area of a round spot."""
    return float(np.pi * (spot_mm / 2) ** 2)


def neighbour_share(leds_mm: ArrayLike) -> Floats:
    """(m, m) steady warming at one LED from light at another, relative to the steady warming at the LED itself."""
    leds = np.asarray(leds_mm, dtype=np.float64).reshape(-1, 2)
    distance = np.hypot(*(leds[:, None] - leds[None]).transpose(2, 0, 1)) if len(leds) else np.zeros((0, 0))
    return np.asarray(np.interp(distance, NEIGHBOUR_MM, NEIGHBOUR))


def steady_rise_c(
    entries: Sequence[PatternEntry], irradiances: Sequence[float], period_s: float, leds_mm: ArrayLike, spot_mm: float
) -> float:
    """Warming at the hottest LED when a pattern comes every period for ever: its mean, and the ripple of one pattern on top.

    Parameters
    ----------
    entries : sequence of PatternEntry
    irradiances : sequence of float
        mW/mm2 of each entry.
    period_s : float
    leds_mm : (m, 2)
    spot_mm : float
        Diameter of an LED's face.
    """
    share = neighbour_share(leds_mm)
    mean_mw, ripple = np.zeros(len(share)), np.zeros(len(share))
    for entry, irradiance in zip(entries, irradiances, strict=True):
        power_mw, width_s = irradiance * area_mm2(spot_mm), entry.width_us / 1e6
        mean_mw[entry.site] += power_mw * width_s / period_s
        ripple[entry.site] += float(K_PER_MW @ (1 - np.exp(-width_s / TAU_S))) * power_mw
    return float((K_PER_MW.sum() * share @ mean_mw + ripple).max(initial=0.0))


def check_warming(experiment: Experiment, plan: Plan, leds_mm: ArrayLike) -> None:
    """Refuse a plan of which any pattern, fired as fast as the experiment allows for ever, warms an LED's site beyond the limit.

    Raises
    ------
    ExperimentError
        Naming the pattern and the two temperatures.
    """
    limit, period_ms = experiment.safety.max_temperature_rise_c, shortest_period_ms(experiment)
    dark = dark_slots(plan)
    for index, slot in enumerate(plan.slots):
        if index in dark:
            continue
        levels = [patterns.irradiance_of(experiment, e.level) for e in slot.entries]
        rise = steady_rise_c(slot.entries, levels, period_ms / 1000, leds_mm, experiment.leds.spot_mm)
        if rise > limit:
            raise ExperimentError(
                f"{experiment.name}: pattern '{slot.name}' every {period_ms:.4g} ms would warm the tissue by {rise:.3g} degrees C, but "
                f"safety.max_temperature_rise_c is {limit:g}; lower irradiance_mw_mm2 or width_ms, or raise trigger.refractory_ms"
            )

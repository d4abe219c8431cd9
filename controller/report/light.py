"""How long the light of each pulse lasted, from the experiment and the wave it met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from wavestim.controller.experiment.bank import SPEED_RANGE_MM_S, extent_mm
from wavestim.controller.report._session import Floats, Pulses, SessionLike

LONGEST_MS = 200.0
BANK_STEP = 1.4
"""The light is at most this much slower than the wave: half a step of a bank of speeds."""


def leds_mm(session: SessionLike) -> Floats:
    """LED positions, as the experiment has them."""
    leds = session.experiment.get("leds", {})
    given = leds.get("positions_mm") if isinstance(leds, Mapping) else None
    if given:
        return np.asarray(given, dtype=np.float64).reshape(-1, 2)
    positions = np.asarray(session.positions_mm, dtype=np.float64).reshape(-1, 2)
    try:
        from wavestim.controller.experiment import Experiment, led_positions

        experiment = Experiment.model_validate(dict(session.experiment))
        return led_positions(experiment, positions)
    except (ValueError, TypeError):
        return positions[::4]


def pattern_length_ms(session: SessionLike, pulses: Pulses) -> Floats:
    """Upper bound of the time from light-on at the site to the end of the longest pattern of any condition, per pulse.

    It depends on the wave and the place alone, not on the condition that was drawn, so that leaving out long ones is fair to all.
    """
    leds = leds_mm(session)
    positions = np.asarray(session.positions_mm, dtype=np.float64).reshape(-1, 2)
    reach = np.zeros(len(pulses))
    for site in np.unique(pulses.site):
        if 0 <= site < len(positions):
            nearest = leds[np.argmin(np.hypot(*(leds - positions[site]).T))]
            reach[pulses.site == site] = np.hypot(*(leds - nearest).T).max()
    lengths = np.zeros(len(pulses))
    for condition in session.experiment.get("conditions", []):
        pattern = condition.get("pattern", {}) if isinstance(condition, Mapping) else {}
        if isinstance(pattern, Mapping):
            lengths = np.maximum(lengths, _remaining_ms(pattern, pulses.speed_mm_s, reach, extent_mm(leds)))
    return lengths


def _remaining_ms(pattern: Mapping[str, Any], speeds_mm_s: Floats, reach_mm: Floats, span_mm: float) -> Floats:
    """How long a pattern shines after its light at the site."""
    width = float(pattern.get("width_ms") or 0.0)
    kind = pattern.get("kind")
    if kind == "sites":
        return np.full(len(speeds_mm_s), width + max(pattern.get("delays_ms") or [0.0]))
    if kind not in ("travelling", "shuffled"):
        return np.full(len(speeds_mm_s), width)
    fixed = pattern.get("speed_mm_s")
    wave = not isinstance(fixed, int | float)
    speeds = np.clip(speeds_mm_s / BANK_STEP, *SPEED_RANGE_MM_S) if wave else np.full(len(speeds_mm_s), float(str(fixed)))
    way = reach_mm if kind == "travelling" else np.full(len(speeds_mm_s), span_mm)
    return np.asarray(np.minimum(way / speeds * 1000 + width, LONGEST_MS), dtype=np.float64)

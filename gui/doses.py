"""How much of a limit is used: dose and warming as a part, a level and words. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wavestim.gui.words import hands

NEAR, FULL = 0.7, 0.95


@dataclass(frozen=True)
class Gauge:
    """``part`` of the limit, 0 to 1; None without a limit or a figure. ``level``: ``off``, ``good``, ``warn`` or ``bad``."""

    part: float | None
    level: str
    words: str


UNKNOWN = Gauge(None, "off", hands.NOT_MEASURED)


def dose(light: Mapping[str, Any]) -> Gauge:
    """Of ``light`` in a status."""
    return _gauge(light, "dose", "_mj_mm2", "mJ/mm²")


def warmth(light: Mapping[str, Any]) -> Gauge:
    """Of ``light`` in a status."""
    return _gauge(light, "rise", "_c", "°C")


def _gauge(light: Mapping[str, Any], name: str, unit: str, shown: str) -> Gauge:
    value, limit = light.get(f"{name}{unit}"), light.get(f"{name}_limit{unit}")
    if value is None:
        return UNKNOWN
    if not limit:
        return Gauge(None, "good", hands.used(value, None, shown, light.get(f"{name}_led"), ""))
    part = min(max(value / limit, 0.0), 1.0)
    level, near = ("bad", hands.FULL) if part >= FULL else ("warn", hands.NEAR) if part >= NEAR else ("good", "")
    return Gauge(part, level, hands.used(value, limit, shown, light.get(f"{name}_led"), near))

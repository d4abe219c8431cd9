"""A plan of light as the engine sees it, small and made up: two lit conditions that follow the wave, and a sham."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Slot:
    name: str
    lead_ms: float
    duration_ms: float
    reaches: bool = True


@dataclass(frozen=True)
class Condition:
    name: str
    dark: bool
    heading: str
    heading_deg: float
    slot0: int
    n_headings: int
    speeds_mm_s: tuple
    offset_deg: float = 0.0


@dataclass(frozen=True)
class Plan:
    slots: tuple
    conditions: tuple
    sequence: np.ndarray


def plan(lead_ms=8.0):
    slots = tuple(Slot(f"slot {i}", lead_ms, 20.0) for i in range(32))
    conditions = (
        Condition("with", False, "with", 0.0, 0, 16, (100.0, 200.0)),
        Condition("against", False, "against", 0.0, 0, 16, (100.0, 200.0)),
        Condition("sham", True, "with", 0.0, 0, 16, (100.0, 200.0)),
    )
    return Plan(slots, conditions, np.tile(np.array([0, 1, 2], np.int16), 100))

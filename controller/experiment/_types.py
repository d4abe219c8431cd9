"""What a plan is made of: pattern slots, conditions, and what has to be known of the board."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.lights import PatternEntry as PatternEntry

MAX_PATTERN_MS = 200.0
"""A pattern as a whole lasts at most this long."""
UNIT_US = 4
"""Delays and widths travel in units of 4 us."""

Heading = Literal["with", "against", "orthogonal", "fixed", "none"]
OFFSET_DEG: dict[Heading, float] = {"with": 0.0, "against": 180.0, "orthogonal": 90.0}
"""What is added to the direction of the wave to give the heading of the light."""


class Board(Protocol):
    """What a plan needs to know of the light driver; ``LightInfo`` has it."""

    @property
    def n_sites(self) -> int: ...
    @property
    def n_slots(self) -> int: ...
    @property
    def min_pulse_us(self) -> int: ...
    @property
    def max_pulse_us(self) -> int: ...
    @property
    def duty_max(self) -> float: ...
    @property
    def graded(self) -> bool: ...
    @property
    def bucket_ms(self) -> int: ...
    @property
    def bucket_window_ms(self) -> int: ...
    @property
    def max_lit(self) -> int: ...
    @property
    def max_entries(self) -> int: ...
    @property
    def delay_step_us(self) -> int: ...
    @property
    def width_step_us(self) -> int: ...
    @property
    def busy_us(self) -> int: ...
    @property
    def trains(self) -> bool: ...
    @property
    def overlaps(self) -> bool: ...


@dataclass(frozen=True)
class SlotPlan:
    """One uploaded pattern."""

    name: str
    entries: tuple[PatternEntry, ...]
    lead_ms: float
    """Delay of the LED nearest the trigger site: the pattern starts this much before light-on is due there."""
    duration_ms: float
    """From the first light to the last."""
    reaches: bool = True
    """It is there for the wave it is drawn for; else its light is withheld."""


@dataclass(frozen=True)
class ConditionPlan:
    """One arm: which slots it draws from. ``slot = slot0 + i_speed * n_headings + i_heading``."""

    name: str
    dark: bool
    heading: Heading
    heading_deg: float
    """``fixed``: the heading of the light; ``with``, ``against``, ``orthogonal``: what is added to the direction of the wave."""
    slot0: int
    n_headings: int
    """Bank heading ``i`` points at ``i * 360 / n_headings`` degrees; 1 when the heading is not chosen at run time."""
    speeds_mm_s: tuple[float, ...]
    """Bank speeds, rising; empty when the speed is not chosen at run time (then i_speed is 0)."""
    offset_deg: float = 0.0
    """What is added to the wanted phase."""


@dataclass(frozen=True)
class Plan:
    """All the light a session can make, and the order of its conditions."""

    slots: tuple[SlotPlan, ...]
    conditions: tuple[ConditionPlan, ...]
    sequence: NDArray[np.int16]
    n_leds: int
    """Of both colours, where there are two."""
    catches: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    """Which trials of the sequence stay dark whatever their condition; empty: none."""

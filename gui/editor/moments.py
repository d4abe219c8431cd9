"""A pattern as it would shine, moment by moment: read from the entries that the board would get."""

from __future__ import annotations

from dataclasses import dataclass

from wavestim.controller.experiment.patterns import lit_spans_us
from wavestim.controller.session.sketch import Sketch


@dataclass(frozen=True)
class Shown:
    """The pattern of one condition under one wave.

    Attributes
    ----------
    name : of the pattern.
    spans_us : when each LED is on.
    duration_us : to the end of its last light.
    heading_deg : where the light goes; None when it goes nowhere.
    by_wave : the wave chooses the pattern.
    dark : it never shines.
    """

    name: str
    spans_us: dict[int, list[tuple[int, int]]]
    duration_us: int
    heading_deg: float | None
    by_wave: bool
    dark: bool

    def lit(self, at_us: float) -> frozenset[int]:
        """LEDs that are on."""
        return frozenset(led for led, spans in self.spans_us.items() if any(a <= at_us < b for a, b in spans))

    def was_lit(self, at_us: float) -> frozenset[int]:
        """LEDs that have been on, and are not."""
        return frozenset(led for led, spans in self.spans_us.items() if spans[0][1] <= at_us) - self.lit(at_us)


def shown(sketch: Sketch, condition: int, direction_deg: float, speed_mm_s: float) -> Shown:
    """What the loop would fire for a condition under a wave of that direction and speed."""
    arm = sketch.plan.conditions[condition]
    slot = sketch.slot(condition, direction_deg, speed_mm_s)
    planned = sketch.plan.slots[slot]
    spans = lit_spans_us(planned.entries)
    end = max((b for each in spans.values() for _, b in each), default=0)
    by_wave = arm.n_headings > 1 or len(arm.speeds_mm_s) > 0
    return Shown(planned.name, spans, end, sketch.heading_deg(condition, slot), by_wave and not arm.dark, arm.dark)

"""Light by hand: the test pulses of single LEDs that an experiment allows, as patterns beyond its plan. As bright as its conditions are."""

from __future__ import annotations

import math
from dataclasses import dataclass

from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import patterns
from wavestim.controller.experiment._types import Board, Plan, SlotPlan
from wavestim.controller.experiment.abilities import beyond
from wavestim.controller.experiment.limits import check_slot, dark_slots
from wavestim.controller.experiment.schema import Experiment

WIDTHS_MS = (1.0, 2.0, 5.0, 10.0, 20.0)
"""Widths that are offered, as far as experiment and board allow them."""


@dataclass(frozen=True)
class ManualLight:
    """What may be asked for.

    Attributes
    ----------
    n_leds : int
    widths_ms : rising; empty when no LED can be tried alone.
    irradiance_mw_mm2 : of a test pulse; 0 when there is none.
    slots : one for each LED and width, widths outermost; their numbers follow those of the plan.
    why_not : why no LED can be tried alone, in words; "" when they can.
    """

    n_leds: int
    widths_ms: tuple[float, ...] = ()
    irradiance_mw_mm2: float = 0.0
    slots: tuple[SlotPlan, ...] = ()
    why_not: str = ""


def manual_light(experiment: Experiment, plan: Plan, n_leds: int, board: Board) -> ManualLight:
    """The test pulses of an experiment: each within the limits of file and board, as bright as its brightest condition.

    Parameters
    ----------
    experiment : Experiment
    plan : Plan
    n_leds : int
    board : LightInfo
        Needs room for one pattern beside those of the plan.
    """
    dark = dark_slots(plan)
    level = max((e.level for i, slot in enumerate(plan.slots) if i not in dark for e in slot.entries), default=0)
    if level == 0:
        return ManualLight(n_leds, why_not="no condition of this experiment gives light, so nobody said how bright a test pulse may be")
    if len(plan.slots) >= board.n_slots:
        return ManualLight(
            n_leds, why_not=f"the conditions take all {board.n_slots} patterns that the board holds; fire a condition's pattern"
        )
    widths = tuple(width for width in WIDTHS_MS if _allowed(experiment, board, _pulse(0, width, level)))
    if not widths:
        return ManualLight(n_leds, why_not="neither the limits of the experiment nor the board allow a pulse of 1 to 20 ms")
    slots = tuple(_pulse(led, width, level) for width in widths for led in range(n_leds))
    return ManualLight(n_leds, widths, patterns.irradiance_of(experiment, level), slots)


def _pulse(led: int, width_ms: float, level: int) -> SlotPlan:
    entries = patterns.sites((led,), None, width_ms, level)
    return SlotPlan(f"LED {led}, {width_ms:g} ms", entries, 0.0, patterns.duration_ms(entries))


def _allowed(experiment: Experiment, board: Board, slot: SlotPlan) -> bool:
    """How often is for the governor to say."""
    try:
        check_slot(experiment, slot, board, math.inf)
    except ExperimentError:
        return False
    return not beyond(slot, board)

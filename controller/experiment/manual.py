"""Light by hand: the test pulses of single LEDs that an experiment allows, as patterns beyond its plan. As bright as its conditions are."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass

from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import patterns
from wavestim.controller.experiment._types import Board, PatternEntry, Plan, SlotPlan
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
    irradiance_mw_mm2 : of a test pulse, of the brighter colour where there are two; 0 when there is none.
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

    Of two colours each goes by its own light; one that no condition lights is no brighter than the other.

    Parameters
    ----------
    experiment : Experiment
    plan : Plan
    n_leds : int
    board : LightInfo
        Needs room for one pattern beside those of the plan.
    """
    dark = dark_slots(plan)
    lit = [e for i, slot in enumerate(plan.slots) if i not in dark for e in slot.entries]
    brightest = max(patterns.faces_mw_mm2(experiment, lit, n_leds), default=0.0)
    if brightest == 0:
        return ManualLight(n_leds, why_not="no condition of this experiment gives light, so nobody said how bright a test pulse may be")
    if len(plan.slots) >= board.n_slots:
        return ManualLight(
            n_leds, why_not=f"the conditions take all {board.n_slots} patterns that the board holds; fire a condition's pattern"
        )
    levels = _levels(experiment, lit, brightest, n_leds)
    widths = tuple(w for w in WIDTHS_MS if all(_allowed(experiment, board, _pulse(i, w, level), n_leds) for i, level in enumerate(levels)))
    if not widths:
        return ManualLight(n_leds, why_not="neither the limits of the experiment nor the board allow a pulse of 1 to 20 ms")
    slots = tuple(_pulse(led, width, level) for width in widths for led, level in enumerate(levels))
    return ManualLight(n_leds, widths, brightest, slots)


def _levels(experiment: Experiment, lit: Sequence[PatternEntry], brightest_mw_mm2: float, n_leds: int) -> list[int]:
    """Of a test pulse of each LED."""
    places, levels = patterns.first_colour(experiment, n_leds), []
    for table, leds in zip(patterns.faces_by_level(experiment), (range(places), range(places, n_leds)), strict=False):
        allowed = bisect.bisect_right(table, brightest_mw_mm2 * (1 + 1e-9)) - 1
        levels += [max((e.level for e in lit if e.site in leds), default=max(allowed, 0))] * len(leds)
    return levels


def _pulse(led: int, width_ms: float, level: int) -> SlotPlan:
    entries = patterns.sites((led,), None, width_ms, level)
    return SlotPlan(f"LED {led}, {width_ms:g} ms", entries, 0.0, patterns.duration_ms(entries))


def _allowed(experiment: Experiment, board: Board, slot: SlotPlan, n_leds: int) -> bool:
    """How often is for the governor to say."""
    try:
        check_slot(experiment, slot, board, math.inf, n_leds)
    except ExperimentError:
        return False
    return not beyond(slot, board)

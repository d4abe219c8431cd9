"""What a kind of board cannot do is refused when the experiment is loaded, in one sentence, before anything is opened."""

from __future__ import annotations

from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._types import Board, Plan, SlotPlan
from wavestim.controller.experiment.limits import shortest_period_ms
from wavestim.controller.experiment.schema import Experiment


def check_abilities(experiment: Experiment, plan: Plan, board: Board) -> None:
    """Refuse a plan with a pattern that the board has no means for. Limits of safety are `check_light`'s.

    Raises
    ------
    ExperimentError
        Naming the pattern, what it asks for and what can be used instead.
    """
    for slot in plan.slots:
        why = beyond(slot, board)
        if why:
            raise ExperimentError(f"{experiment.name}: pattern '{slot.name}' {why}")
    busy_ms = board.busy_us / 1000
    period_ms = shortest_period_ms(experiment)
    longest = max(plan.slots, key=lambda slot: slot.duration_ms)
    if not board.overlaps and period_ms < longest.duration_ms:
        raise ExperimentError(
            f"{experiment.name}: light could be due every {period_ms:.4g} ms, but pattern '{longest.name}' lasts "
            f"{longest.duration_ms:.4g} ms and a {experiment.light.kind} "
            "gives one pattern after the other; raise trigger.refractory_ms, or speed_mm_s"
        )
    if period_ms < busy_ms:
        raise ExperimentError(
            f"{experiment.name}: light could be due every {period_ms:.4g} ms, but a {experiment.light.kind} is busy for {busy_ms:g} ms "
            f"with a pulse; set trigger.refractory_ms to {busy_ms:g} or more"
        )


def beyond(slot: SlotPlan, board: Board) -> str:
    """What the board has no means for, as the end of a sentence; "" when it can."""
    entries = slot.entries
    if not board.trains and len({e.site for e in entries}) < len(entries):
        return "lights an LED twice, but the board gives each LED one pulse per pattern; use a pattern that lights each LED once"
    if not board.delay_step_us and len({e.delay_us for e in entries}) > 1:
        return "lights its LEDs one after the other, but the board lights all at once; use kind: flash, or sites without delays_ms"
    for e in entries:
        if e.width_us % board.width_step_us:
            step_ms = board.width_step_us / 1000
            return f"has light {e.width_us / 1000:g} ms wide, but the board counts in {step_ms:g} ms; choose a multiple for width_ms"
    return ""

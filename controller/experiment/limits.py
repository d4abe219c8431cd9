"""The first wall: light that could break a limit is refused before anything is uploaded. Nothing is scaled or clipped."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import patterns
from wavestim.controller.experiment._trigger import OpenLoop
from wavestim.controller.experiment._types import MAX_PATTERN_MS, UNIT_US, Board, PatternEntry, Plan, SlotPlan
from wavestim.controller.experiment.schema import Experiment


def shortest_period_ms(experiment: Experiment) -> float:
    """Fastest the session can fire: the refractory time, or once per cycle at the upper edge of the band when that is 0."""
    trigger = experiment.trigger
    fastest = trigger.refractory_ms or 1000 / experiment.band_hz[1]
    if isinstance(trigger.policy, OpenLoop):
        return max(trigger.policy.period_ms, trigger.refractory_ms)
    return fastest


def check_light(experiment: Experiment, plan: Plan, light_info: Board) -> None:
    """Refuse a plan of which any pattern, fired as fast as the experiment allows, breaks a limit of the file or of the board.

    Raises
    ------
    ExperimentError
        Naming the pattern, the limit and the two numbers.
    """
    if len(plan.slots) > light_info.n_slots:
        raise ExperimentError(f"{experiment.name}: {len(plan.slots)} patterns, but the board holds {light_info.n_slots}; use fewer")
    period_ms = shortest_period_ms(experiment)
    dark = dark_slots(plan)
    for index, slot in enumerate(plan.slots):
        if index not in dark:
            check_slot(experiment, slot, light_info, period_ms, plan.n_leds)


def board_duty(board: Board) -> float:
    """Part of the time that the board lets a site be lit for good: its duty, or what keeps its bucket from running over.

    Light at this rate, in pulses as long as the board allows, never fills the bucket: it counts up to an eighth of its window too much.
    """
    if not board.bucket_ms:
        return board.duty_max
    return min(board.duty_max, (board.bucket_ms - board.max_pulse_us / 1000) / (board.bucket_window_ms * 9 / 8))


def most_lit(entries: Sequence[PatternEntry]) -> int:
    """How many LEDs are on at once."""
    edges = sorted((t, step) for spans in patterns.lit_spans_us(entries).values() for a, b in spans for t, step in ((a, 1), (b, -1)))
    return max(accumulate((step for _, step in edges), initial=0))


def _too_soon(entries: Sequence[PatternEntry], board: Board) -> dict[int, tuple[int, float]]:
    """LEDs that a pattern lights again before the board does: when it would, and from when it could, us after they came on."""
    found, before = {}, dict[int, PatternEntry]()
    for e in sorted(entries, key=lambda e: e.delay_us):
        last = before.get(e.site)
        if last is not None and (e.delay_us - last.delay_us) * board.duty_max < last.width_us * (1 - 1e-9):
            found[e.site] = e.delay_us - last.delay_us, last.width_us / board.duty_max
        before[e.site] = e
    return found


def dark_slots(plan: Plan) -> set[int]:
    """Slots that only shams use; they never shine."""
    used: dict[int, bool] = {}
    for condition in plan.conditions:
        n = condition.n_headings * max(1, len(condition.speeds_mm_s))
        for slot in range(condition.slot0, condition.slot0 + n):
            used[slot] = used.get(slot, False) or not condition.dark
    return {slot for slot, lit in used.items() if not lit}


def check_slot(experiment: Experiment, slot: SlotPlan, board: Board, period_ms: float, n_leds: int) -> None:
    """Refuse one pattern, fired so often at most; see :func:`check_light`."""
    safety = experiment.safety

    def refuse(what: str, limit: str) -> None:
        raise ExperimentError(f"{experiment.name}: pattern '{slot.name}': {what}, but {limit}")

    brightest = max(patterns.faces_mw_mm2(experiment, slot.entries, n_leds), default=0.0)
    if brightest > safety.max_irradiance_mw_mm2 * (1 + 1e-9):
        refuse(f"{brightest:.3g} mW/mm2", f"safety.max_irradiance_mw_mm2 is {safety.max_irradiance_mw_mm2:g}")
    if slot.duration_ms > MAX_PATTERN_MS:
        refuse(
            f"it lasts {slot.duration_ms:.4g} ms",
            f"a pattern lasts at most {MAX_PATTERN_MS:g} ms; raise speed_mm_s, lower delays, or light less",
        )
    for entry in slot.entries:
        if entry.site >= board.n_sites:
            refuse(f"it lights LED {entry.site}", f"the board drives {board.n_sites}, 0 to {board.n_sites - 1}")
        shortest = max(board.min_pulse_us, UNIT_US)
        if entry.width_us < shortest:
            refuse(
                f"its light is {entry.width_us / 1000:g} ms wide", f"the board's shortest pulse is {shortest / 1000:g} ms; raise width_ms"
            )
        if not board.graded and entry.level not in (0, patterns.FULL):
            full = patterns.irradiance_of(experiment, patterns.FULL, second=entry.site >= patterns.first_colour(experiment, n_leds))
            refuse("it is dimmed", f"the board can only switch its LEDs; ask for irradiance_mw_mm2: {full:g}, which is full power")
    for led, spans in patterns.lit_spans_us(slot.entries).items():
        longest = max(end - start for start, end in spans) / 1000
        duty = sum(end - start for start, end in spans) / 1000 / period_ms
        if longest > safety.max_pulse_ms * (1 + 1e-9):
            refuse(f"LED {led} is lit for {longest:g} ms", f"safety.max_pulse_ms is {safety.max_pulse_ms:g}; lower width_ms")
        if longest * 1000 > board.max_pulse_us:
            refuse(f"LED {led} is lit for {longest:g} ms", f"the board's longest pulse is {board.max_pulse_us / 1000:g} ms; lower width_ms")
        fastest = f"LED {led} could be lit {duty:.1%} of the time (one pattern every {period_ms:.4g} ms)"
        if duty > safety.max_duty * (1 + 1e-9):
            refuse(fastest, f"safety.max_duty allows {safety.max_duty:.1%}; raise trigger.refractory_ms or lower width_ms")
        allowed = board_duty(board)
        if duty > allowed * (1 + 1e-9):
            refuse(fastest, f"the board allows {allowed:.1%}; raise trigger.refractory_ms or lower width_ms")
    for led, rest in _too_soon(slot.entries, board).items():
        refuse(
            f"LED {led} is lit again {rest[0] / 1000:g} ms after it came on",
            f"the board lets it rest until {rest[1] / 1000:g} ms; raise delays_ms or lower width_ms",
        )
    if 0 < board.max_entries < len(slot.entries):
        refuse(f"it has {len(slot.entries)} pulses", f"the board holds {board.max_entries} in a pattern; light fewer LEDs, or less often")
    together = most_lit(slot.entries)
    if 0 < board.max_lit < together:
        refuse(f"it lights {together} LEDs at once", f"the board's supply carries {board.max_lit}; light fewer together")

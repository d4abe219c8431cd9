"""The light plan: every pattern a session can fire, which condition draws from which, and the balanced order of conditions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import bank as banks
from wavestim.controller.experiment import patterns
from wavestim.controller.experiment._pattern import Conjugate, Dark, Flash, Lag, LitPattern, Shuffled, Sites
from wavestim.controller.experiment._types import OFFSET_DEG, Board, ConditionPlan, Heading, PatternEntry, Plan, SlotPlan
from wavestim.controller.experiment.geometry import site_index
from wavestim.controller.experiment.lightdelay import begin_earlier
from wavestim.controller.experiment.schedule import catch_trials, condition_order
from wavestim.controller.experiment.schema import Experiment

Draw = Callable[[float, float], tuple[PatternEntry, ...]]
"""(heading_deg, speed_mm_s) -> entries."""
Reaches = Callable[[float, float], bool]
"""(heading_deg, speed_mm_s) -> the pattern is there for such a wave."""
ANTIPHASE_DEG = 180.0


@dataclass
class _Group:
    """Conditions that draw from the same slots."""

    key: tuple[object, ...]
    label: str
    draw: Draw
    headings: bool
    speeds: bool
    heading_deg: float
    speed_mm_s: float
    width_ms: float
    reaches: Reaches = lambda heading, speed: True
    bank: banks.Bank = field(default_factory=lambda: banks.Bank(1, ()))
    slot0: int = 0
    longer_ms: float = 0.0
    """How much later than the first colour the second ends."""


def plan(experiment: Experiment, positions_mm: ArrayLike, leds_mm: ArrayLike, light_info: Board) -> Plan:
    """Work out all the light of a session before it starts.

    Parameters
    ----------
    experiment : Experiment
        The conditions.
    positions_mm, leds_mm : array
        Electrodes (n, 2) and LEDs (m, 2).
    light_info : LightInfo
        What the board can hold.

    Returns
    -------
    Plan
        Slots in upload order, one ConditionPlan per condition, and the schedule.

    Raises
    ------
    ExperimentError
        When the board cannot hold it or a pattern names an LED that is not there.
    """
    leds = np.asarray(leds_mm, dtype=np.float64).reshape(-1, 2)
    if len(leds) > light_info.n_sites:
        raise ExperimentError(f"{experiment.name}: leds: {len(leds)} LEDs, but the board drives {light_info.n_sites}; give fewer")
    places = leds if experiment.leds.inhibition is None else leds[: len(leds) // 2]
    groups: dict[tuple[object, ...], _Group] = {}
    owner: list[_Group | None] = []
    for i, condition in enumerate(experiment.conditions):
        group = None if isinstance(condition.pattern, Dark) else _group(experiment, condition.pattern, f"conditions[{i}].pattern", places)
        owner.append(groups.setdefault(group.key, group) if group else None)
    if not groups:
        group = _dummy(leds)
        groups[group.key] = group
    _share_slots(experiment, list(groups.values()), leds, light_info.n_slots)
    unlead = [slot for group in groups.values() for slot in _draw(group)]
    site = site_index(experiment, positions_mm, leds, unlead)
    at = np.asarray(positions_mm, dtype=np.float64)[site]
    late = experiment.leds.on_delay_us
    if isinstance(late, tuple) and len(late) != len(leds):
        raise ExperimentError(f"{experiment.name}: leds.on_delay_us has {len(late)} delays for {len(leds)} LEDs; give one for each")
    slots = tuple(begin_earlier(replace(s, lead_ms=lead_ms(s.entries, leds, at)), late) for s in unlead)
    first = next((g for g in owner if g is not None), next(iter(groups.values())))
    lit_patterns = [None if isinstance(c.pattern, Dark) else c.pattern for c in experiment.conditions]
    first_lit = next((pattern for pattern in lit_patterns if pattern is not None), None)
    conditions = tuple(
        _condition(c.name, group or first, pattern or first_lit, dark=group is None)
        for c, group, pattern in zip(experiment.conditions, owner, lit_patterns, strict=True)
    )
    sequence = condition_order(len(conditions), experiment.seed, experiment.schedule)
    lit = [not isinstance(c.pattern, Dark) for c in experiment.conditions]
    return Plan(slots, conditions, sequence, len(leds), catch_trials(sequence, lit, experiment.seed, experiment.schedule))


def lead_ms(entries: Sequence[PatternEntry], leds_mm: NDArray[np.float64], site_mm: NDArray[np.float64]) -> float:
    """Delay of the LED nearest a place, among those the pattern lights (its first light when it repeats)."""
    nearest = min(entries, key=lambda e: (round(float(np.hypot(*(leds_mm[e.site] - site_mm))), 9), e.site, e.delay_us))
    return nearest.delay_us / 1000


def _group(experiment: Experiment, pattern: LitPattern, key: str, places: NDArray[np.float64]) -> _Group:
    group, second = _first_colour(experiment, pattern, key, places), pattern.inhibition
    if second is None:
        return group
    cycle, draw = _cycle_ms(experiment), group.draw
    level = patterns.level_for(experiment, second.irradiance_mw_mm2, f"{key}.inhibition", second=True)
    delay = cycle / 2 if second.delay_ms is None else second.delay_ms
    wrap = cycle if isinstance(pattern, Conjugate) else math.inf
    return replace(
        group,
        key=(*group.key, level, delay),
        draw=lambda heading, mm_s: patterns.with_second(draw(heading, mm_s), len(places), delay, level, wrap),
        longer_ms=0.0 if isinstance(pattern, Conjugate) else delay,
    )


def _cycle_ms(experiment: Experiment) -> float:
    return 1000 / math.sqrt(experiment.band_hz[0] * experiment.band_hz[1])


def _first_colour(experiment: Experiment, pattern: LitPattern, key: str, leds: NDArray[np.float64]) -> _Group:
    if isinstance(pattern, Sites):
        return _sites(experiment, pattern, key, len(leds))
    level = patterns.level_for(experiment, pattern.irradiance_mw_mm2, key)
    width, look = pattern.width_ms, (pattern.width_ms, level)
    if isinstance(pattern, Flash):
        return _single(("flash", *look), "flash", patterns.flash(len(leds), width, level), width)
    if isinstance(pattern, Conjugate):
        cycle = _cycle_ms(experiment)
        return _Group(
            ("conjugate", *look),
            "conjugate",
            lambda heading, mm_s: patterns.conjugate(leds, heading, mm_s, cycle, width, level),
            *(True, True, 0.0, 0.0, width),
        )
    if isinstance(pattern, Lag):
        return _lag(experiment, pattern, key, leds, level)
    relative, by_wave = isinstance(pattern.heading, str), pattern.speed_mm_s == "wave"
    fixed = 0.0 if isinstance(pattern.heading, str) else pattern.heading
    speed = 0.0 if isinstance(pattern.speed_mm_s, str) else pattern.speed_mm_s
    seed = experiment.seed

    def draw(heading: float, mm_s: float) -> tuple[PatternEntry, ...]:
        if isinstance(pattern, Shuffled):
            return patterns.shuffled(leds, heading, mm_s, width, level, seed)
        return patterns.travelling(leds, heading, mm_s, width, level)

    same = (pattern.kind, relative or fixed, pattern.speed_mm_s, *look)
    return _Group(same, pattern.kind, draw, relative, by_wave, fixed, speed, width)


def _sites(experiment: Experiment, pattern: Sites, key: str, n_places: int) -> _Group:
    """LEDs of the second colour may be named, too, unless the pattern lights them behind those of the first anyhow."""
    alone = experiment.leds.inhibition is not None and pattern.inhibition is None
    n, most = n_places * (2 if alone else 1), max(pattern.leds)
    if most >= n:
        raise ExperimentError(f"{experiment.name}: {key}.leds names LED {most}, but the LEDs are 0 to {n - 1}")
    levels = {
        s: patterns.level_for(experiment, pattern.irradiance_mw_mm2, key, second=s) for s in {led >= n_places for led in pattern.leds}
    }
    even = patterns.sites(pattern.leds, pattern.delays_ms, pattern.width_ms, patterns.FULL)
    entries = tuple(e._replace(level=levels[e.site >= n_places]) for e in even)
    return _single((*pattern.leds, pattern.delays_ms, pattern.width_ms, *levels.items()), "sites", entries, pattern.width_ms)


def _lag(experiment: Experiment, pattern: Lag, key: str, leds: NDArray[np.float64], level: int) -> _Group:
    lag, n = pattern.lag_ms, pattern.n_leds or max(1, round(math.sqrt(len(leds))))
    if n > len(leds):
        raise ExperimentError(f"{experiment.name}: {key}.n_leds asks for {n} LEDs, but there are {len(leds)}")
    slowest = max(banks.SPEED_RANGE_MM_S[0], banks.slowest_mm_s(leds, pattern.width_ms))
    if lag > banks.extent_mm(leds) / slowest * 1000:
        raise ExperimentError(
            f"{experiment.name}: {key}.lag_ms: no wave that the bank has is still under the LEDs after {lag:g} ms: "
            f"they span {banks.extent_mm(leds):.3g} mm, and the slowest wave goes {slowest:.3g} mm/s; ask for a shorter lag"
        )

    def draw(heading: float, mm_s: float) -> tuple[PatternEntry, ...]:
        return patterns.sites(patterns.crossed(leds, heading, mm_s, lag, n).tolist(), None, pattern.width_ms, level)

    def reaches(heading: float, mm_s: float) -> bool:
        return bool(lag <= patterns.travelling_delays_ms(leds, heading, mm_s).max())

    return _Group(("lag", lag, n, pattern.width_ms, level), f"lag {lag:g} ms", draw, True, True, 0.0, 0.0, pattern.width_ms, reaches)


def _single(key: tuple[object, ...], label: str, entries: tuple[PatternEntry, ...], width_ms: float) -> _Group:
    return _Group(key, label, lambda heading, speed: entries, False, False, 0.0, 0.0, width_ms)


def _dummy(leds: NDArray[np.float64]) -> _Group:
    """What an experiment of shams alone fires, dark: it gives them something to be timed by."""
    return _single(("dummy",), "dark", patterns.flash(min(len(leds), 1) or 1, 5.0, patterns.FULL), 5.0)


def _share_slots(experiment: Experiment, groups: Sequence[_Group], leds: NDArray[np.float64], n_slots: int) -> None:
    """Give each bank an equal share of the slots that single patterns leave, and number them."""
    wide = [g for g in groups if g.headings or g.speeds]
    left = n_slots - (len(groups) - len(wide))
    for n, group in enumerate(wide):
        share = left // (len(wide) - n)
        lasts_ms = group.width_ms + group.longer_ms
        chosen = banks.choose(share, leds, lasts_ms, headings=group.headings, speeds=group.speeds)
        if chosen is None and group.speeds and banks.slowest_mm_s(leds, lasts_ms) >= banks.SPEED_RANGE_MM_S[1]:
            second = f", {group.longer_ms:.4g} ms of which the second colour is late: lower its delay_ms, or" if group.longer_ms else ";"
            raise ExperimentError(
                f"{experiment.name}: leds span {banks.extent_mm(leds):.3g} mm, too far to cross "
                f"at {banks.SPEED_RANGE_MM_S[1]:g} mm/s within the 200 ms a pattern may last{second} light a smaller part"
            )
        if chosen is None:
            left = -1
            break
        group.bank = chosen
        left -= chosen.n_slots
    if left < 0:
        least = sum(min(banks.HEADINGS) if g.headings else 1 for g in groups)
        raise ExperimentError(f"{experiment.name}: conditions need {least} pattern slots or more, the board has {n_slots}; use fewer")
    slot = 0
    for group in groups:
        group.slot0 = slot
        slot += group.bank.n_slots


def _draw(group: _Group) -> list[SlotPlan]:
    """A group's slots, speeds outermost; what they lead by is not known yet."""
    chosen = group.headings or group.speeds or group.speed_mm_s > 0
    drawn = []
    for speed in group.bank.speeds_mm_s or (group.speed_mm_s,):
        for i in range(group.bank.n_headings):
            heading = i * 360 / group.bank.n_headings if group.headings else group.heading_deg
            name = f"{group.label} {heading:g} deg {speed:.3g} mm/s" if chosen else group.label
            entries = group.draw(heading, speed)
            drawn.append(SlotPlan(name, entries, 0.0, patterns.duration_ms(entries), group.reaches(heading, speed)))
    return drawn


def _condition(name: str, group: _Group, pattern: LitPattern | None, *, dark: bool) -> ConditionPlan:
    heading: Heading = "none"
    degrees = offset = 0.0
    if isinstance(pattern, Conjugate | Lag):
        heading = "with"
        offset = ANTIPHASE_DEG if isinstance(pattern, Conjugate) and pattern.relation == "antiphase" else 0.0
    elif not isinstance(pattern, Flash | Sites | None):
        heading = pattern.heading if isinstance(pattern.heading, str) else "fixed"
        degrees = pattern.heading if not isinstance(pattern.heading, str) else OFFSET_DEG[pattern.heading]
    return ConditionPlan(name, dark, heading, degrees, group.slot0, group.bank.n_headings, group.bank.speeds_mm_s, offset)

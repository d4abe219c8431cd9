"""Patterns as pure geometry: which LED lights when, for how long, how brightly. Nothing is ever brighter or longer than asked."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._types import UNIT_US, PatternEntry
from wavestim.controller.experiment.schema import Experiment

FULL = 255
Entries = tuple[PatternEntry, ...]


def quantise_us(ms: float) -> int:
    """A time in us, on the 4 us grid of the protocol."""
    return round(ms * 1000 / UNIT_US) * UNIT_US


def width_us(ms: float) -> int:
    """A pulse width in us, on the 4 us grid and never longer than asked."""
    return math.floor(ms * 1000 / UNIT_US + 1e-6) * UNIT_US


def power_curve(experiment: Experiment, *, second: bool) -> tuple[tuple[int, float], ...]:
    """Rising (level, mW/mm2) of an LED of the first or the second colour."""
    first, other = experiment.leds.power_curve, experiment.leds.inhibition
    own = other.power_curve if second and other is not None else None
    return own or first or ((0, 0.0), (FULL, experiment.safety.max_irradiance_mw_mm2))


def level_for(experiment: Experiment, irradiance_mw_mm2: float, key: str, *, second: bool = False) -> int:
    """The level (0..255 of the site's maximum) for an irradiance, through the power curve; never brighter than asked.

    Raises
    ------
    ExperimentError
        When the LED cannot be that bright or that dim.
    """
    levels, powers = zip(*power_curve(experiment, second=second), strict=True)
    at = f"{experiment.name}: {key}.irradiance_mw_mm2: {irradiance_mw_mm2:g} mW/mm2"
    if irradiance_mw_mm2 > powers[-1] * (1 + 1e-9):
        limit = "their power_curve" if powers != (0.0, experiment.safety.max_irradiance_mw_mm2) else "safety.max_irradiance_mw_mm2"
        raise ExperimentError(f"{at} is more than the {powers[-1]:g} mW/mm2 of {limit}; ask for less")
    exact = float(np.interp(irradiance_mw_mm2, powers, levels))
    level = math.floor(exact + 1e-6)
    if level < max(1, levels[0]) or irradiance_mw_mm2 < powers[0]:
        dimmest = float(np.interp(max(1, levels[0]), levels, powers))
        raise ExperimentError(f"{at} is dimmer than the first of the 255 steps; ask for at least {dimmest:.3g} mW/mm2")
    return level


def irradiance_of(experiment: Experiment, level: int, *, second: bool = False) -> float:
    """The irradiance that a level gives, in mW/mm2."""
    levels, powers = zip(*power_curve(experiment, second=second), strict=True)
    return float(np.interp(level, levels, powers))


def first_colour(experiment: Experiment, n_leds: int) -> int:
    """How many of the LEDs are of the first colour; those of the second follow."""
    return n_leds if experiment.leds.inhibition is None else n_leds // 2


def faces_mw_mm2(experiment: Experiment, entries: Sequence[PatternEntry], n_leds: int) -> list[float]:
    """Irradiance at the face of the LED of every entry."""
    places = first_colour(experiment, n_leds)
    return [irradiance_of(experiment, e.level, second=e.site >= places) for e in entries]


def faces_by_level(experiment: Experiment) -> list[list[float]]:
    """For each colour, mW/mm2 at the face by level, 0 to 255."""
    colours = (False,) if experiment.leds.inhibition is None else (False, True)
    return [[irradiance_of(experiment, level, second=second) for level in range(FULL + 1)] for second in colours]


def unmeasured(experiment: Experiment) -> str:
    """What is believed of real LEDs whose power nobody gave, as a sentence; "" when their curve is there or the light is simulated."""
    leds = experiment.leds
    if experiment.light.kind == "simulated":
        return ""
    if leds.power_curve is None:
        full = experiment.safety.max_irradiance_mw_mm2
        what = f"leds.power_curve is not given: full level is taken for {full:g} mW/mm2, which is safety.max_irradiance_mw_mm2"
    elif leds.inhibition is not None and leds.inhibition.power_curve is None:
        what = "leds.inhibition.power_curve is not given: LEDs of the second colour are taken to be as bright as those of the first"
    else:
        return ""
    return f"{what}. LEDs that give more break every limit unseen; measure them"


def flash(n_leds: int, width_ms: float, level: int) -> Entries:
    """Every LED at once."""
    return sites(range(n_leds), None, width_ms, level)


def sites(leds: Sequence[int], delays_ms: Sequence[float] | None, width_ms: float, level: int) -> Entries:
    """Chosen LEDs at chosen delays, ordered by time."""
    delays = [0.0] * len(leds) if delays_ms is None else delays_ms
    width = width_us(width_ms)
    entries = (PatternEntry(int(led), quantise_us(delay), width, level) for led, delay in zip(leds, delays, strict=True))
    return tuple(sorted(entries, key=lambda e: (e.delay_us, e.site)))


def travelling_delays_ms(leds_mm: ArrayLike, heading_deg: float, speed_mm_s: float) -> NDArray[np.float64]:
    """When each LED of a plane wave of light is lit: (r.u)/speed, from the earliest; u points along the heading."""
    leds = np.asarray(leds_mm, dtype=np.float64).reshape(-1, 2)
    u = np.array([math.cos(math.radians(heading_deg)), math.sin(math.radians(heading_deg))])
    along = leds @ u
    delays: NDArray[np.float64] = (along - along.min()) / speed_mm_s * 1000
    return delays


def travelling(leds_mm: ArrayLike, heading_deg: float, speed_mm_s: float, width_ms: float, level: int) -> Entries:
    """A plane wave of light."""
    delays = travelling_delays_ms(leds_mm, heading_deg, speed_mm_s)
    return sites(range(len(delays)), delays.tolist(), width_ms, level)


def shuffled(leds_mm: ArrayLike, heading_deg: float, speed_mm_s: float, width_ms: float, level: int, seed: int) -> Entries:
    """The light of ``travelling`` with the order of the LEDs scrambled: the same delays, dealt to other LEDs."""
    delays = travelling_delays_ms(leds_mm, heading_deg, speed_mm_s)
    order = np.random.Generator(np.random.PCG64([seed, len(delays)])).permutation(len(delays))
    return sites(range(len(delays)), delays[order].tolist(), width_ms, level)


def conjugate(leds_mm: ArrayLike, heading_deg: float, speed_mm_s: float, cycle_ms: float, width_ms: float, level: int) -> Entries:
    """Each LED at one phase of a plane wave, within a single cycle: LEDs a wavelength apart light together."""
    delays = np.mod(travelling_delays_ms(leds_mm, heading_deg, speed_mm_s), cycle_ms)
    return sites(range(len(delays)), delays.tolist(), width_ms, level)


def with_second(entries: Entries, n_places: int, delay_ms: float, level: int, wrap_ms: float = math.inf) -> Entries:
    """Every LED's place lit once more, by its second colour and so much later; ``wrap_ms``: within this cycle of the pattern."""
    later = (
        PatternEntry(e.site + n_places, quantise_us(math.fmod(e.delay_us / 1000 + delay_ms, wrap_ms)), e.width_us, level) for e in entries
    )
    return tuple(sorted((*entries, *later), key=lambda e: (e.delay_us, e.site)))


def crossed(leds_mm: ArrayLike, heading_deg: float, speed_mm_s: float, lag_ms: float, n_leds: int) -> NDArray[np.int64]:
    """LEDs that a plane wave crosses ``lag_ms`` after it entered at its edge of them: the ``n_leds`` nearest in travel time, rising."""
    off = np.abs(travelling_delays_ms(leds_mm, heading_deg, speed_mm_s) - lag_ms)
    return np.sort(np.argsort(np.round(off, 9), kind="stable")[:n_leds])


def dark() -> Entries:
    """Nothing."""
    return ()


def duration_ms(entries: Sequence[PatternEntry]) -> float:
    """From the start of the pattern to its last light."""
    return max((e.delay_us + e.width_us for e in entries), default=0) / 1000


def lit_spans_us(entries: Sequence[PatternEntry]) -> dict[int, list[tuple[int, int]]]:
    """When each LED is on, as it would shine: entries that touch or overlap are one span."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for entry in sorted(entries, key=lambda e: (e.site, e.delay_us)):
        own = spans.setdefault(entry.site, [])
        start, end = entry.delay_us, entry.delay_us + entry.width_us
        if own and start <= own[-1][1]:
            own[-1] = (own[-1][0], max(own[-1][1], end))
        else:
            own.append((start, end))
    return spans

"""The limits as the governor takes them: what every pattern does at every site at worst, worked out before the session.

The first wall holds the experiment against the same tables, so what it lets pass is not withheld later unless light comes faster than the
experiment said, or patterns that light a site at other moments follow each other closer than the site has to rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import irradiance, patterns
from wavestim.controller.experiment._trigger import OpenLoop
from wavestim.controller.experiment._types import Board, Plan, SlotPlan
from wavestim.controller.experiment.limits import board_duty, dark_slots, shortest_period_ms
from wavestim.controller.experiment.schema import Experiment
from wavestim.controller.experiment.thermal import SIGMA_MM, Heating, heat_mm2, heating
from wavestim.realtime.governor import decay
from wavestim.realtime.lightlimits import LightLimits

Floats = NDArray[np.float64]
HOUR_MS = 3_600_000.0
DIGITS = 9
"""Figures from the light model are rounded to so many digits: the last bits of its sines differ between machines."""


def light_limits(experiment: Experiment, plan: Plan, leds_mm: ArrayLike, board: Board, by_hand: Sequence[SlotPlan] = ()) -> LightLimits:
    """Everything the governor needs. Slots that only shams use are empty: they never shine.

    Parameters
    ----------
    experiment : Experiment
    plan : Plan
    leds_mm : (m, 2)
    board : LightInfo
        Of its limits and those of the experiment the tighter ones hold.
    by_hand : sequence of SlotPlan
        Patterns beyond the plan, whose rows follow; they shift nothing of what holds for the others.
    """
    slots, n_planned = (*plan.slots, *by_hand), len(plan.slots)
    safety, n_slots = experiment.safety, len(slots)
    model = heating(leds_mm, sigma_mm(experiment))
    n_sites, n_states = model.k_per_mw.shape[1:]
    tissue = irradiance.spread(leds_mm, experiment.leds)
    shares = _rounded(tissue.max(axis=0))
    np.fill_diagonal(shares, 1.0)
    one, by_site = np.zeros((4, n_slots)), np.zeros((6, n_slots, n_sites))
    reference, brightest, met, longest = one
    lit_from, lit_to, lit, ready, dose, peak = by_site
    heat, keep = np.zeros((n_slots, n_sites, n_states)), np.ones((n_slots, n_states))
    shining = sorted(set(range(n_slots)) - dark_slots(plan))
    for s in shining:
        reference[s] = 0.0 if isinstance(experiment.trigger.policy, OpenLoop) else slots[s].lead_ms / 1000
    planned = [s for s in shining if s < n_planned]  # light by hand comes while nothing else does
    meet = _meet([slots[s] for s in planned], reference[planned], shortest_period_ms(experiment))
    faces = [patterns.faces_mw_mm2(experiment, slot.entries, n_sites) for slot in slots]
    all_at_once = [_all_at_once([slots[s] for s in some], [faces[s] for s in some], tissue) for some in (planned, shining)]
    for s in shining:
        slot, by_plan = slots[s], s < n_planned
        alone = _rounded(np.array(irradiance.brightest(irradiance.lit_together(slot.entries, faces[s], n_sites), tissue)))
        met[s] = all_at_once[0 if by_plan else 1]
        brightest[s] = met[s] if meet and by_plan else alone
        for led, spans in patterns.lit_spans_us(slot.entries).items():
            lit_from[s, led], lit_to[s, led] = spans[0][0] / 1e6 - reference[s], spans[-1][1] / 1e6 - reference[s]
            lit[s, led] = sum(b - a for a, b in spans) / 1e6
            longest[s] = max(longest[s], *((b - a) / 1e6 for a, b in spans))
        given = np.zeros(n_sites)
        for entry, face in zip(slot.entries, faces[s], strict=True):
            given[entry.site] += face * entry.width_us / 1e6
            ready[s, entry.site] = (entry.delay_us + entry.width_us / board.duty_max) / 1e6 - reference[s]  # the last of a site counts
        dose[s] = sum((shares[:, j] * given[j] for j in range(n_sites)), np.zeros(n_sites))
        heat[s], peak[s] = _warming(model, slot, faces[s], heat_mm2(experiment.leds.spot_mm, experiment.leds.wall_plug), reference[s])
        first = min(e.delay_us for e in slot.entries) / 1e6 - reference[s]
        keep[s] = decay(first / model.tau_s)
    return LightLimits(
        max_irradiance_mw_mm2=safety.max_irradiance_mw_mm2,
        max_pulse_s=min(safety.max_pulse_ms / 1000, board.max_pulse_us / 1e6),
        max_duty=min(safety.max_duty, board_duty(board)),
        max_dose_mj_mm2=math.inf if safety.max_dose_mj_mm2_per_h is None else safety.max_dose_mj_mm2_per_h,
        max_rise_c=safety.max_temperature_rise_c,
        reference_s=reference,
        brightest_mw_mm2=brightest,
        met_mw_mm2=met,
        longest_s=longest,
        lit_from_s=lit_from,
        lit_to_s=lit_to,
        lit_s=lit,
        slack_s=_slack(lit_from[:n_planned], lit[:n_planned]),
        ready_s=ready,
        dose_mj_mm2=dose,
        tau_s=model.tau_s,
        heat_c=heat,
        keep=keep,
        peak_c=peak,
    )


def _meet(slots: Sequence[SlotPlan], reference_s: Floats, period_ms: float) -> bool:
    """As fast as the experiment allows, a pattern may begin before another has ended."""
    after = (slot.duration_ms - 1000 * at for slot, at in zip(slots, reference_s.tolist(), strict=True))
    return bool(period_ms < max(after, default=0.0) + 1000 * reference_s.max(initial=0.0))


def _all_at_once(slots: Sequence[SlotPlan], faces: Sequence[Sequence[float]], tissue: Floats) -> Floats:
    """Highest irradiance in the tissue if all these patterns were on together, each LED at its brightest."""
    lit = [pulse for slot, bright in zip(slots, faces, strict=True) for pulse in zip(slot.entries, bright, strict=True)]
    return _rounded(np.array(irradiance.brightest(irradiance.lit_at_most(lit, tissue.shape[2]), tissue)))


def sigma_mm(experiment: Experiment) -> float:
    """In how narrow a Gaussian the light is absorbed."""
    return SIGMA_MM[experiment.leds.contact]


def steady_rises_c(limits: LightLimits, period_ms: float) -> tuple[Floats, float]:
    """Warming when light comes every period for ever: of the hottest site for each pattern alone, and for any mixture of them.

    The mixture is a bound: at every site the worst history of any pattern, and on top the worst pattern.
    """
    left = decay(period_ms / 1000 / limits.tau_s)
    before = limits.heat_c * left / (1.0 - left) * limits.keep[:, None, :]
    alone = before.sum(axis=2) + limits.peak_c
    history = (limits.heat_c * left / (1.0 - left)).max(axis=0, initial=0.0) * limits.keep.max(axis=0)
    mixed = history.sum(axis=1) + limits.peak_c.max(axis=0, initial=0.0)
    return alone.max(axis=1, initial=0.0), float(mixed.max(initial=0.0))


def doses_per_h(limits: LightLimits, period_ms: float) -> Floats:
    """(s,) dose of the worst site in an hour of one pattern a period, mJ/mm2."""
    return np.asarray(limits.dose_mj_mm2.max(axis=1, initial=0.0) * HOUR_MS / period_ms)


def check_budget(experiment: Experiment, plan: Plan, limits: LightLimits) -> None:
    """Refuse a plan that, fired as fast as the experiment allows, would be too bright, give too much in an hour, or warm too much.

    Raises
    ------
    ExperimentError
        Naming the pattern, the limit and the two numbers.
    """
    safety, period_ms = experiment.safety, shortest_period_ms(experiment)
    warming, mixed = steady_rises_c(limits, period_ms)
    doses = doses_per_h(limits, period_ms)
    often = f"every {period_ms:.4g} ms"
    for s, slot in enumerate(plan.slots):
        at = f"{experiment.name}: pattern '{slot.name}'"
        if limits.brightest_mw_mm2[s] > safety.max_irradiance_mw_mm2 * (1 + 1e-9):
            raise ExperimentError(
                f"{at}: {limits.brightest_mw_mm2[s]:.4g} mW/mm2 where the light of LEDs that may be on together meets, but "
                f"safety.max_irradiance_mw_mm2 is {safety.max_irradiance_mw_mm2:g}; lower irradiance_mw_mm2"
            )
        if doses[s] > limits.max_dose_mj_mm2 * (1 + 1e-9):
            raise ExperimentError(
                f"{at} {often} would give a site {doses[s]:.4g} mJ/mm2 in an hour, but safety.max_dose_mj_mm2_per_h is "
                f"{limits.max_dose_mj_mm2:g}; lower irradiance_mw_mm2 or width_ms, or raise trigger.refractory_ms"
            )
        if warming[s] > limits.max_rise_c * (1 + 1e-9):
            raise ExperimentError(_too_warm(experiment, f"pattern '{slot.name}' {often}", warming[s]))
    if mixed > limits.max_rise_c * (1 + 1e-9):
        raise ExperimentError(_too_warm(experiment, f"its patterns in the worst order, one {often},", mixed))


def _too_warm(experiment: Experiment, what: str, rise_c: float) -> str:
    return (
        f"{experiment.name}: {what} would warm the tissue by {rise_c:.3g} degrees C, but "
        f"safety.max_temperature_rise_c is {experiment.safety.max_temperature_rise_c:g}; "
        "lower irradiance_mw_mm2 or width_ms, or raise trigger.refractory_ms"
    )


def _warming(model: Heating, slot: SlotPlan, faces: list[float], area: float, reference_s: float) -> tuple[Floats, Floats]:
    """(m, k) what the pattern adds to the states as of the reference, and (m,) at most what it adds at any time."""
    later, at_once = np.zeros((2, *model.k_per_mw.shape[1:]))
    for entry, face in zip(slot.entries, faces, strict=True):
        rise = face * area * (1.0 - decay(entry.width_us / 1e6 / model.tau_s))
        at_once[entry.site] += rise
        later[entry.site] += rise * decay((reference_s - (entry.delay_us + entry.width_us) / 1e6) / model.tau_s)
    peak = np.zeros(len(at_once))
    for state in model.spread(at_once).T:
        peak += state
    return model.spread(later), peak


def _slack(lit_from: Floats, lit: Floats) -> Floats:
    """(m,) by how much patterns differ in when they light a site."""
    latest = np.where(lit > 0, lit_from, -np.inf).max(axis=0, initial=-np.inf)
    earliest = np.where(lit > 0, lit_from, np.inf).min(axis=0, initial=np.inf)
    return np.where(latest > earliest, latest - np.where(np.isfinite(earliest), earliest, 0.0), 0.0)


def _rounded(values: Floats) -> Floats:
    """To ``DIGITS`` significant digits."""
    size = np.where(values == 0, 1.0, np.abs(values))
    scale = 10.0 ** (DIGITS - 1 - np.floor(np.log10(size)))
    return np.asarray(np.round(values * scale) / scale)

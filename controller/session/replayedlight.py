"""Policy ``replayed``: the light of a finished session once more. It has to be the same light, on the same probe, at the same rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import Experiment, Plan
from wavestim.controller.experiment._types import SlotPlan
from wavestim.controller.experiment.patterns import faces_mw_mm2
from wavestim.controller.record.pulsetable import PulseTable, read_pulses
from wavestim.realtime import PulseTimes

ROUNDING = 1e-6


def replayed_table(experiment: Experiment) -> PulseTable | None:
    """The pulses that the experiment replays; None with any other policy.

    Raises
    ------
    ExperimentError
        When there are none to be had.
    """
    policy = experiment.trigger.policy
    return read_pulses(policy.session) if policy.kind == "replayed" else None


def light_plan(experiment: Experiment, slots: Iterable[SlotPlan], n_leds: int) -> list[dict[str, Any]]:
    """Patterns as a session keeps them: entries are (led, delay us, width us, mW/mm2)."""
    lit = ((s, zip(s.entries, faces_mw_mm2(experiment, s.entries, n_leds), strict=True)) for s in slots)
    return [{"name": s.name, "entries": [[e.site, e.delay_us, e.width_us, face] for e, face in pulses]} for s, pulses in lit]


def fitted(table: PulseTable, experiment: Experiment, plan: Plan, fs_hz: float, positions_mm: ArrayLike) -> PulseTimes:
    """The pulses as the engine takes them.

    Raises
    ------
    ExperimentError
        Naming what does not fit: rate, probe, conditions, patterns, or the time between pulses.
    """
    at, session = f"{experiment.name}: trigger.policy.session: {table.origin.get('session', 'the session')}", "give a session of this rig"
    if table.fs_hz != fs_hz:
        raise ExperimentError(f"{at} was recorded at {table.fs_hz:g} Hz, this one is at {fs_hz:g} Hz; {session}")
    places, then = np.asarray(positions_mm, dtype=np.float64), np.asarray(table.positions_mm, dtype=np.float64)
    if places.shape != then.shape or not np.allclose(places, then, atol=1e-6):
        raise ExperimentError(f"{at} had another probe ({len(then)} electrodes, here {len(places)}); {session}")
    names = [c.name for c in plan.conditions]
    if names != table.conditions:
        raise ExperimentError(
            f"{at} had the conditions {', '.join(table.conditions)}, here they are {', '.join(names)}; take them from its experiment.yaml"
        )
    if light_plan(experiment, plan.slots, plan.n_leds) != table.slots:
        raise ExperimentError(f"{at} had other light patterns; take leds, light, conditions and seed from its experiment.yaml")
    after = np.array([row[0] for row in table.pulses])
    nearest_ms = float(np.diff(after).min(initial=np.inf)) / fs_hz * 1000
    if nearest_ms < experiment.trigger.refractory_ms - ROUNDING:
        raise ExperimentError(
            f"{at} has pulses {nearest_ms:.4g} ms apart, but trigger.refractory_ms is {experiment.trigger.refractory_ms:g}; lower it"
        )
    return PulseTimes(
        after_samples=after,
        condition=np.array([names.index(row[1]) for row in table.pulses], dtype=np.int16),
        slot=np.array([row[2] for row in table.pulses], dtype=np.int16),
        dark=np.array([row[3] for row in table.pulses], dtype=np.bool_),
    )

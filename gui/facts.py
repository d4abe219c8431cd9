"""What the window has to know of the experiment beside what is published: targets, limits, bad channels, the LEDs of each condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from wavestim.controller.experiment import Experiment, load_experiment
from wavestim.controller.experiment.schedule import condition_order
from wavestim.controller.live.rendezvous import About
from wavestim.controller.record.dose import slots_of
from wavestim.controller.record.session import open_session


@dataclass(frozen=True)
class Lit:
    """One LED of a pattern: from when on, and for how long, ms from the first light of the pattern."""

    led: int
    delay_ms: float
    width_ms: float


@dataclass(frozen=True)
class Plan:
    """When a session is done.

    Attributes
    ----------
    trials : in all; None: they have no number.
    pulses : in all, likewise.
    conditions : pulses of each; empty when they have no number.
    seconds : it lasts so long at most; None when nobody said so.
    """

    trials: int | None = None
    pulses: int | None = None
    conditions: Mapping[str, int] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(frozen=True)
class Facts:
    """Of one session.

    Attributes
    ----------
    about : where it runs, and the places of electrodes and LEDs.
    target_deg : wanted phase at light-on.
    direction_deg, tolerance_deg : the target of the direction, when there is one.
    max_sd_deg : light is withheld when the forecast is less sure.
    site : electrode whose phase is shown until a decision names one.
    bad : channels that are left out.
    lit : LEDs of each condition; those that stay dark have none.
    subject : who is recorded.
    band_hz : of the wave.
    patterns : LEDs of each pattern slot, in the order of their light; after those of the conditions those by hand.
    own_light : the electrodes see the light.
    plan : when it is done.
    """

    about: About
    target_deg: float
    direction_deg: float | None
    tolerance_deg: float
    max_sd_deg: float
    site: int
    bad: frozenset[int]
    lit: dict[str, tuple[int, ...]]
    subject: str
    band_hz: tuple[float, float] = (1.0, 100.0)
    patterns: tuple[tuple[Lit, ...], ...] = ()
    own_light: bool = True
    plan: Plan = field(default_factory=Plan)


def facts_of(about: About) -> Facts:
    """The facts of a running session, from its own copy of the experiment.

    Raises
    ------
    ExperimentError, RecordError
        When the session's folder cannot be read.
    """
    return facts_from(about, load_experiment(about.session), open_session(about.session).about)


def facts_from(about: About, experiment: Experiment, kept: Mapping[str, Any] | None = None) -> Facts:
    """The facts of a session of an experiment; ``kept``: what its journal says of it."""
    kept = kept or {}
    trigger, n_leds = experiment.trigger, len(about.leds_mm)
    lit: dict[str, tuple[int, ...]] = {}
    for condition in experiment.conditions:
        pattern = condition.pattern
        everywhere = () if pattern.kind == "none" else tuple(range(n_leds))
        lit[condition.name] = tuple(pattern.leds) if pattern.kind == "sites" else everywhere
    return Facts(
        about=about,
        target_deg=trigger.phase_deg,
        direction_deg=trigger.direction_deg,
        tolerance_deg=trigger.direction_tolerance_deg,
        max_sd_deg=trigger.max_phase_sd_deg,
        site=trigger.site if isinstance(trigger.site, int) else _central(about),
        bad=frozenset(experiment.probe.bad_channels),
        lit=lit,
        subject=experiment.subject.id if experiment.subject else "",
        band_hz=experiment.band_hz,
        patterns=tuple(_pattern(slot["entries"]) for slot in slots_of(kept)),
        own_light=bool(kept.get("own_light", True)),
        plan=_plan(experiment, kept.get("seconds")),
    )


def _pattern(entries: list[list[float]]) -> tuple[Lit, ...]:
    lit = [Lit(int(led), delay_us / 1000, width_us / 1000) for led, delay_us, width_us, _ in entries]
    return tuple(sorted(lit, key=lambda one: one.delay_ms))


def _plan(experiment: Experiment, seconds: float | None) -> Plan:
    stop, schedule, names = experiment.stop, experiment.schedule, [c.name for c in experiment.conditions]
    trials = None
    if schedule.blocks is not None and schedule.trials_per_block is not None and experiment.trigger.policy.kind != "replayed":
        trials = schedule.blocks * schedule.trials_per_block
    conditions: dict[str, int] = {}
    if stop.after_pulses_per_condition is not None:
        conditions = dict.fromkeys(names, stop.after_pulses_per_condition)
    elif trials is not None and schedule.trial == "pulse":
        order = condition_order(len(names), experiment.seed, schedule)[:trials]
        conditions = {name: int((order == i).sum()) for i, name in enumerate(names)}
    limits = [limit for limit in (stop.after_s, seconds) if limit is not None]
    return Plan(trials, stop.after_pulses, conditions, min(limits, default=None))


def _central(about: About) -> int:
    """The electrode nearest the centroid."""
    places = np.asarray(about.positions_mm)
    return int(np.argmin(np.linalg.norm(places - places.mean(axis=0), axis=1)))

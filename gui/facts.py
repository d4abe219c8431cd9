"""What the window has to know of the experiment beside what is published: targets, limits, bad channels, the LEDs of each condition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from wavestim.controller.experiment import Experiment, load_experiment
from wavestim.controller.live.rendezvous import About


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


def facts_of(about: About) -> Facts:
    """The facts of a running session, from its own copy of the experiment.

    Raises
    ------
    ExperimentError
        When the session's folder cannot be read.
    """
    return facts_from(about, load_experiment(about.session))


def facts_from(about: About, experiment: Experiment) -> Facts:
    """The facts of a session of an experiment."""
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
    )


def _central(about: About) -> int:
    """The electrode nearest the centroid."""
    places = np.asarray(about.positions_mm)
    return int(np.argmin(np.linalg.norm(places - places.mean(axis=0), axis=1)))

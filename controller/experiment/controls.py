"""An experiment as its own control: the same in everything but the policy. And how long an experiment lasts when nobody says so."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._trigger import PhaseLocked, RateMatchedRandom, Replayed
from wavestim.controller.experiment.schema import Experiment
from wavestim.controller.record.pulsetable import read_pulses

PolicyName = Literal["phase-locked", "rate-matched-random", "replayed"]
DEFAULT_S = 60.0
LONGEST_S = 3600.0
"""An experiment that ends by its blocks or pulses ends after so long at the latest, unless it says otherwise."""


def as_control(experiment: Experiment, policy: PolicyName, place: str) -> Experiment:
    """The experiment with another policy.

    Parameters
    ----------
    experiment : Experiment
    policy : str
    place : str
        Where the experiment was loaded from: for ``replayed`` the folder of the session whose light comes once more. The simulated cortex
        is then given the next seed: with the same one it would do the same again, and the light would be locked to it.

    Raises
    ------
    ExperimentError
        When ``replayed`` is asked for and it is no finished session.
    """
    policies = {"phase-locked": PhaseLocked, "rate-matched-random": RateMatchedRandom}
    if policy in policies:
        return _with_policy(experiment, policies[policy]())
    folder = Path(place).expanduser()
    if not folder.is_dir():
        raise ExperimentError(f"{place}: policy replayed takes the light of a finished session; give its folder instead")
    read_pulses(folder)
    source = experiment.source
    if source.kind == "simulated":
        seed = experiment.seed if source.seed is None else source.seed
        experiment = experiment.model_copy(update={"source": source.model_copy(update={"seed": seed + 1})})
    return _with_policy(experiment, Replayed(session=str(folder.resolve())))


def reseeded(experiment: Experiment, seed: int) -> Experiment:
    """Another seed: of everything that is drawn, or of the simulated cortex alone where the light is replayed."""
    source = experiment.source
    if experiment.trigger.policy.kind != "replayed":
        return experiment.model_copy(update={"seed": seed})
    if source.kind != "simulated":
        return experiment
    return experiment.model_copy(update={"source": source.model_copy(update={"seed": seed})})


def length_s(experiment: Experiment) -> float:
    """How long a session of it lasts at most when nobody says so, s.

    ``stop.after_s``; else as long as the session whose light it replays; else an hour when it ends by blocks or pulses; else a minute.
    """
    stop, policy = experiment.stop, experiment.trigger.policy
    if stop.after_s is not None:
        return stop.after_s
    if policy.kind == "replayed":
        return read_pulses(policy.session).seconds
    counted = (experiment.schedule.blocks, stop.after_pulses, stop.after_pulses_per_condition)
    return DEFAULT_S if all(n is None for n in counted) else LONGEST_S


def _with_policy(experiment: Experiment, policy: PhaseLocked | RateMatchedRandom | Replayed) -> Experiment:
    return experiment.model_copy(update={"trigger": experiment.trigger.model_copy(update={"policy": policy})})

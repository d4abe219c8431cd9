"""From an experiment to everything a session is made of: geometry, light plan, engine configuration. Reads what it names; no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import (
    Board,
    Experiment,
    Plan,
    check_abilities,
    check_budget,
    check_light,
    electrode_positions,
    led_positions,
    light_limits,
    site_index,
)
from wavestim.controller.experiment import plan as make_plan
from wavestim.controller.experiment.manual import ManualLight, manual_light
from wavestim.controller.record.pulsetable import PulseTable
from wavestim.controller.session.replayedlight import fitted, replayed_table
from wavestim.realtime import CourseConfig, EngineConfig, PulseTimes, TriggerConfig
from wavestim.realtime.lightlimits import LightLimits

MASK_TAIL_MS = 10.0
"""``conditioning.mask_ms: auto``: the photo-artefact of a metal electrode decays within about this time after the last light."""


@dataclass(frozen=True)
class Assembly:
    """An experiment made concrete for one source and one board."""

    experiment: Experiment
    fs_hz: float
    positions_mm: NDArray[np.float64]
    leds_mm: NDArray[np.float64]
    plan: Plan
    site: int
    engine: EngineConfig
    replayed: PulseTable | None = None
    """The light of another session, when the policy is to replay it."""
    manual: ManualLight | None = None
    """What a person may fire, where one may."""


def assemble(
    experiment: Experiment,
    board: Board,
    *,
    fs_hz: float,
    horizon_ms: float,
    recorded_mm: ArrayLike | None = None,
    n_channels: int | None = None,
    own_light: bool = True,
    gain_uv: NDArray[np.float32] | None = None,
    by_hand: bool = False,
) -> Assembly:
    """Make an experiment concrete.

    Parameters
    ----------
    experiment : Experiment
    board : LightInfo
        What the light driver can do.
    fs_hz : float
        Rate of the source.
    horizon_ms : float
        ``trigger.horizon_ms`` as a number.
    recorded_mm : array, optional
        Positions that came with the recording.
    n_channels : int, optional
        Channels of the source, to be held against the probe.
    own_light : bool
        The light that is decided on will be in the samples; not so in a replay.
    gain_uv : array, optional
        uV per bit of every channel when the source gives int16.
    by_hand : bool
        Somebody may ask for light by hand, or has: it changes no other decision.

    Raises
    ------
    ExperimentError
        When the parts do not fit each other or light could break a limit.
    """
    positions = electrode_positions(experiment, recorded_mm)
    if n_channels is not None and len(positions) != n_channels:
        raise ExperimentError(
            f"{experiment.name}: probe has {len(positions)} electrodes, the source {n_channels} channels; they must be the same number"
        )
    leds = led_positions(experiment, positions)
    plan = make_plan(experiment, positions, leds, board)
    check_abilities(experiment, plan, board)
    check_light(experiment, plan, board)
    manual = manual_light(experiment, plan, len(leds), board) if by_hand else None
    limits = light_limits(experiment, plan, leds, board, manual.slots if manual is not None else ())
    check_budget(experiment, plan, limits.first(len(plan.slots)))
    site = site_index(experiment, positions, leds, plan)
    table = replayed_table(experiment)
    pulses = None if table is None else fitted(table, experiment, plan, fs_hz, positions)
    engine = _engine_config(experiment, fs_hz, positions, plan, limits, site, horizon_ms, own_light, gain_uv, pulses)
    if manual is not None:
        engine = replace(engine, by_hand=manual.slots)
    return Assembly(experiment, fs_hz, positions, leds, plan, site, engine, table, manual)


def mask_tail_ms(experiment: Experiment) -> float:
    """``conditioning.mask_ms`` as a number."""
    asked = experiment.conditioning.mask_ms
    return MASK_TAIL_MS if asked == "auto" else float(asked)


def _engine_config(
    e: Experiment,
    fs_hz: float,
    positions: NDArray[np.float64],
    plan: Plan,
    limits: LightLimits,
    site: int,
    horizon_ms: float,
    own_light: bool,
    gain_uv: NDArray[np.float32] | None,
    replayed: PulseTimes | None,
) -> EngineConfig:
    t, c = e.trigger, e.conditioning
    excluded = np.zeros(len(positions), dtype=bool)
    excluded[list(e.probe.bad_channels)] = True
    trigger = TriggerConfig(
        site=site,
        phase_deg=t.phase_deg,
        horizon_ms=horizon_ms,
        refractory_ms=t.refractory_ms,
        max_phase_sd_deg=t.max_phase_sd_deg,
        direction_deg=t.direction_deg,
        direction_tolerance_deg=t.direction_tolerance_deg,
        min_pgd=t.min_pgd,
        policy=t.policy.kind,
        period_ms=t.policy.period_ms if t.policy.kind == "open-loop" else 250.0,
        replayed=replayed,
    )
    try:
        return EngineConfig(
            fs_hz=fs_hz,
            positions_mm=positions,
            band_hz=e.band_hz,
            reference=c.reference,
            reference_channel=c.reference_channel,
            notch_hz=c.notch_hz,
            excluded=excluded,
            gain_uv=gain_uv,
            mask_tail_ms=mask_tail_ms(e),
            mask_own_light=own_light,
            trigger=trigger,
            plan=plan,
            course=course_of(e, plan),
            limits=limits,
            seed=e.seed,
        )
    except ValueError as error:
        raise ExperimentError(f"{e.name}: {error}") from None


def course_of(e: Experiment, plan: Plan) -> CourseConfig:
    """Trials, blocks and gate as the engine takes them. Pulses that are replayed had their order and their washout where they come from."""
    s, gated = e.schedule, e.gate is not None
    if e.trigger.policy.kind == "replayed":
        return CourseConfig(trials_per_block=s.trials_per_block or 0, gated=gated, trial_is_opening=s.trial == "opening")
    return CourseConfig(
        catches=plan.catches,
        trials_per_block=s.trials_per_block or 0,
        n_trials=(s.blocks or 0) * (s.trials_per_block or 0),
        washout_s=s.washout_s,
        gated=gated,
        trial_is_opening=s.trial == "opening",
        pulses_per_opening=(e.gate.max_pulses or 0) if e.gate is not None else 0,
    )

"""What the engine is told before the first sample. With the samples, the calibration and the input events it determines every decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.calibration import ModelOptions
from wavestim.realtime.lightlimits import LightLimits

Heading = Literal["with", "against", "orthogonal", "fixed", "none"]
Policy = Literal["phase-locked", "rate-matched-random", "open-loop", "replayed"]
Reference = Literal["none", "average", "median", "channel"]


class Slot(Protocol):
    """A pattern that the light driver holds, as the engine sees it."""

    @property
    def name(self) -> str: ...
    @property
    def lead_ms(self) -> float: ...
    @property
    def duration_ms(self) -> float: ...
    @property
    def reaches(self) -> bool: ...


class Condition(Protocol):
    """A condition of the experiment and the bank of slots it chooses from: slot0 + i_speed * n_headings + i_heading."""

    @property
    def name(self) -> str: ...
    @property
    def dark(self) -> bool: ...
    @property
    def heading(self) -> Heading: ...
    @property
    def heading_deg(self) -> float: ...
    @property
    def slot0(self) -> int: ...
    @property
    def n_headings(self) -> int: ...
    @property
    def speeds_mm_s(self) -> tuple[float, ...]: ...
    @property
    def offset_deg(self) -> float: ...


class LightPlan(Protocol):
    """Slots, conditions and the seeded sequence of conditions."""

    @property
    def slots(self) -> Sequence[Slot]: ...
    @property
    def conditions(self) -> Sequence[Condition]: ...
    @property
    def sequence(self) -> NDArray[np.int16]: ...


@dataclass(frozen=True)
class PulseTimes:
    """Pulses of another session, in the order of time.

    Attributes
    ----------
    after_samples : (n,) float64, light-on at the site, in samples after the first one.
    condition, slot : (n,) int16, into the conditions and slots of the plan.
    dark : (n,) bool, sham or catch.
    """

    after_samples: NDArray[np.float64]
    condition: NDArray[np.int16]
    slot: NDArray[np.int16]
    dark: NDArray[np.bool_]


@dataclass(frozen=True)
class CourseConfig:
    """The course of an experiment; by default every pulse is a trial, there are no blocks, and no end.

    Attributes
    ----------
    catches : (n,) bool, trials that stay dark whatever their condition; used again from its beginning. Empty: none.
    trials_per_block : after so many there is a washout; 0: no blocks.
    n_trials : after so many nothing is decided any more; 0: no end.
    washout_s : from the last light of a block to the first of the next.
    gated : light comes only while the gate is open (input events ``gate`` and ``shut``).
    trial_is_opening : all pulses between opening and shutting are one trial, if there is one at all.
    pulses_per_opening : at most; 0: any number.
    """

    catches: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    trials_per_block: int = 0
    n_trials: int = 0
    washout_s: float = 0.0
    gated: bool = False
    trial_is_opening: bool = False
    pulses_per_opening: int = 0


@dataclass(frozen=True)
class TriggerConfig:
    """When to fire. Angles in degrees, times in ms; ``site`` is an electrode index. ``replayed``: the pulses of that policy."""

    site: int = 0
    phase_deg: float = 0.0
    horizon_ms: float = 20.0
    refractory_ms: float = 200.0
    max_phase_sd_deg: float = 60.0
    direction_deg: float | None = None
    direction_tolerance_deg: float = 45.0
    min_pgd: float | None = None
    policy: Policy = "phase-locked"
    period_ms: float = 250.0
    replayed: PulseTimes | None = None

    def __post_init__(self) -> None:
        if (self.policy == "replayed") != (self.replayed is not None):
            raise ValueError("policy replayed goes with the pulses of another session, and they with no other policy")


@dataclass(frozen=True)
class EngineConfig:
    """Everything that shapes the engine.

    Attributes
    ----------
    fs_hz : rate of the source.
    positions_mm : (m, 2) electrodes.
    band_hz : band of the rhythm.
    reference, reference_channel, notch_hz, excluded : conditioning.
    gain_uv : uV per bit of int16 samples, one number or one for each electrode; 1 when None. Float samples are uV whatever it says.
    mask_tail_ms : how long after the last light of a pattern the samples are not believed.
    mask_own_light : the light that is decided on reaches the samples; not so in a replay, where ``mask`` events say what does.
    renew : a calibration that no longer fits the noise is learned anew, from ``warm_up_s`` of samples without light.
    trigger, plan : none of them: the engine tracks and decides nothing.
    course : trials, blocks, gate.
    limits : what the governor holds every pattern of the plan against; without it nothing is withheld.
    by_hand : patterns beyond the plan, which nothing but an input event ``test`` fires; their slots follow those of the plan.
    seed : of whatever is random in a decision.
    """

    fs_hz: float
    positions_mm: NDArray[np.float64]
    band_hz: tuple[float, float]
    reference: Reference = "none"
    reference_channel: int = 0
    notch_hz: float | None = None
    excluded: NDArray[np.bool_] | None = None
    gain_uv: float | NDArray[np.float32] | NDArray[np.float64] | None = None
    mask_tail_ms: float = 10.0
    mask_own_light: bool = True
    warm_up_s: float = 2.5
    renew: bool = True
    trigger: TriggerConfig | None = None
    plan: LightPlan | None = None
    course: CourseConfig = field(default_factory=CourseConfig)
    limits: LightLimits | None = None
    by_hand: Sequence[Slot] = ()
    seed: int = 0
    options: ModelOptions = field(default_factory=ModelOptions)

    def __post_init__(self) -> None:
        p = np.asarray(self.positions_mm, dtype=np.float64)
        if p.ndim != 2 or p.shape[1] != 2 or len(p) == 0 or not np.isfinite(p).all():
            raise ValueError(f"positions_mm must be a finite (channels, 2) array in mm, not of shape {p.shape}")
        if not (np.isfinite(self.fs_hz) and self.fs_hz > 0):
            raise ValueError(f"fs must be a positive rate in Hz, not {self.fs_hz}")
        gain = np.atleast_1d(np.asarray(1.0 if self.gain_uv is None else self.gain_uv, dtype=np.float64))
        if gain.shape not in ((1,), (len(p),)) or not (np.isfinite(gain).all() and (gain != 0).all()):
            raise ValueError(f"gain_uv must be one finite number of uV per bit, or one for each of the {len(p)} electrodes, and never 0")
        if self.reference != "none" and len(p) < 2:
            raise ValueError("a common reference needs two electrodes or more: use reference none for a single one")
        lo, hi = self.band_hz
        if not 0 < lo < hi < self.fs_hz / 2:
            raise ValueError(
                f"band_hz must be two rising frequencies below half the sampling rate ({self.fs_hz / 2:g} Hz), not {self.band_hz}"
            )
        if self.notch_hz is not None and lo <= self.notch_hz <= hi:
            raise ValueError(f"notch_hz {self.notch_hz:g} lies inside the band {lo:g}-{hi:g} Hz and would cut the rhythm")
        if len(p) > 1:
            order = np.lexsort(p.T)
            same = np.flatnonzero(np.all(np.abs(np.diff(p[order], axis=0)) < 1e-6, axis=1))
            if len(same):
                a, b = sorted((int(order[same[0]]), int(order[same[0] + 1])))
                raise ValueError(
                    f"electrodes {a} and {b} are at one place {tuple(p[a].round(4).tolist())} mm: every electrode needs its own"
                )

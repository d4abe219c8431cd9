"""When light is due: phase, place, how sure the forecast must be, and the policies that serve as controls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from wavestim.controller.experiment._base import Angle, ByKind, Index, Part


class PhaseLocked(Part):
    """Light at the wanted phase of the wave."""

    kind: Literal["phase-locked"] = "phase-locked"
    """Which policy."""


class RateMatchedRandom(Part):
    """Control: as many pulses as phase locking would give, at random moments."""

    kind: Literal["rate-matched-random"] = "rate-matched-random"
    """Which policy."""


class Replayed(Part):
    """Control: the pulse times of an earlier session, whatever the wave does now."""

    kind: Literal["replayed"] = "replayed"
    """Which policy."""
    session: str
    """Session folder whose pulse times are used, relative to the experiment file."""


class OpenLoop(Part):
    """Control: a fixed period."""

    kind: Literal["open-loop"] = "open-loop"
    """Which policy."""
    period_ms: Annotated[float, Field(gt=0, le=60000)]
    """Time between pulses in ms."""


Policy = Annotated[PhaseLocked | RateMatchedRandom | Replayed | OpenLoop, Field(discriminator="kind"), ByKind]


class Trigger(Part):
    """When a pulse is scheduled."""

    site: Literal["center", "led"] | Index = "center"
    """Where the phase counts: center (electrode nearest the centroid), led (nearest the pattern's first LED) or an electrode index."""
    phase_deg: Angle = 0.0
    """Wanted phase at light-on; 0 is the positive peak."""
    horizon_ms: Literal["auto"] | Annotated[float, Field(gt=0, le=500)] = "auto"
    """How far ahead light is planned; auto: measured before arming."""
    refractory_ms: Annotated[float, Field(ge=0, le=600000)] = 200.0
    """Shortest time from pulse to pulse; 0: every cycle."""
    max_phase_sd_deg: Annotated[float, Field(gt=0, le=180)] = 60.0
    """Veto when the forecast at that site and horizon is less sure than this."""
    direction_deg: Angle | None = None
    """Only waves travelling this way, counter-clockwise from +x; null: any."""
    direction_tolerance_deg: Annotated[float, Field(gt=0, le=180)] = 45.0
    """How far from direction_deg a wave may travel."""
    min_pgd: Annotated[float, Field(ge=0, le=1)] | None = None
    """Veto when phase gradient directionality is lower; null: not looked at."""
    policy: Policy = PhaseLocked()
    """phase-locked, or a control: rate-matched-random, replayed {session}, open-loop {period_ms}."""


__all__ = ["OpenLoop", "PhaseLocked", "Policy", "RateMatchedRandom", "Replayed", "Trigger"]

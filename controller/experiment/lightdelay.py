"""Light that comes a little after its LED is switched: the file of what a photodiode measured, and patterns that begin so much earlier."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._types import SlotPlan

MAX_DELAY_US = 5000.0


class LedDelay(BaseModel):
    """One LED: median and spread of the time from the switching to the light."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    led: int = Field(ge=0, le=255)
    delay_us: float = Field(ge=0, le=MAX_DELAY_US)
    sd_us: float = Field(ge=0)
    n: int = Field(ge=1)


class LightDelays(BaseModel):
    """What ``wavestim lights test --photodiode`` writes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["wavestim-light-delays"] = "wavestim-light-delays"
    board: str
    photodiode: int = Field(ge=0, le=255)
    """TTL input that it was wired to."""
    measured_utc: str
    leds: tuple[LedDelay, ...]


def read_delays(path: Path) -> list[float]:
    """Delays by LED, us.

    Parameters
    ----------
    path : Path
        A file that ``wavestim lights test --photodiode`` wrote.

    Raises
    ------
    ExperimentError
        The file is not there, is no such file, or leaves an LED out.
    """
    try:
        told = LightDelays.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ExperimentError(f"{path}: {error.strerror}; leds.on_delay_us names a file of 'wavestim lights test --photodiode'") from None
    except (ValidationError, ValueError):
        raise ExperimentError(f"{path}: not a file of light delays; 'wavestim lights test --photodiode' writes one") from None
    found = {one.led: one.delay_us for one in told.leds}
    missing = [k for k in range(max(found, default=0) + 1) if k not in found]
    if missing:
        raise ExperimentError(f"{path}: LED {missing[0]} has no delay; measure again with the photodiode over every LED")
    return [found[k] for k in sorted(found)]


def with_delays(data: Mapping[str, Any], base: Path | None) -> dict[str, Any]:
    """An experiment's content with the file of its light delays, when it names one, replaced by what that file says."""
    leds = data.get("leds")
    if not isinstance(leds, dict) or not isinstance(leds.get("on_delay_us"), str):
        return dict(data)
    path = (base or Path()) / Path(leds["on_delay_us"]).expanduser()
    return {**data, "leds": {**leds, "on_delay_us": read_delays(path)}}


def begin_earlier(slot: SlotPlan, delays_us: float | Sequence[float]) -> SlotPlan:
    """The pattern that gives the light of ``slot`` at its times, through LEDs that are late by ``delays_us``.

    The slowest LED keeps its place in the pattern, faster ones come later by the difference, and the whole begins earlier by the longest.
    """
    late = {e.site: float(delays_us[e.site]) if isinstance(delays_us, Sequence) else float(delays_us) for e in slot.entries}
    longest = max(late.values(), default=0.0)
    if longest == 0.0:
        return slot
    entries = tuple(e._replace(delay_us=round(e.delay_us + longest - late[e.site])) for e in slot.entries)
    end_ms = max(e.delay_us + e.width_us for e in entries) / 1000
    return replace(slot, entries=entries, lead_ms=slot.lead_ms + longest / 1000, duration_ms=end_ms)

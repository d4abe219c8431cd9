"""A stale calibration in words: for the session's markers, the report and the command line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

STALE, FITS = "calibration-stale", "calibration-fits"
"""Names of the markers that tell when a calibration ceased to fit, or fitted again."""


def stale_words(reasons: Sequence[str], by: Mapping[str, float]) -> str:
    """What has changed since the calibration, in words.

    Parameters
    ----------
    reasons : of :data:`wavestim.realtime.staleness.WHY`
    by : how far each deviates
    """
    return ", ".join(_words(reason, by[reason]) for reason in reasons)


def _words(reason: str, by: float) -> str:
    if reason == "level":
        return f"noise {math.exp(by / 2):.2g} times as strong"
    if reason == "colour":
        return f"noise above the band {math.exp(by / 2):.2g} times as strong against that below it"
    if reason == "frequency":
        return f"rhythm {abs(by):.1f} Hz {'faster' if by > 0 else 'slower'}"
    if reason == "channels":
        return f"{100 * by:.0f} % of the channels missing"
    return "noise shared differently among the electrodes"


def stale_sentence(summary: Mapping[str, Any]) -> str | None:
    """The warning of a summary in one sentence, or None."""
    about = summary.get("calibration") or {}
    stale = about.get("stale")
    if not stale:
        return None
    advice = "learn another one" if about.get("from") == "warm-up" else "learn one from today: wavestim calibrate"
    return f"The calibration did not fit from {stale['seconds']:.0f} s on: {stale['why']}. Phases may be off; {advice}."

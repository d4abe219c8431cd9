"""What a session says of its calibration: where it came from, and since when it does not fit any more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wavestim.controller.record.session import Session

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


def calibration_summary(session: Session) -> dict[str, Any]:
    """Where it came from, and since when it is stale.

    Returns
    -------
    dict
        ``from`` (a path, or ``warm-up``), of a file also ``sha256`` and ``learned_utc``; ``stale``: None, or ``sample``, ``seconds`` and
        ``why``.
    """
    about = session.about.get("calibration")
    found: dict[str, Any] = {"from": "warm-up"}
    if about is not None:
        found = {"from": about.get("path"), "sha256": about.get("sha256"), "learned_utc": about.get("learned_utc")}
    markers = session.markers
    at = markers[markers["name"] == STALE]
    if not len(at):
        return {**found, "stale": None}
    since = int(at[0]["sample"])
    return {**found, "stale": {"sample": since, "seconds": round(since / session.fs_hz, 3), "why": str(at[0]["value"])}}


def stale_sentence(summary: Mapping[str, Any]) -> str | None:
    """The warning of a summary in one sentence, or None."""
    about = summary.get("calibration") or {}
    stale = about.get("stale")
    if not stale:
        return None
    advice = "learn another one" if about.get("from") == "warm-up" else "learn one from today: wavestim calibrate"
    return f"The calibration did not fit from {stale['seconds']:.0f} s on: {stale['why']}. Phases may be off; {advice}."

"""Four lamps: is it recording, is it safe. Each has a level and the reason in words, so that nothing depends on colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wavestim.gui.words import lamps as say

SILENT_S = 1.0
"""Without news for so long a source is not trusted."""
LOW_BYTES = 2_000_000_000
LATE_PART = 0.02


@dataclass(frozen=True)
class Lamp:
    """``level``: ``off``, ``good``, ``warn``, ``bad``, or ``lit`` when light may come."""

    level: str
    words: str


OFF = Lamp("off", say.NOTHING)


def lamps(status: Mapping[str, Any], silent_s: float, untold_s: float, alive: bool) -> tuple[Lamp, Lamp, Lamp, Lamp]:
    """Source, light, real time, recorder.

    Parameters
    ----------
    status : the last status; empty before the first.
    silent_s : since samples came.
    untold_s : since that status came; an old one is no news.
    alive : the rig process is there.
    """
    if not status:
        return OFF, OFF, OFF, OFF
    if not alive:
        gone = Lamp("off", say.ENDED)
        return gone, Lamp("off", say.DARK), gone, gone
    source, light = _source(status, silent_s), _light(status)
    if untold_s > SILENT_S:
        why = say.no_news(untold_s)
        old = Lamp("warn", why)
        return source, Lamp("lit", say.may_come_yet(why)) if light.level == "lit" else old, old, old
    return source, light, _real_time(status), _recorder(status)


def _source(status: Mapping[str, Any], silent_s: float) -> Lamp:
    if silent_s > SILENT_S:
        return Lamp("bad", say.silent(silent_s))
    lost = status.get("dropped", 0)
    return Lamp("warn", say.lost(lost)) if lost else Lamp("good", say.SAMPLES)


def _light(status: Mapping[str, Any]) -> Lamp:
    state = status.get("state")
    if state == "running":
        return Lamp("lit", say.MAY_COME)
    if state == "armed":
        return Lamp("warn", say.ARMED)
    if state in ("paused", "disarmed"):
        return Lamp("bad", say.dark(", ".join(status.get("safe") or ()) or state))
    return Lamp("good", say.HELD if state == "held" else say.DARK)


def _real_time(status: Mapping[str, Any]) -> Lamp:
    pulses = status.get("pulses") or {}
    missed, all_of = pulses.get("missed", 0), sum(pulses.values())
    if missed > LATE_PART * all_of:
        return Lamp("warn", say.missed(missed, all_of))
    rights = str(status.get("realtime", ""))
    return Lamp("warn", say.BEST_EFFORT) if rights.startswith("best effort") else Lamp("good", say.IN_TIME)


def _recorder(status: Mapping[str, Any]) -> Lamp:
    free = status.get("free_bytes")
    if free is None:
        return Lamp("warn", say.NO_DISK)
    low = free < LOW_BYTES
    return Lamp("warn" if low else "good", say.records(free, low=low))

"""Four lamps: is it recording, is it safe. Each has a level and the reason in words, so that nothing depends on colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wavestim.gui.words.codes import reason_words

SILENT_S = 1.0
"""Without news for so long a source is not trusted."""
LOW_BYTES = 2_000_000_000
LATE_PART = 0.02


@dataclass(frozen=True)
class Lamp:
    """``level``: ``off``, ``good``, ``warn``, ``bad``, or ``lit`` when light may come."""

    level: str
    words: str


OFF = Lamp("off", "–")


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
        gone = Lamp("off", "ended")
        return gone, Lamp("off", "dark"), gone, gone
    source, light = _source(status, silent_s), _light(status)
    if untold_s > SILENT_S:
        why = f"no news for {untold_s:.0f} s"
        old = Lamp("warn", why)
        return source, Lamp("lit", f"may come, {why}") if light.level == "lit" else old, old, old
    return source, light, _real_time(status), _recorder(status)


def _source(status: Mapping[str, Any], silent_s: float) -> Lamp:
    if silent_s > SILENT_S:
        return Lamp("bad", f"no samples for {silent_s:.0f} s")
    lost = status.get("dropped", 0)
    return Lamp("warn", f"{lost} samples lost") if lost else Lamp("good", "samples come")


def _light(status: Mapping[str, Any]) -> Lamp:
    state = status.get("state")
    if state == "running":
        return Lamp("lit", "light may come")
    if state == "armed":
        return Lamp("warn", "armed, dark")
    if state in ("paused", "disarmed"):
        return Lamp("bad", f"dark: {reason_words(', '.join(status.get('safe') or ()) or state)}")
    return Lamp("good", "held, dark" if state == "held" else "dark")


def _real_time(status: Mapping[str, Any]) -> Lamp:
    pulses = status.get("pulses") or {}
    missed, all_of = pulses.get("missed", 0), sum(pulses.values())
    if missed > LATE_PART * all_of:
        return Lamp("warn", f"{missed} of {all_of} missed")
    rights = str(status.get("realtime", ""))
    return Lamp("warn", "best effort") if rights.startswith("best effort") else Lamp("good", "in time")


def _recorder(status: Mapping[str, Any]) -> Lamp:
    free = status.get("free_bytes")
    if free is None:
        return Lamp("warn", "disk unknown")
    if free < LOW_BYTES:
        return Lamp("warn", f"records, only {free / 1e9:.1f} GB free")
    return Lamp("good", f"records, {free / 1e9:.0f} GB free")

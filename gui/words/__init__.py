"""All English of the window that is not of one page: states, lamps, panels. Codes, keys and each page that says much have a module here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wavestim.gui.kinds import UNDETERMINED, goes_one_way, known

TITLE = "wavestim"
NO_SESSION = "no session"
LIVE = "RIG"
PAGES = "pages"

STEPS = {
    "idle": "IDLE",
    "preflight": "PREFLIGHT",
    "prepare": "PREPARE",
    "armed": "ARMED",
    "running": "RUNNING",
    "stopped": "STOPPED",
    "report": "REPORT",
}
"""The way of a session, in its order."""

STATES = {
    "idle": "Choose or make an experiment, try the rig (PREFLIGHT), then ARM.",
    "preflight": "The rig is tried; STOP ends it:",
    "starting": "Starting the rig process. Dark.",
    "learning": "Learning the wave. Dark.",
    "recording": "Dark. Measuring how far ahead light must be planned.",
    "armed": "Armed. No light before RUN, unless by hand.",
    "running": "Running. Light comes on.",
    "held": "Held: no new light. The recording goes on.",
    "paused": "Paused by itself: no light. The recording goes on.",
    "disarmed": "Disarmed: this session stays dark. The recording goes on.",
    "stopping": "STOP: going dark.",
    "stopped": "Stopped. Dark. Writing what was recorded.",
    "report": "Done. Dark. The report is there.",
    "gone": "THE RIG PROCESS IS GONE. The board goes dark by itself. What was committed is kept: RECOVER finishes the session.",
    "recovering": "Recovering the session. Dark.",
    "failed": "The rig process has ended. Dark.",
    "ended": "STOP ended the rig process before the session had begun. Dark.",
}
NOW = {"held": "HELD", "paused": "PAUSED", "disarmed": "DISARMED", "gone": "GONE", "failed": "FAILED"}
"""What stands in the place of the step's name."""
ARM, RUN, STOP, RECOVER, REPORT, OPEN, TAKE = "ARM", "RUN", "■  STOP", "RECOVER", "OPEN REPORT", "Open …", "TAKE CONTROL"
MOCK = "MOCK"
HELD_VIEW = "VIEW HELD (Space)"
KILLED = "STOP was not confirmed in 200 ms: the rig process was killed, the board goes dark by itself"
GONE_BY_STOP = f"{KILLED}. What was committed is kept: RECOVER finishes the session."
PRESSED = "STOP pressed"
LOOKS_LATER = "Theme and size of text cannot be changed while a session is open: STOP would have to wait for it."
LOCKED = "The experiment is locked while a session is open."


MAP, TRACES, ROSE, PHASE, LATENCY, PROGRESS, LOG = (
    "Probe: phase",
    "Traces, light on",
    "Direction at decisions",
    "Phase at light-on",
    "Latency",
    "Progress",
    "Events and vetoes",
)
PEAK, TROUGH = "peak", "trough"
ROSE_HELP = "thick line: mean · blue: wanted directions"
LATENCY_HELP = "block to frame · blue: by then it had to be there (usual)"
WITHHELD = "withheld"
TRENDS = ("speed, mm/s", "frequency, Hz", "PGD: how plane the wave is", "phase SD, ° (blue: at most)")
DEADLINE = "deadline"
NONE_YET = "none yet"
NO_LATENCY = "not measured yet"

LAMPS = ("SOURCE", "LIGHT", "REAL TIME", "RECORDER")

SHAPES = {"off": "○", "good": "●", "lit": "●", "warn": "▲", "bad": "■"}
"""Of a lamp, by its level: it is not its colour alone that tells."""


def wrapped(deg: float) -> float:
    """The same angle in (-180, 180]."""
    return 180 - (180 - deg) % 360


def wave_line(tick: Mapping[str, Any], kind: str) -> str:
    """The wave in one line, with the numbers that a wave of its kind has."""
    if not known(kind):
        return f"wave {UNDETERMINED}"
    return " · ".join([*_shape(tick, kind), f"{tick['frequency_hz']:.1f} Hz"])


def _shape(tick: Mapping[str, Any], kind: str) -> list[str]:
    """The kind of a wave, and what that kind has: a heading and a speed, or a centre and a sense."""
    centre = tick.get("centre_mm")
    if goes_one_way(kind):
        return [kind, f"{round(tick['direction_deg'])}°", f"{tick['speed_mm_s']:.0f} mm/s"]
    if centre is None:
        return [kind]
    turns = {1: " counter-clockwise", -1: " clockwise"}.get(tick["sense"], "")
    return [f"{kind}{turns} around ({centre[0]:.1f}, {centre[1]:.1f}) mm"]


def clock(seconds: float) -> str:
    """Hours, minutes, seconds."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def mean_and_spread(mean_deg: float, sd_deg: float, n: int) -> str:
    """Of angles."""
    return NONE_YET if n == 0 else f"{round(mean_deg):+d}° ± {sd_deg:.0f}°, {n}"


def course(status: Mapping[str, Any]) -> str:
    """How far the session is in its blocks."""
    told = status.get("course") or {}
    done, per_block, of = int(told.get("trials", 0)), told.get("trials_per_block"), told.get("of_blocks")
    if not per_block:
        text = f"{done} trials done"
    elif of is not None and done >= per_block * of:
        text = f"all {of} blocks are done"
    else:
        text = f"trial {done % per_block} of {per_block}, block {done // per_block + 1}" + (f" of {of}" if of else "")
    text += ", washout" if told.get("washout") else ""
    return text + (f", gate {told['gate']}" if "gate" in told else "")


def scale(uv: float, shown: int, of: int) -> str:
    """What the height of a trace is."""
    return f"{shown} of {of} electrodes, {uv:.0f} µV from line to line"


def certainty(sd_deg: float, limit_deg: float, determined: bool) -> str:
    """How sure the phase is, against what is asked for."""
    return f"wave {UNDETERMINED}" if not determined else f"phase ± {sd_deg:.0f}° (at most {limit_deg:.0f}°)"


def latency(half_us: float, most_us: float, n: int) -> str:
    """Percentiles, as exact as the bins are."""
    return NO_LATENCY if n == 0 else f"half ≤ {micro(half_us)}, 99 % ≤ {micro(most_us)}"


def micro(us: float) -> str:
    """A time in a unit that suits it."""
    return f"{us:.0f} µs" if us < 1000 else f"{us / 1000:.1f} ms"


def started(experiment: str) -> str:
    """The first line of the log."""
    return f"rig process started for {experiment}"


def preflight_started(experiment: str) -> str:
    """A line of the log."""
    return f"preflight of {experiment}"


def attached_to(session: str) -> str:
    """The first line of the log, when it was found."""
    return f"attached to {session}"


def window_name(host: str, pid: int) -> str:
    """What other windows call this one."""
    return f"the window on {host[:40]}, process {pid}"


def too_late(order: str) -> str:
    """An order that leads to light, and had to wait for the rig."""
    return f"{order}: not handed on, the rig did not answer for a second; ask for it again"


def not_recovered(why: str) -> str:
    """A recovery that came to nothing."""
    return f"it could not be recovered: {why or 'it says nothing'}"


def control_lost(why: str) -> str:
    """To a window that had it."""
    return f"this window has no control any more ({why})"


def watching(controller: str) -> str:
    """Of a window that is not in control."""
    return f"Watching: control is with {controller}."


def what(name: str, subject: str, session: str, mock: bool) -> str:
    """What runs."""
    above = " · ".join(part for part in (MOCK if mock else "", name, subject) if part)
    return f"{above}\n{session}"

"""All English of the window, and what is made of codes: states, verdicts, markers. A page that says much has a module of its own here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

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
}
NOW = {"held": "HELD", "paused": "PAUSED", "disarmed": "DISARMED", "gone": "GONE", "failed": "FAILED"}
"""What stands in the place of the step's name."""
ARM, RUN, STOP, RECOVER, REPORT, OPEN, TAKE = "ARM", "RUN", "■  STOP", "RECOVER", "OPEN REPORT", "Open …", "TAKE CONTROL"
MOCK = "MOCK"
HELD_VIEW = "VIEW HELD (Space)"
KILLED = "STOP was not confirmed in 200 ms: the rig process was killed, the board goes dark by itself"
PRESSED = "STOP pressed"
LOCKED = "The experiment is locked while a session is open."


class Key(NamedTuple):
    """``keys`` as Qt names them, ``action`` of the window or of the page that is shown, ``does`` in words."""

    keys: str
    action: str
    does: str


KEYS = (
    Key("Esc", "stop", "STOP, from anywhere"),
    Key("Ctrl+Shift+A", "arm", "arm: start the rig process; dark until RUN"),
    Key("Ctrl+R", "run", "run what is armed"),
    Key("Ctrl+Shift+T", "take", "take control from another window, which then watches"),
    Key("Ctrl+Shift+R", "recover", "recover the session of a rig process that is gone"),
    Key("Ctrl+Shift+O", "report", "open the report"),
    Key("Ctrl+P", "preflight", "preflight: try the rig with the experiment that is chosen"),
    Key("Ctrl+N", "new", "a new experiment"),
    Key("Ctrl+O", "open", "open an experiment"),
    Key("Ctrl+S", "save", "save the experiment"),
    Key("Ctrl+Shift+S", "save-as", "save it under another name"),
    Key("Ctrl+E", "choose", "choose among the experiments: ↑ ↓"),
    Key("Space", "hold", "hold the view; the session goes on"),
    Key("Tab", "next", "the next button or panel; back with Shift"),
    Key("Ctrl+Shift+Right", "wider", "the panel with the focus wider"),
    Key("Ctrl+Shift+Left", "narrower", "narrower"),
    Key("Ctrl+Shift+Down", "higher", "higher"),
    Key("Ctrl+Shift+Up", "lower", "lower"),
    Key("Ctrl+0", "reset", "panels as they were at first"),
    Key("Ctrl++", "larger", "larger text"),
    Key("Ctrl+-", "smaller", "smaller text"),
    Key("Ctrl+T", "theme", "dark or light theme"),
    Key("F11", "full", "the whole screen, or a window"),
    Key("F12", "keys", "these keys"),
    Key("Ctrl+Q", "close", "close the window; the session goes on"),
)
"""Every key: the window's shortcuts, the tooltips of its buttons and the list of keys are made from this."""
BY_QT = ("stop", "next")
"""Actions of keys that are no shortcut: Esc is caught before anything else, Tab is Qt's own."""
KEYS_TITLE = "Keys"
KEYS_CLOSE = "F12 closes this list. Esc is STOP here too."

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

VETOES = {
    "no-wave": "no wave",
    "unsure": "the phase is not sure enough",
    "direction": "the wave goes another way",
    "pgd": "too little of a plane wave",
    "irradiance": "too bright for its place",
    "width": "too long",
    "overlap": "light is still on there",
    "duty": "too much light at that place in a short time",
    "dose": "the dose of an hour is used up",
    "temperature": "it would get too warm",
    "gate": "the gate is shut",
    "washout": "washout",
    "passed": "its moment had gone by",
    "no-site": "no LED is where the wave of that age is now",
    "not-held": "by hand, and the experiment decides",
}
VERDICTS = {
    "missed": "missed: it would have come too late, and stayed dark",
    "refused": "refused by the board",
    "lost": "lost on its way",
    "cut": "cut at a limit",
    "cancelled": "cancelled",
}
MARKERS = {
    "horizon": "light is planned ahead by",
    "horizon-too-long": "not armed, the delay is too long:",
    "armed": "armed",
    "running": "running",
    "disarmed": "disarmed:",
    "paused": "paused by itself:",
    "resumed": "resumed,",
    "not-resumed": "could not resume:",
    "held": "held,",
    "released": "released,",
    "note": "note:",
    "manual-light": "light by hand:",
    "mock": "mock rig:",
    "block-done": "done:",
    "ending": "ends:",
    "source-ended": "the source has ended:",
    "not-told": "not told:",
    "engine-ended": "the engine has ended:",
    "engine-stands": "the engine stands still,",
    "calibration-stale": "the calibration no longer fits:",
    "calibration-fits": "the calibration fits again",
}


def page_key(number: int, title: str) -> tuple[str, str]:
    """Of a page."""
    return f"Ctrl+{number}", f"page {title}"


def with_key(action: str) -> str:
    """What a button does, and the key that does it too."""
    key = next(key for key in KEYS if key.action == action)
    return f"{key.does} ({key.keys})"


def veto(reason: str) -> str:
    """Why light was withheld."""
    return f"light withheld: {VETOES.get(reason, reason)}"


def verdict(name: str, reason: str) -> str:
    """What became of a pulse that went wrong."""
    return f"pulse {VERDICTS.get(name, name)}" + (f" ({reason})" if reason else "")


def marker(kind: str, text: str) -> str:
    """An event of the journal."""
    said = MARKERS.get(kind, f"{kind}:" if text else kind)
    return f"{said} {text}".strip() if kind not in ("armed", "running") else said


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

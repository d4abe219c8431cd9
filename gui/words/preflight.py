"""English of the page of the preflight."""

from __future__ import annotations

from collections.abc import Sequence

TITLE = "PREFLIGHT"
RUN, AGAIN_BUTTON, CANCEL = "Try the rig", "Try again", "Cancel"
RUN_HELP = "Every part of the rig is tried with this experiment: source, electrodes, probe, light, clocks, a known wave, disk (Ctrl+P)"
CANCEL_HELP = "End it, dark; STOP and Esc do the same"
FLASH = "LEDs may flash"
FLASH_HELP = "Every real LED flashes 16 times, no brighter or longer than the experiment does. Only when nobody is under them."
QUICK = "Quick: simulated time"
QUICK_HELP = "Seconds instead of a minute, on the mock rig: says nothing of this computer's speed"
STARTING, STOPPING = "starting", "ends, dark"
MAY_FLASH, DARK = "LEDs may flash", "dark"
STOPPED = "stopped before its end: there is no verdict"
NO_VERDICT = "it ended without a verdict"
WAS_RED, AGAIN = "it was red", "look at it again"
LEVELS = {"green": "●  GREEN", "amber": "▲  AMBER", "red": "■  RED"}
"""A shape and a word for each."""
WORST_FIRST = ("red", "amber", "green")
MEANS = {
    "green": "nothing found that stands against it",
    "amber": "go on if you know why",
    "red": "put it right first: ARM refuses until it is",
}
HEADS = ("", "check", "what was seen", "what to do")
NEVER = (
    "No preflight was made of this experiment as it is now. It takes about a minute, before tissue: source, electrodes, probe, light, "
    "clocks, a known wave, disk."
)
LOCKED = "A session is open. The rig can be tried when it is over."
CHANGED = "The experiment has changed since: this is of what it said then. Try again."
STANDING = "still red, not looked at this time"
CHOSEN = "Experiment: {}"


def verdict(name: str, level: str, trouble: str) -> str:
    """Of a preflight that is over."""
    return f"preflight of {name}: {level.upper()}: {MEANS[level]}" if level else f"preflight of {name}: {trouble}"


def earlier(level: str, at: str) -> str:
    """Of one that another window, or the command line, has made."""
    return f"{LEVELS[level]}   {MEANS[level]} · of {at}"


def headline(level: str, at: str, found: Sequence[str]) -> str:
    """Of the one whose checks, with these levels, are shown."""
    counts = ", ".join(f"{n} {name}" for name in WORST_FIRST if (n := found.count(name)))
    return f"{LEVELS[level]}   {MEANS[level]} · {counts} · {at}"


def progress(stage: str, part: float) -> str:
    """Of one that runs."""
    return f"{stage} · {100 * part:.0f} %"


def not_armed(name: str, at: str, check: str, what: str, do: str, more: int) -> str:
    """Why ARM refuses."""
    others = f" (and {more} more)" if more > 0 else ""
    return f"{name}: not armed: its preflight of {at} was red: {check}: {what}{others}; {do}, then try the rig again (PREFLIGHT)"

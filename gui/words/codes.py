"""What codes of the rig say in words: vetoes, verdicts on pulses and their reasons, markers."""

from __future__ import annotations

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
    "missed": "missed, it stayed dark",
    "refused": "refused, it stayed dark",
    "lost": "lost, it may have come",
    "cut": "cut at a limit",
    "cancelled": "cancelled",
}
REASONS = {
    "late": "it would have come too late",
    "clock": "the clocks are not known well enough",
    "port": "the line to the board takes nothing",
    "no-samples": "no samples came",
    "source-restarted": "the source began anew",
    "engine-stands": "the engine stands still",
    "session-ended": "the session was over",
    "no-answer": "the board did not answer",
    "garbage": "the board answered what no such board says",
    "fault": "the current source reported a fault",
    "line": "the line to the board was lost",
    "events": "news of the board were lost",
    "heartbeat": "the board heard nothing of the engine",
    "abort": "the board was told to go dark",
    "pulse-overrun": "a pulse lasted too long",
    "watchdog-reset": "the board hung and began anew",
    "interlock": "the interlock was opened",
    "interlock-open": "the interlock is open",
    "overtemp": "the board is too warm",
    "supply": "the board's supply failed",
    "rx-storm": "too much came over the line to the board",
    "brownout": "the board's voltage broke down",
    "crc": "it came to the board damaged",
    "length": "its frame has a wrong length",
    "unknown-command": "the board does not know the command",
    "bad-slot": "the board has no such pattern",
    "bad-generation": "the board has another version of the pattern",
    "width": "the board allows no such width or level",
    "too-far": "too far ahead for the board",
    "not-armed": "the board is not armed",
    "queue-full": "the board's queue is full",
    "duty": "too much light at that place in a short time",
    "budget": "too much light at that place",
    "sites": "too many LEDs at once, or one that is not there",
    "order": "the board is dark and has to be cleared",
    "session-limit": "the board's limit of a session is reached",
    "bad-key": "the board was armed by somebody else",
    "protocol-version": "the board speaks another version",
    "busy": "the board is busy",
    "selftest": "the board's self-test failed",
    "looser": "a limit of the board can only be tightened",
    "cancelled": "it was taken back",
    "replaced": "another one took its place",
}
"""Why the board, or the way to it, let no light come."""
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
    "board-silent": "the board does not answer:",
    "board-back": "the board is back:",
    "board-reset": "the board was reset:",
    "restart": "the source began anew; samples that were skipped:",
    "ttl": "TTL",
    "marker": "marker:",
    "marker-without-event": "marker that means nothing here:",
}
BY_CODE = ("paused", "disarmed")
"""Markers whose text may be reasons."""


def veto(reason: str) -> str:
    """Why light was withheld."""
    return f"light withheld: {VETOES.get(reason, reason)}"


def verdict(name: str, reason: str) -> str:
    """What became of a pulse that went wrong."""
    return f"pulse {VERDICTS.get(name, name)}" + (f": {reason_words(reason)}" if reason else "")


def reason_words(codes: str) -> str:
    """Reasons, with commas between them; what is none stays as it is."""
    return ", ".join(REASONS.get(code, code) for code in codes.split(", "))


def marker(kind: str, text: str) -> str:
    """An event of the journal."""
    said = MARKERS.get(kind, f"{kind}:" if text else kind)
    text = reason_words(text) if kind in BY_CODE else text
    return f"{said} {text}".strip() if kind not in ("armed", "running") else said

"""What the replay page says: what is open, the moment and its truth, the pulse and what became of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from wavestim.gui.kinds import UNDETERMINED, goes_one_way, known
from wavestim.gui.words import wrapped
from wavestim.gui.words.codes import VETOES, marker, reason_words

TITLE = "REPLAY"
OPEN_SESSION, OPEN_RECORDING, RECOVER = "Open session …", "Open recording …", "RECOVER"
OPEN_SESSION_HELP = "A session folder: finished, being recorded, or broken off. It is only read."
OPEN_RECORDING_HELP = "A recording: .npz, NWB, or anything neo reads. The experiment chosen above decides what would have been done."
RECOVER_HELP = "Finish the session whose process died. This writes into its folder."
CHOOSE_SESSION, CHOOSE_RECORDING = "The folder of a session", "A recording"
RECORDING_FILES = "Recordings (*.npz *.nwb);;All files (*)"
MOMENT, PULSE, AROUND = "This moment", "The pulse decided on last", "Around this moment"
BEGIN, PULSE_BACK, BACK, PLAY, HOLD, ON, PULSE_ON, LAST = "❙◀", "◀ pulse", "−10 ms", "▶  PLAY", "❚❚  HOLD", "+10 ms", "pulse ▶", "▶❙"
BUTTON_HELP = {
    BEGIN: "To the beginning (Home)",
    PULSE_BACK: "To the pulse before (Ctrl+Left, or ,)",
    BACK: "10 ms back (Left)",
    PLAY: "Play or hold (Space)",
    ON: "10 ms on (Right)",
    PULSE_ON: "To the next pulse (Ctrl+Right, or .)",
    LAST: "To the end (End)",
}
SPEED_HELP = "How fast it is played ([ slower, ] faster)"
JUMP_HELP = "Jump to a time since the first sample: 90, 1:30 or 1:02:30.250, then Enter (Ctrl+G)"
SCRUB_HELP = (
    "Drag to a moment. Yellow: light · blue: dark pulse · orange: missed or refused · grey: withheld · hatched: no samples, or paused"
)
MADE_HELP = "How far the engine has run once more. What lies beyond shows samples and decisions only."
KEYS = {
    "Left": "10 ms back",
    "Right": "10 ms on",
    "Ctrl+Left": "to the pulse before",
    "Ctrl+Right": "to the next pulse",
    ",": "to the pulse before",
    ".": "to the next pulse",
    "Home": "to the beginning",
    "End": "to the end",
    "[": "slower",
    "]": "faster",
    "Ctrl+G": "jump to a time",
}
ENDED = "the process that reads it has ended; open it again"
UNKNOWN = "not known"
MOMENT_HEADS = ("", "the engine knew", "the truth", "apart")
TRUTH = "Truth"
NO_PULSE = "Nothing has been decided yet."
NOW = "— this moment —"
QUIET = "Nothing within a second of it."
NOT_MADE = "The engine has not run so far yet."

KINDS = {
    "finished": "session",
    "running": "session that is being recorded",
    "broken": "session that was broken off",
    "recording": "recording",
}
LIGHT = {"off": "not armed", "armed": "light may be decided on", "paused": "paused: no light"}
HOW = {
    "simulation": "the simulation's own",
    "zero-phase": "zero-phase filter, both sides of the moment, all electrodes",
    "ends-at-light": "from samples that end at light, all electrodes: less exact",
    "contaminated": "shortly after light: not to be believed",
    "": "not to be known here: too near an end, or samples are missing",
}
VERDICT = {
    "fired": "light came",
    "dark": "sham: dark, handled like light",
    "cut": "light came, and was cut at a limit",
    "missed": "missed, it stayed dark",
    "refused": "refused, it stayed dark",
    "lost": "lost, it may have come",
}
WOULD = {"fired": "light would have come", "dark": "a sham would have come"}


def sentence(state: str, path: str, why: str, opened: Mapping[str, Any], progress: Mapping[str, Any]) -> str:
    """What is open, and whether the engine decides as it did then."""
    if state == "empty":
        return "Open a session or a recording. It is only read, never changed."
    if state == "opening":
        return f"Opening {path} …"
    if state == "recovering":
        return f"Recovering {path} …"
    if state == "refused":
        return why
    kind = str(progress.get("kind", opened.get("kind", "")))
    told = [f"{KINDS.get(kind, kind)} {path}", why, str(progress.get("trouble") or ""), checked(kind, progress)]
    if opened.get("runs_back") is not None:
        told.append(f"The source's counter began anew at sample {opened['runs_back']}; what follows is not shown.")
    told.append(str(opened.get("notice") or ""))
    return " · ".join(part for part in told if part)


def checked(kind: str, progress: Mapping[str, Any]) -> str:
    """Whether the decisions are those of the session."""
    if not progress:
        return ""
    part = made(progress)
    if kind == "recording":
        return f"what the experiment would have decided: {progress['decisions']}{part}"
    if progress["difference"]:
        return f"THE DECISIONS ARE NOT THE SAME: {progress['difference']}"
    n, whole = progress["same"], progress["done"] and kind == "finished" and not progress["trouble"]
    return f"{'all ' if whole else ''}{n} decisions made again, bit for bit{part}"


def made(progress: Mapping[str, Any]) -> str:
    """How far the engine is; empty at the end."""
    whole = max(progress["end"] - progress["first"], 1)
    return "" if progress["done"] else f" ({100 * min(progress['made_to'] - progress['first'], whole) / whole:.0f} %)"


def deg(value: float | None) -> str:
    """An angle, or that it is not known."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{wrapped(round(value)):+d}°"


def apart_deg(a: float | None, b: float | None) -> float | None:
    """How far one angle is from another; None when one is not known."""
    if a is None or b is None or not (math.isfinite(a) and math.isfinite(b)):
        return None
    return wrapped(a - b)


def moment_rows(
    moment: Mapping[str, Any], tick: Mapping[str, Any], kind: str, truth: Mapping[str, Any], truth_of: Mapping[str, Any]
) -> list[tuple[str, str, str, str]]:
    """Rows of what is known of a moment: name, what the engine knew, the truth, the difference."""
    site, speed = moment.get("site_deg"), truth.get("speed_mm_s")
    return [
        (
            "phase at the site",
            UNDETERMINED if site is None else f"{deg(site)} ± {moment['site_sd_deg']:.0f}°",
            deg(truth.get("phase_deg")),
            deg(apart_deg(truth_of.get("site_deg"), truth.get("phase_deg"))),
        ),
        (
            "direction",
            deg(moment["direction_deg"]) if moment.get("direction_deg") is not None else UNDETERMINED,
            deg(truth.get("direction_deg")),
            deg(apart_deg(truth_of.get("direction_deg"), truth.get("direction_deg"))),
        ),
        (
            "speed",
            f"{tick['speed_mm_s']:.0f} mm/s" if goes_one_way(kind) else UNDETERMINED,
            UNKNOWN if speed is None else f"{speed:.0f} mm/s",
            "",
        ),
        ("wave", wave(tick) if known(kind) else UNDETERMINED, str(truth.get("kind") or ""), ""),
    ]


def wave(tick: Mapping[str, Any]) -> str:
    """A wave that is known."""
    return f"{tick['kind']}, {tick['frequency_hz']:.1f} Hz, PGD {tick['pgd']:.2f}"


def in_ms(samples: float, fs_hz: float) -> str:
    """A time between two samples."""
    return f"{round(samples / fs_hz * 1000, 1) + 0.0:+.1f} ms"


def pulse_lines(pulse: Mapping[str, Any], at: float, fs_hz: float, afterwards: Mapping[str, Any], recording: bool) -> list[tuple[str, str]]:
    """The pulse in lines: a name and what there is to say."""
    decided = pulse["decided"]
    verdict = str(pulse.get("verdict", ""))
    fate = (WOULD if recording else VERDICT).get(verdict, verdict) or "not known yet"
    reason = f": {reason_words(str(pulse['reason']))}" if pulse.get("reason") else ""
    was, how = _as_it_was(pulse, afterwards)
    foretold = pulse.get("foretold_deg")
    lines = [
        ("number", f"{pulse['number']} · {decided['condition']} · {decided['pattern']}"),
        ("what became of it", fate + reason),
        ("decided", f"{ago(at - decided['sample'], fs_hz)}, {(decided['fire_sample'] - decided['sample']) / fs_hz * 1000:.1f} ms ahead"),
        ("light-on", f"{ago(at - decided['fire_sample'], fs_hz)}, {_light_on(pulse, decided, fs_hz)}"),
        ("phase as forecast", f"{deg(foretold)} (wanted {deg(decided['target_deg'])}, expected ± {decided['predicted_sd_deg']:.0f}°)"),
        ("phase as it was", f"{deg(was)}" + (f" ({HOW.get(how, how)})" if was is not None else "")),
        ("error", f"{deg(apart_deg(was, decided['target_deg']))} from wanted, {deg(apart_deg(was, foretold))} from forecast"),
        ("budget", budget(pulse)),
    ]
    return lines


def _as_it_was(pulse: Mapping[str, Any], afterwards: Mapping[str, Any]) -> tuple[float | None, str]:
    if pulse.get("truth"):
        return pulse.get("true_phase_deg"), str(pulse["truth"])
    if afterwards.get("index") == pulse["index"]:
        return afterwards.get("phase_deg"), str(afterwards["how"])
    return None, ""


def _light_on(pulse: Mapping[str, Any], decided: Mapping[str, Any], fs_hz: float) -> str:
    at = pulse.get("fire_sample")
    if at is None:
        return "no board has said when"
    told = f"{round((at - decided['fire_sample']) / fs_hz * 1e6):+d} µs by the board"
    error = pulse.get("onset_error_us")
    return told + (f", truly {round(error):+d} µs" if pulse.get("truth") == "simulation" and error is not None else "")


def budget(pulse: Mapping[str, Any]) -> str:
    """Where the time went, block to frame."""
    parts = (("queue_us", "waited"), ("compute_us", "computed"), ("serial_us", "written"), ("margin_us", "to spare"))
    told = [f"{pulse[key]:.0f} µs {word}" for key, word in parts if pulse.get(key) is not None]
    return ", ".join(told) or "not measured: no clock of a rig"


def ago(samples: float, fs_hz: float) -> str:
    """How long ago, or in how long."""
    ms = samples / fs_hz * 1000
    return f"{ms:.0f} ms ago" if ms >= 0 else f"in {-ms:.0f} ms"


def around_lines(around: Sequence[Mapping[str, Any]], at: float, fs_hz: float, recording: bool) -> list[tuple[str, str, bool]]:
    """What happened around a moment: when, what, whether it is over; the same veto again and again is one line with a count."""
    lines: list[tuple[str, str, bool]] = []
    last, times = "", 0
    for event in around:
        text, over = _event(event, recording), event["sample"] <= at
        times = times + 1 if lines and text == last and lines[-1][2] == over else 1
        if times > 1:
            lines.pop()
        lines.append((in_ms(event["sample"] - at, fs_hz), text + (f" ×{times}" if times > 1 else ""), over))
        last = text
    return lines


def _event(event: Mapping[str, Any], recording: bool) -> str:
    kind, text = str(event["kind"]), str(event["text"])
    if event["what"] == "decision":
        return f"decided: {text}" if kind == "scheduled" else f"withheld: {VETOES.get(kind, kind)}"
    if event["what"] == "pulse":
        return (WOULD if recording else VERDICT).get(kind, kind) + (f": {reason_words(text)}" if text else "")
    return marker(kind, text)


def clock(seconds: float) -> str:
    """Hours, minutes, seconds, thousandths."""
    whole = max(0, round(seconds * 1000))
    return f"{whole // 3_600_000:02d}:{whole // 60_000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"


def speed(times: float) -> str:
    """How fast it is played."""
    return f"{times:g} ×"

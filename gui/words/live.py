"""English of the live page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from wavestim.gui.timeleft import disk_left_s, disk_rate
from wavestim.gui.words import wrapped

UNKNOWN = "not known yet"

TURN, MIRROR, FLOW = "⟲", "⇋", "flow"
TURN_TIP = "Turn the probe by a quarter (T)"
MIRROR_TIP = "Mirror the probe, left for right (M)"
FLOW_TIP = "Arrows of the local direction at each electrode (F)"
MAP_TIP = (
    "Hue is the phase, pale is unsure, size is the amplitude. The thick arrow is the direction of a planar wave, the small ones that at "
    "each electrode; none are drawn while the wave is undetermined or goes nowhere. A red ring without filling is a bad channel, a blue "
    "ring the site of the trigger. Squares are LEDs, filled in the order of the newest pattern, drawn out to 0.4 s so that an eye can "
    "follow. x and y are those of the probe."
)

SECONDS_TIP = "How much of the past is drawn"
FILTER_TIP = "Filter of the drawing alone: it is causal and delays what it passes; what is recorded and decided on is not touched"
FILTERS = {"raw": "raw", "band": "band", "high-pass": "> 2 Hz"}
CHANNELS = {"spread": "24 of all", "near": "near the site", "all": "all"}
CHANNELS_TIP = "Electrodes that are drawn: choose, or write numbers such as 0-7, 12"
LARGER, SMALLER, AUTO = "+", "−", "auto"
LARGER_TIP, SMALLER_TIP = "Larger traces (+)", "Smaller traces (−)"
AUTO_TIP = "A scale that fits (A); without it the scale stays"

WHOLE, MINUTE = "the whole session", "the last minute"
TREND = "Wave over time"
SPAN_TIP = "The last minute or the whole session (W)"
SPANS = {False: MINUTE, True: WHOLE}
TIME_UNITS = ((7200.0, 3600.0, "h"), (180.0, 60.0, "min"), (0.0, 1.0, "s"))
"""From so many seconds on, so many to a unit."""

BOOKS = ("▮ model", "— sham, later", "— light, later")
PHASE_TIP = "Condition whose pulses are shown"
ALL_CONDITIONS = "all"
PHASE_NOTE = "▮ model · — all electrodes later · blue wanted"
PHASE_THEN_NOTE = "as the model knew it then · blue wanted"
PHASE_THEN_HELP = "The phase at light-on as the model knew it then. How each pulse turned out is told beside, and in the report of all."
PHASE_HELP = (
    "Filled: the phase at light-on as the model knew it then, of the whole session. Line: the phase at the site as it turns out about a "
    "second later, from the recorded samples of the newest pulses, all electrodes together, as in the report; nothing that the model knew "
    "goes into it. It has an error of its own, so its spread is not that of the lock alone. Of shams and light of a recording from both "
    "sides, by a filter that shifts no phase; of light that the electrodes see from the samples before its first LED alone, which is less "
    "exact. After other light within 0.2 s it is not known."
)

LOG_TIP = "What is listed"
LOG_CHOICES = {"all": "all", "events": "events", "trouble": "trouble", "vetoes": "vetoes"}
CATCHING_UP = "reading what came before …"

STORE = "Recording"
STORE_TIP = (
    "How full the memory between source and engine is (30 s), views that were not drawn, samples that never came; what the session writes"
)


def map_note(x_towards: int, y_towards: int) -> str:
    """How to read the map; quarter turns of the axes as they are drawn."""
    return f"x {'→↑←↓'[x_towards]} y {'→↑←↓'[y_towards]} mm · hue: phase · pale: unsure · ○ bad · □ LED"


def phase_line(name: str, mean_deg: float, sd_deg: float, n: int, target_deg: float) -> str:
    """Mean, SD and error of phases."""
    if n == 0:
        return f"{name}: {UNKNOWN}"
    error = wrapped(mean_deg - target_deg)
    return f"{name}: {round(mean_deg):+d}° ± {sd_deg:.0f}°, error {round(error):+d}° ({n})"


def duration(seconds: float) -> str:
    """A time that nobody needs exactly."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 100 * 3600 else f"{seconds / 86400:.0f} days"


def left(seconds: float | None) -> str:
    """Until the session is done."""
    return "" if seconds is None else f"about {duration(seconds)} left" if seconds >= 1 else "done"


def count(n: int, of: int | None) -> str:
    """Pulses of a condition."""
    return f"{n}" if of is None else f"{n} of {of}"


def store(status: Mapping[str, Any], buffered: str) -> str:
    """Buffers and disk."""
    rate, until_s, free = disk_rate(status), disk_left_s(status), status.get("free_bytes")
    lines = [buffered]
    lines.append(
        f"disk: {UNKNOWN}" if rate is None else f"disk: {rate / 1e6:.2g} MB/s, {status.get('written_bytes', 0) / 1e6:.0f} MB so far"
    )
    if free is not None:
        room = f"{free / 1e9:.0f} GB free"
        lines.append(room if until_s is None else f"{room}, full in {duration(until_s)}")
    return "<br>".join(lines)


def buffers(status: Mapping[str, Any]) -> tuple[str, bool]:
    """Ring and telemetry in words, and whether something is wrong with them."""
    fill, lost, missing = status.get("ring_fill"), int(status.get("telemetry_dropped", 0)), int(status.get("dropped", 0))
    text = f"ring: {UNKNOWN}" if fill is None else f"ring {100 * fill:.0f} % full"
    return f"{text} · {lost} views dropped · {missing} samples lost", (fill or 0.0) > 0.5 or missing > 0


def slower(times: float) -> str:
    """How a pattern is drawn."""
    return f"light {times:.0f}× slower" if math.isfinite(times) and times > 1.05 else ""

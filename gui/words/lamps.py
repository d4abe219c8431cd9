"""English of the four lamps: why each is as it is."""

from __future__ import annotations

from wavestim.gui.words.codes import reason_words

NOTHING, ENDED, DARK, HELD, MAY_COME, ARMED = "–", "ended", "dark", "held, dark", "light may come", "armed, dark"
SAMPLES, IN_TIME, BEST_EFFORT, NO_DISK = "samples come", "in time", "best effort", "disk unknown"


def no_news(seconds: float) -> str:
    """Nothing was said for a while."""
    return f"no news for {seconds:.0f} s"


def may_come_yet(why: str) -> str:
    """Light, as far as anybody knows."""
    return f"may come, {why}"


def silent(seconds: float) -> str:
    """The source."""
    return f"no samples for {seconds:.0f} s"


def lost(samples: int) -> str:
    """Of the source."""
    return f"{samples} samples lost"


def dark(codes: str) -> str:
    """Dark by itself, and why."""
    return f"{DARK}: {reason_words(codes)}"


def missed(n: int, of: int) -> str:
    """Pulses that came too late."""
    return f"{n} of {of} missed"


def records(free_bytes: float, *, low: bool) -> str:
    """The recorder."""
    return f"records, only {free_bytes / 1e9:.1f} GB free" if low else f"records, {free_bytes / 1e9:.0f} GB free"

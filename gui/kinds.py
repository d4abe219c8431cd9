"""What the kind of a wave says of its numbers: which of them mean something."""

from __future__ import annotations

UNDETERMINED = "undetermined"
UNKNOWN = (UNDETERMINED, "none")


def known(kind: str) -> bool:
    """There is a wave: it has a phase, a frequency, and a measure of how plane it is."""
    return kind not in UNKNOWN


def moves(kind: str) -> bool:
    """It goes somewhere at each electrode; standing and synchronous ones go nowhere."""
    return kind in ("planar", "rotating", "source", "sink")


def goes_one_way(kind: str) -> bool:
    """It has one direction, and one speed."""
    return kind == "planar"

"""Which LEDs of the newest pattern to draw as lit: in their order, so much slower than they are that an eye can follow."""

from __future__ import annotations

from collections.abc import Sequence

from wavestim.gui.facts import Lit

SHOWN_MS = 400.0
"""A pattern is drawn out to so long."""


def slowed(pattern: Sequence[Lit]) -> float:
    """How many times slower it is drawn."""
    whole_ms = max((one.delay_ms + one.width_ms for one in pattern), default=0.0)
    return max(1.0, SHOWN_MS / whole_ms) if whole_ms > 0 else 1.0


def lit_now(pattern: Sequence[Lit], since_ms: float) -> list[int]:
    """LEDs that are drawn as lit so long after the first light of the pattern."""
    at_ms = since_ms / slowed(pattern)
    return [one.led for one in pattern if one.delay_ms <= at_ms < one.delay_ms + one.width_ms]

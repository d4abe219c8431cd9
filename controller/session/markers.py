"""Markers of other programs, and what they do to the gate, become input events: known to the engine at a sample, and the same in a replay.

The journal's table of markers has their text and the moment they tell of. The event stands where the engine learned of it, as a number.
"""

from __future__ import annotations

import zlib
from collections import deque
from typing import TYPE_CHECKING

from wavestim.controller.session.gates import Gatekeeper, Order

if TYPE_CHECKING:
    from wavestim.realtime.engine import Engine

AT_ONCE = 16
"""Events that wait for the engine, at most: what a person orders must find room beside them, whether samples come or not."""
WAITING = 4096


def marker_value(text: str) -> float:
    """The number that stands for a marker: the one it says, otherwise the CRC-32 of its text in UTF-8."""
    try:
        number = float(text)
    except ValueError:
        return float(zlib.crc32(text.encode()))
    return number if abs(number) < float("inf") else float(zlib.crc32(text.encode()))


class MarkerEvents:
    """Hands markers and orders to the gate to the engine, in their order and never too many at once.

    Parameters
    ----------
    engine : Engine
    gate : Gatekeeper
    """

    def __init__(self, engine: Engine, gate: Gatekeeper) -> None:
        self._engine, self._gate = engine, gate
        self._waiting: deque[Order] = deque(gate.begins())
        self._posted_at = -1

    def heard(self, text: str, sample: float) -> bool:
        """A marker has come that stands at this sample; false when so many wait that it becomes no event. The gate hears it anyway."""
        is_event = len(self._waiting) < WAITING
        orders = self._gate.marker(text, sample)
        self._waiting.extend([*([("marker", marker_value(text))] if is_event else []), *orders])
        return is_event

    def switched(self, word: int, sample: float) -> None:
        """The digital word of the source has changed at this sample."""
        self._waiting.extend(self._gate.ttl(word, sample))

    def post(self) -> bool:
        """Once a turn; those of the turn before have to have been applied, and written down. True when there were any."""
        if not self._waiting or self._engine.next_sample == self._posted_at:
            return False
        self._posted_at = self._engine.next_sample
        for _ in range(min(AT_ONCE, len(self._waiting))):
            self._engine.post(*self._waiting.popleft())
        return True

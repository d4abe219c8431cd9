"""Markers of other programs become input events of the session: known to the engine at a sample, journalled, and the same in a replay.

The journal's table of markers has their text and the moment they tell of. The event stands where the engine learned of it, as a number.
"""

from __future__ import annotations

import zlib
from collections import deque
from typing import TYPE_CHECKING

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
    """Hands markers to the engine, in their order and never too many at once.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: deque[float] = deque()
        self._posted_at = -1

    def heard(self, text: str) -> bool:
        """A marker has come; false when so many wait that it becomes no event."""
        if len(self._waiting) >= WAITING:
            return False
        self._waiting.append(marker_value(text))
        return True

    def post(self) -> None:
        """Once a turn; those of the turn before have to have been applied."""
        if not self._waiting or self._engine.next_sample == self._posted_at:
            return
        self._posted_at = self._engine.next_sample
        for _ in range(min(AT_ONCE, len(self._waiting))):
            self._engine.post("marker", self._waiting.popleft())

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
"""Events of one turn: what a person orders must find room beside them."""
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

    Attributes
    ----------
    n_left_out : int
        Markers that came in such numbers that they became no events.
    """

    def __init__(self, engine: Engine) -> None:
        self.n_left_out = 0
        self._engine = engine
        self._waiting: deque[float] = deque()

    def heard(self, text: str) -> None:
        """A marker has come."""
        if len(self._waiting) < WAITING:
            self._waiting.append(marker_value(text))
        else:
            self.n_left_out += 1

    def post(self) -> None:
        """Once a turn."""
        for _ in range(min(AT_ONCE, len(self._waiting))):
            try:
                self._engine.post("marker", self._waiting[0])
            except RuntimeError:  # no room: next time
                return
            self._waiting.popleft()

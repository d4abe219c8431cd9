"""What happened, in words, newest last; the same again and again is one line with a count. What is read later stands where it belongs."""

from __future__ import annotations

from bisect import insort_right
from dataclasses import dataclass
from heapq import merge

KEPT = 200
"""Lines of each kind: vetoes, which may be many, and everything else."""
LEVELS = {"all": ("plain", "warn", "bad", "veto"), "events": ("plain", "warn", "bad"), "trouble": ("warn", "bad"), "vetoes": ("veto",)}
"""What can be asked for."""


@dataclass
class Line:
    """One line; ``level``: ``plain``, ``warn``, ``bad`` or ``veto``. ``at_s`` is the last time, ``since_s`` the first."""

    at_s: float
    text: str
    level: str
    times: int = 1
    since_s: float = 0.0


class EventLog:
    """The newest lines."""

    def __init__(self) -> None:
        self._events: list[Line] = []
        self._vetoes: list[Line] = []
        self.changes = 0
        """Goes up with every line and every count."""

    def say(self, at_s: float, text: str, level: str = "plain") -> None:
        """Add a line, or count the one there once more."""
        self.changes += 1
        mine, others = (self._vetoes, self._events) if level == "veto" else (self._events, self._vetoes)
        if mine and mine[-1].text == text and not (others and mine[-1].at_s <= others[-1].at_s <= at_s):
            mine[-1].times += 1
            mine[-1].at_s, mine[-1].since_s = max(mine[-1].at_s, at_s), min(mine[-1].since_s, at_s)
            return
        insort_right(mine, Line(at_s, text, level, since_s=at_s), key=_when)
        if len(mine) > KEPT:
            del mine[0]

    @property
    def lines(self) -> list[Line]:
        """All of them."""
        return self.only("all")

    def only(self, what: str) -> list[Line]:
        """Those of one of :data:`LEVELS`, oldest first."""
        return [line for line in merge(self._events, self._vetoes, key=_when) if line.level in LEVELS[what]]


def _when(line: Line) -> float:
    return line.at_s

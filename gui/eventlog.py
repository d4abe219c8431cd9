"""What happened, in words, newest last; the same again and again is one line with a count."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

KEPT = 200


@dataclass
class Line:
    """One line; ``level``: ``plain``, ``warn``, ``bad`` or ``veto``."""

    at_s: float
    text: str
    level: str
    times: int = 1


class EventLog:
    """The newest lines."""

    def __init__(self) -> None:
        self.lines: deque[Line] = deque(maxlen=KEPT)
        self.changes = 0
        """Goes up with every line and every count."""

    def say(self, at_s: float, text: str, level: str = "plain") -> None:
        """Add a line, or count the last one once more."""
        self.changes += 1
        if self.lines and self.lines[-1].text == text:
            self.lines[-1].times += 1
            self.lines[-1].at_s = at_s
        else:
            self.lines.append(Line(at_s, text, level))

"""Joins what is read from the journal to what is heard live: every row once and in order, whatever was lost, late, or read as well."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Piece = tuple[int, Sequence[Row]]
"""Index of the first row, and rows."""
MOST = 500
"""Messages that wait for what came before them; older ones are in the journal by then."""


class Stream:
    """The rows of one table of the journal.

    Parameters
    ----------
    known : callable
        Whether rows that were heard can be made use of; those that cannot be are read instead.

    Attributes
    ----------
    next : index of the row that is due.
    behind : there are rows that only the journal has.
    """

    def __init__(self, known: Callable[[Sequence[Row]], bool] = lambda rows: True) -> None:
        self._known = known
        self._waiting: deque[Piece] = deque(maxlen=MOST)
        self.next = 0
        self.behind = True

    def begin_at(self, first: int) -> None:
        """What lies before this row is known in another way."""
        self.next = first

    def heard(self, first: int, rows: Sequence[Row]) -> list[Piece]:
        """Rows of a message; returns what is due now."""
        self._waiting.append((first, rows))
        return self._due()

    def read(self, first: int, rows: Sequence[Row], whole: bool) -> list[Piece]:
        """Rows of the journal; ``whole``: it has no more. Returns what is due now."""
        pieces = self._cut(first, rows)
        pieces += self._due()
        self.behind = self.behind or not whole
        return pieces

    def told(self, n: int) -> None:
        """There are so many rows by now, and no message with them is on its way."""
        self.behind = self.behind or n > self.next

    def _due(self) -> list[Piece]:
        pieces: list[Piece] = []
        self.behind = False
        while self._waiting and self._waiting[0][0] <= self.next:
            first, rows = self._waiting[0]
            if first + len(rows) > self.next and not self._known(rows[self.next - first :]):
                break
            pieces += self._cut(*self._waiting.popleft())
        self.behind = bool(self._waiting)
        return pieces

    def _cut(self, first: int, rows: Sequence[Row]) -> list[Piece]:
        """Without what was there before."""
        rows = rows[max(self.next - first, 0) :] if first <= self.next else ()
        if not rows:
            return []
        piece = self.next, rows
        self.next += len(rows)
        return [piece]

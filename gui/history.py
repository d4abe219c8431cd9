"""What went on before the window was there, and what it did not hear: read from the session's journal while that grows, by a thread."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wavestim.controller.errors import WavestimError
from wavestim.controller.record.tail import rows_from
from wavestim.gui.joining import Stream

MOST = 400
"""Rows at a time: what a frame can take in."""
AGAIN_S = 0.25
"""After all was read that was committed, the journal is looked at again so much later."""
Rows = list[dict[str, Any]]
Read = Callable[[Path, str, int, int], Rows]


class History:
    """Reads one session.

    Parameters
    ----------
    session : Path
    read : callable
        See ``rows_from``; another one in tests.
    """

    def __init__(self, session: Path, read: Read = rows_from) -> None:
        self._session, self._read = session, read
        self._asked: queue.SimpleQueue[tuple[str, int] | None] = queue.SimpleQueue()
        self._answers: deque[tuple[str, int, Rows | None]] = deque()
        self._open: set[str] = set()
        self._not_before_s: dict[str, float] = {}
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    def turn(self, streams: Mapping[str, Stream], now_s: float, take: Callable[[str, int, Rows, bool], None]) -> None:
        """Once a frame: what was read goes to ``take`` (table, first row, rows, whether these are all), and more is asked for."""
        while self._answers:
            table, first, rows = self._answers.popleft()
            self._open.discard(table)
            whole = rows is not None and len(rows) < MOST
            if rows is None or whole:
                self._not_before_s[table] = now_s + AGAIN_S
            if rows is not None:
                take(table, first, rows, whole)
        for table, stream in streams.items():
            if stream.behind and table not in self._open and now_s >= self._not_before_s.get(table, now_s):
                self._open.add(table)
                self._asked.put((table, stream.next))

    def close(self) -> None:
        """Read no more."""
        self._asked.put(None)
        self._thread.join(1.0)

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            table, first = asked
            try:
                self._answers.append((table, first, self._read(self._session, table, first, MOST)))
            except (WavestimError, OSError):  # not there yet, or busy: it is asked for again
                self._answers.append((table, first, None))

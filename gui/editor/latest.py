"""Work on a thread of its own, of which only the newest order counts: what is asked while it works makes it leave off at its next pause."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

PAUSE_S = 0.25
"""Whoever types asks again within this."""


class Latest:
    """See the module.

    Parameters
    ----------
    work : callable
        Takes an order and yields results; an exception is the last of them. It is left at a ``yield`` when there is a newer order, and
        waits a moment for one where it yields None.
    """

    def __init__(self, work: Callable[[Any], Iterator[Any]]) -> None:
        self._work = work
        self._lock = threading.Condition()
        self._order: tuple[int, Any] | None = None
        self._asked = self._done = 0
        self._results: list[tuple[int, Any]] = []
        self._ended = False
        self._thread: threading.Thread | None = None

    @property
    def busy(self) -> bool:
        """The newest order is not worked off, or its results were not taken."""
        with self._lock:
            return self._done < self._asked or bool(self._results)

    def ask(self, order: Any) -> None:
        """Instead of whatever was asked before."""
        with self._lock:
            self._asked += 1
            self._order = (self._asked, order)
            self._results.clear()
            self._lock.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._live, daemon=True)
                self._thread.start()

    def take(self) -> list[Any]:
        """Results of the newest order that are new."""
        with self._lock:
            taken = [result for number, result in self._results if number == self._asked]
            self._results.clear()
            return taken

    def close(self) -> None:
        """No more; what is worked on is left at its next pause, for which nobody waits: a window that waits cannot STOP."""
        with self._lock:
            self._ended = True
            self._lock.notify_all()

    def _live(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._order is not None or self._ended)
                if self._ended or self._order is None:
                    return
                number, order = self._order
                self._order = None
            for result in self._guarded(order):
                with self._lock:
                    if result is None:
                        self._lock.wait_for(self._over, PAUSE_S)
                    elif self._order is None:
                        self._results.append((number, result))
                    if self._over():
                        break
            with self._lock:
                self._done = number

    def _guarded(self, order: Any) -> Iterator[Any]:
        """A fault of the work is a result of it: the thread goes on."""
        try:
            yield from self._work(order)
        except Exception as error:
            yield error

    def _over(self) -> bool:
        return self._ended or self._order is not None

"""Ctrl-C, termination and a closed terminal are heard between two turns of a session, never inside one: nothing is half written."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def deferred() -> Iterator[Callable[[], None]]:
    """While this lasts signals only leave word; yields what raises ``KeyboardInterrupt`` if they did, with the name of the signal.

    A second signal is not deferred any more. Off the main thread nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    asked = ""

    def leave_word(number: int, frame: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt(asked)
        asked = signal.Signals(number).name

    def check() -> None:
        if asked:
            raise KeyboardInterrupt(asked)

    before = {number: signal.signal(number, leave_word) for number in HEARD}
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""STOP: a byte in the file that the engine reads; without a word from the rig in 200 ms its process is killed, and the board goes dark.

It asks nothing of the rig's Python, nor of the thread that hears it.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

CONFIRM_S = 0.2


def press(session: Path) -> bool:
    """Set the byte; False when there is none, so that only killing is left."""
    try:
        with (session / "stop").open("r+b") as file:
            file.write(b"\1")
    except OSError:
        return False
    return True


def kill(pid: int) -> None:
    """End a process that may hang."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Stopping:
    """One pressed STOP, until the session is known to be dark.

    Parameters
    ----------
    now_s : float
        When it was pressed.
    set_byte : callable
        Sets the byte; False when that is impossible.
    kill : callable
        Ends the rig process.

    Attributes
    ----------
    outcome : ``waiting``, ``confirmed`` or ``killed``
    """

    def __init__(self, now_s: float, set_byte: Callable[[], bool], kill: Callable[[], None]) -> None:
        self.outcome = "waiting"
        self._until_s, self._kill = now_s + CONFIRM_S, kill
        if not set_byte():
            self._end()

    def turn(self, now_s: float, dark: bool) -> None:
        """``dark``: the rig has said that it stopped, or it has ended."""
        if self.outcome != "waiting":
            return
        if dark:
            self.outcome = "confirmed"
        elif now_s >= self._until_s:
            self._end()

    def _end(self) -> None:
        self.outcome = "killed"
        self._kill()

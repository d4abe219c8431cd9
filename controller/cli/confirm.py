"""The second step to real light: on a terminal somebody presses Enter; without a terminal ``--arm`` has to stand for both."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable
from typing import TextIO

from wavestim.controller.cli import output


def second_step(disarm_after_s: float | None, stream: TextIO | None = None) -> Callable[[], bool]:
    """The question whether armed light may run, to be asked again and again; it never waits.

    Parameters
    ----------
    disarm_after_s : float, optional
        How long the light stays armed; said to the person.
    stream : text stream, optional
        Where Enter comes from; standard input when None.
    """
    keys = sys.stdin if stream is None else stream
    if keys is None or not keys.isatty():
        return lambda: True
    return Question(keys, disarm_after_s)


class Question:
    """Asked for the first time it tells; then it looks whether a line has come."""

    def __init__(self, keys: TextIO, disarm_after_s: float | None) -> None:
        self._keys, self._limit_s, self._told = keys, disarm_after_s, False

    def __call__(self) -> bool:
        """True once Enter was pressed after the question was put."""
        if not self._told:
            self._told = True
            self._flush()
            wait = "" if self._limit_s is None else f" It is disarmed in {self._limit_s:g} s."
            output.say(f"[bold]Armed.[/] Press Enter to run it: light will come on. Ctrl-C stops.{wait}")
            return False
        return self._pressed() and bool(self._keys.readline())

    def _flush(self) -> None:
        """What was typed before the question is no answer to it."""
        while self._pressed() and self._keys.readline():
            pass

    def _pressed(self) -> bool:
        return bool(select.select([self._keys], [], [], 0)[0])

"""Messages over two pipes, between who looks back and the process that answers."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, Protocol

from numpy.typing import NDArray
from wavestim.controller.live import wire


class Line(Protocol):
    """A two-way line for messages."""

    def ask(self, wait_s: float) -> tuple[str, dict[str, Any]] | None: ...
    def tell(self, topic: str, header: dict[str, Any], arrays: dict[str, NDArray[Any]] | None = None) -> None: ...


class PipeLine:
    """Messages over two pipes.

    Parameters
    ----------
    questions, answers : Connection
    """

    def __init__(self, questions: Connection, answers: Connection) -> None:
        self._questions, self._answers = questions, answers

    def ask(self, wait_s: float) -> tuple[str, dict[str, Any]] | None:
        """The next question; None when none has come. EOFError when nobody asks any more."""
        return receive(self._questions)[:2] if self._questions.poll(wait_s) else None

    def tell(self, topic: str, header: dict[str, Any], arrays: dict[str, NDArray[Any]] | None = None) -> None:
        """Send an answer."""
        send(self._answers, wire.pack(topic, header, arrays))


def send(pipe: Connection, frames: Sequence[bytes]) -> None:
    """One message."""
    pipe.send_bytes(bytes([len(frames)]))
    for frame in frames:
        pipe.send_bytes(frame)


def receive(pipe: Connection) -> tuple[str, dict[str, Any], wire.Arrays]:
    """One message; EOFError at the end."""
    (n,) = pipe.recv_bytes(1)
    return wire.unpack([pipe.recv_bytes() for _ in range(n)])

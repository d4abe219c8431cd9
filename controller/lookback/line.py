"""Messages over two pipes, between who looks back and the process that answers. What belongs together goes in one packet.

A packet is the length of its header (4 bytes, little-endian), the header (JSON: the lengths of the frames of each message), and all frames.
"""

from __future__ import annotations

import struct
from multiprocessing.connection import Connection
from typing import Any, Protocol

from numpy.typing import NDArray
from wavestim.controller.live import wire

Message = tuple[str, dict[str, Any], dict[str, NDArray[Any]]]
SIZE = struct.Struct("<I")


class Line(Protocol):
    """A two-way line for messages."""

    def ask(self, wait_s: float) -> tuple[str, dict[str, Any]] | None: ...
    def tell(self, *messages: Message) -> None: ...


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
        return receive(self._questions)[0][:2] if self._questions.poll(wait_s) else None

    def tell(self, *messages: Message) -> None:
        """Send an answer, with what belongs to it."""
        send(self._answers, *messages)


def send(pipe: Connection, *messages: Message) -> None:
    """One packet."""
    packed = [wire.pack(*message) for message in messages]
    header = wire.dump({"frames": [[len(frame) for frame in frames] for frames in packed]})
    pipe.send_bytes(b"".join([SIZE.pack(len(header)), header, *(frame for frames in packed for frame in frames)]))


def receive(pipe: Connection) -> list[Message]:
    """The messages of one packet; EOFError at the end.

    Raises
    ------
    WireError
    """
    return unpacked(pipe.recv_bytes())


def unpacked(packet: bytes) -> list[Message]:
    """The messages in a packet.

    Raises
    ------
    WireError
        When it is none.
    """
    try:
        (n,) = SIZE.unpack_from(packet)
        lengths = wire.load(packet[SIZE.size : SIZE.size + n])["frames"]
        at, messages = SIZE.size + n, []
        for each in lengths:
            frames = []
            for length in each:
                frames.append(packet[at : at + length])
                at += length
            messages.append(wire.unpack(frames))
    except (struct.error, KeyError, TypeError) as error:
        raise wire.WireError(f"no packet of messages: {error}") from None
    return messages

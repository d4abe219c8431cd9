"""The ZeroMQ side of a source: a subscription, and the messages that come over it with the time of their arrival."""

from __future__ import annotations

import socket
import time
from collections.abc import Generator
from dataclasses import dataclass
from threading import Event

import zmq

POLL_MS = 50
CONNECT_S = 2.0
MOST_WAITING = 50_000
LARGEST_MESSAGE = 64 << 20


@dataclass(frozen=True)
class Message:
    """The frames of a message, and when it came (monotonic, ns)."""

    frames: list[bytes]
    host_ns: int


def listens(host: str, port: int, timeout_s: float = CONNECT_S) -> bool:
    """Whether something accepts connections there."""
    try:
        socket.create_connection((host, port), timeout_s).close()
    except OSError:
        return False
    return True


def messages(host: str, port: int, finish: Event) -> Generator[Message | None]:
    """What a publisher sends, until ``finish``; None about every 50 ms while nothing comes.

    The subscription is made with the first ``next`` and let go when the iterator is closed. When the publisher went away, ZeroMQ connects
    anew by itself.
    """
    with zmq.Context() as context, context.socket(zmq.SUB) as sub:
        sub.setsockopt(zmq.LINGER, 0)
        sub.setsockopt(zmq.RCVHWM, MOST_WAITING)
        sub.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        sub.setsockopt(zmq.IPV6, 1)
        sub.setsockopt(zmq.SUBSCRIBE, b"")
        sub.connect(f"tcp://{f'[{host}]' if ':' in host else host}:{port}")
        while not finish.is_set():
            if sub.poll(POLL_MS):
                yield Message(sub.recv_multipart(), time.monotonic_ns())
            else:
                yield None

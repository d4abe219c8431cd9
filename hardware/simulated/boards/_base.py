"""A stand-in for a board of a lab: its protocol as a state machine over bytes with their times, and the light that it makes.

Written from the byte tables of the boards' public firmware, apart from the drivers, which it is there to test.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.firmware.emulator import HOST_EDGE
from wavestim.hardware.simulated.boards.ptyline import PtyLine

Edge = tuple[int, int, int]
"""(host ns, led, level)."""


class Peer(ABC):
    """The firmware of a board. Time is host time, ns.

    Attributes
    ----------
    garbage : bytes
        Said to whatever comes, in place of an answer, while it is not empty (fault injection).
    mute : bool
        Says nothing (fault injection).
    """

    N_SITES: ClassVar[int]
    BYTE_NS: ClassVar[int] = 0
    """Time of a byte on the wire to the board; 0 where USB carries it."""

    def __init__(self) -> None:
        self.garbage, self.mute = b"", False
        self._said = bytearray()
        self._edges: list[Edge] = []
        self._lit: dict[int, int] = {}
        self._buffer = bytearray()
        self._busy_ns = 0  # nothing is read before then

    @abstractmethod
    def read(self, buffer: bytearray, at_ns: int) -> int:
        """Carry out the message at the head of the buffer; returns its length, 0 while it is not whole."""

    def receive(self, data: bytes, at_ns: int) -> bytes:
        """Take bytes; returns what the board answers."""
        self._buffer += data
        while self._buffer and at_ns >= self._busy_ns and (n := self.read(self._buffer, at_ns)):
            del self._buffer[:n]
        if at_ns >= self._busy_ns:
            self._busy_ns = 0
        said, self._said = bytes(self._said), bytearray()
        if data and self.garbage:
            said = self.garbage
        return b"" if self.mute else said

    def say(self, *words: int | bytes) -> None:
        """Answer."""
        for word in words:
            self._said += word if isinstance(word, bytes) else bytes((word,))

    def shine(self, site: int, on_ns: int, off_ns: int, level: int = 255) -> None:
        """Light from then to then."""
        self._edges += [(on_ns, site, level), (off_ns, site, 0)]

    def cut(self, at_ns: int, sites: range | None = None) -> None:
        """Nothing of what these sites were to do after ``at_ns`` happens; they are dark then."""
        mine = range(self.N_SITES) if sites is None else sites
        self._edges = [e for e in self._edges if e[0] <= at_ns or e[1] not in mine] + [(at_ns, s, 0) for s in mine]

    def edges(self, until_ns: int) -> list[Edge]:
        """Changes of light up to a time, in their order: drains."""
        due = sorted((e for e in self._edges if e[0] <= until_ns), key=lambda e: (e[0], e[2]))
        self._edges = [e for e in self._edges if e[0] > until_ns]
        out = []
        for at, site, level in due:
            if self._lit.get(site, 0) != level:
                self._lit[site] = level
                out.append((at, site, level))
        return out

    @property
    def next_ns(self) -> int | None:
        """When light changes, or what waits is read."""
        pending = [e[0] for e in self._edges] + ([self._busy_ns] if self._buffer and self._busy_ns else [])
        return min(pending, default=None)


class PtyPeer:
    """A peer behind a pseudo-terminal, in real time; serves like ``PtyBoard``.

    Parameters
    ----------
    peer : Peer
    """

    def __init__(self, peer: Peer) -> None:
        self.peer, self.line = peer, PtyLine()

    @property
    def pty_name(self) -> str:
        return self.line.pty_name

    @property
    def connected(self) -> bool:
        """A host holds the line open."""
        return self.line.connected

    def service(self, timeout_s: float = 0.1) -> NDArray[np.void]:
        """Serve the line until light changes or the timeout; returns new edges (``HOST_EDGE``), device time being host time."""
        deadline = time.monotonic_ns() + int(timeout_s * 1e9)
        while True:
            upcoming = self.peer.next_ns
            data, now = self.line.receive(deadline if upcoming is None else min(deadline, upcoming))
            answer = self.peer.receive(data, now + len(data) * self.peer.BYTE_NS)
            if answer:
                self.line.send(answer)
            edges = self.peer.edges(now)
            if edges or now >= deadline:
                return rows(edges)

    def device_ns(self, host_ns: int) -> int:
        """The clock that its edges are told in."""
        return host_ns

    def rest(self) -> NDArray[np.void]:
        """What is still to happen when nobody serves any more: every pulse ends by itself."""
        upcoming, edges = self.peer.next_ns, []
        while upcoming is not None:
            self.peer.receive(b"", upcoming)
            edges += self.peer.edges(upcoming)
            upcoming = self.peer.next_ns
        return rows(edges)

    def close(self) -> None:
        self.line.close()


def rows(edges: list[Edge]) -> NDArray[np.void]:
    """Edges as ``HOST_EDGE``."""
    out = np.zeros(len(edges), HOST_EDGE)
    for row, (at, site, level) in zip(out, edges, strict=True):
        row["host_ns"], row["device_ns"], row["led"], row["level"] = at, at, site, level
    return out

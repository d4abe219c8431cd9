"""The samples of a mock rig as they fall due, the light that shone until then, and the orders that change the rig while it runs.

An order is one line of JSON that the host writes into the sample socket, see `Streamer.obey`. None is answered: whoever gives one has
checked it.
"""

from __future__ import annotations

import json
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from wavestim.hardware.simulated.config import CortexConfig
from wavestim.hardware.simulated.faults import Faults, FaultyRig
from wavestim.hardware.sources.stream import HEADER, MAGIC

DELAY_MS = 2.0
"""Samples leave the rig this long after they were taken, as an amplifier's do; light within that time is in them."""
BLOCK_MS, LONGEST_MS = 1.0, 20.0
"""What is sent at a time, and at most while it catches up: more would take so long to be made that its silence were a fault."""
PAUSE_S = 0.001


class Lit(Protocol):
    """A board whose edges of light the tissue gets, and whose cable can be pulled."""

    edges: deque[tuple[int, int, int]]

    def plug(self, plugged: bool) -> None: ...


class Orders:
    """Lines of JSON from a socket, without waiting.

    Parameters
    ----------
    line : socket
    """

    def __init__(self, line: socket.socket) -> None:
        self._line, self._said = line, b""
        self.over = False
        """Nobody is at the other end any more."""

    def take(self, *, wait: bool = False) -> list[dict[str, Any]]:
        """What was ordered since the last time."""
        try:
            came = self._line.recv(65536, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        self.over = not came
        *lines, self._said = (self._said + came).split(b"\n")
        return [json.loads(line) for line in lines]


def by_led(colours: Sequence[Sequence[float]], n_leds: int) -> list[Sequence[float]]:
    """For each LED the table of its colour; they share the LEDs equally, one behind the other."""
    return [colours[led * len(colours) // n_leds] for led in range(n_leds)] if colours else []


class Streamer:
    """One rig that streams.

    Parameters
    ----------
    tissue : FaultyRig
    board : Lit, optional
    out : socket
        Where samples go and orders come from.
    fs_hz : float
    start_ns : int
        Of the first sample, on the monotonic clock.
    irradiance : sequence of sequences
        mW/mm2 by LED and level.
    now_ns, sleep : callable
        The clock.
    """

    def __init__(
        self,
        tissue: FaultyRig,
        board: Lit | None,
        out: socket.socket,
        fs_hz: float,
        start_ns: int,
        irradiance: Sequence[Sequence[float]] = (),
        *,
        now_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tissue, self._board, self._out, self._fs_hz = tissue, board, out, fs_hz
        self._start_ns, self._irradiance, self._now_ns, self._sleep = start_ns, irradiance, now_ns, sleep
        self._orders = Orders(out)
        self._sent = self._drop = 0
        self._held_to_ns = 0
        self._ended = False

    def run(self) -> None:
        """Until the samples end, an order ends them, or nobody reads."""
        steady, period = self._start_ns, 1e9 / self._fs_hz
        block, longest = (max(1, round(ms * self._fs_hz / 1000)) for ms in (BLOCK_MS, LONGEST_MS))
        while not (self._ended or self._orders.over):
            for order in self._orders.take():
                self.obey(order)
            if self._now_ns() < self._held_to_ns:
                self._sleep(PAUSE_S)
                continue
            start = steady + self._tissue.faults.late_ns(self._sent / self._fs_hz)
            due = int((self._now_ns() - DELAY_MS * 1e6 - start) / period) + 1
            if due - self._sent < block:
                self._sleep(max(0.0, (start + (self._sent + block - 1) * period + DELAY_MS * 1e6 - self._now_ns()) / 1e9))
                continue
            if not self._send(min(due - self._sent, longest), start, period):
                return

    def _send(self, n: int, start: float, period: float) -> bool:
        """The next samples with their light; False at the end."""
        until = start + (self._sent + n - 1) * period
        board = self._board
        while board is not None and board.edges and board.edges[0][0] <= until:
            host_ns, led, level = board.edges.popleft()
            self._tissue.light(max(0.0, (host_ns - start) / 1e9), led, self._irradiance[led][level])
        samples = self._tissue.read(n)
        if len(samples) == 0:
            return False
        lost = min(self._drop, len(samples))
        if lost < len(samples):
            kept = samples[lost:]
            self._out.sendall(HEADER.pack(MAGIC, len(kept), self._sent + lost) + kept.tobytes())
        self._drop -= lost
        self._sent += len(samples)
        return True

    def obey(self, order: dict[str, Any]) -> None:
        """Carry out one order.

        Parameters
        ----------
        order : dict
            Any of ``cortex`` (keys of `CortexConfig`: another wave), ``faults`` (keys of `Faults`, from now on), ``shake``, ``drop``
            (so many samples), ``hold_ms`` (nothing goes out for so long, then all at once), ``board`` (False: the cable is out),
            ``end`` (no more samples).
        """
        if "cortex" in order:
            self._tissue.become(CortexConfig(**order["cortex"]))
        if "faults" in order:
            now = asdict(self._tissue.faults) | order["faults"]
            self._tissue.faults = Faults.from_json(now)
        self._tissue.shaken += int(order.get("shake", 0))
        self._drop += int(order.get("drop", 0))
        if "hold_ms" in order:
            self._held_to_ns = self._now_ns() + int(order["hold_ms"] * 1e6)
        if "board" in order and self._board is not None:
            self._board.plug(bool(order["board"]))
        self._ended = self._ended or bool(order.get("end"))

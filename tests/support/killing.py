"""Hosts killed with SIGKILL at random moments, in real time: when was the last light, and how long did this machine itself stall?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from wavestim.hardware.firmware.board import PtyBoard

SLICE_S = 0.01


@dataclass(frozen=True)
class Killed:
    """One host killed."""

    lit: bool
    """Light was on at that moment."""
    pulses: int
    """Light that had come on before."""
    last_edge_ms: float
    """The last edge of light, after the kill."""
    stall_ms: float
    """The longest time that the board's own thread was kept waiting."""
    dark: bool
    """At the end nothing shone and nothing was queued."""


class _Board(threading.Thread):
    def __init__(self) -> None:
        super().__init__()
        self.board = PtyBoard(25)
        self.changed = threading.Condition()
        self.edges: list[tuple[int, int, int, int]] = []
        self.stall_s = 0.0
        self.done = False

    def run(self) -> None:
        before = time.monotonic()
        while not self.done:
            edges = self.board.service(SLICE_S)
            now = time.monotonic()
            self.stall_s = max(self.stall_s, now - before - SLICE_S)
            before = now
            with self.changed:
                self.edges += edges.tolist()
                self.changed.notify_all()

    def until_dark(self) -> bool:
        """Wait for what must come: the end of the connection, and the safe state."""
        with self.changed:
            return self.changed.wait_for(lambda: not self.board.connected and self.board.core.state == "safe", 60)


def kill_hosts(count: int, seed: int) -> list[Killed]:
    """Kill so many hosts, one after the other, each at a moment of its own within 0.1 s after its first light was accepted."""
    rng = np.random.default_rng(seed)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    program = Path(__file__).with_name("killable_host.py")
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as nursery:
        try:
            return [_kill_one(nursery, float(rng.uniform(0.08, 0.18))) for _ in range(count)]
        finally:
            nursery.kill()


def _kill_one(nursery: subprocess.Popen[str], after_s: float) -> Killed:
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    thread = _Board()
    thread.start()
    try:
        nursery.stdin.write(thread.board.pty_name + "\n")
        nursery.stdin.flush()
        pid = int(nursery.stdout.readline())
        threading.Event().wait(after_s)
        thread.stall_s = 0.0
        at_ns = time.monotonic_ns()
        os.kill(pid, signal.SIGKILL)
        dark = thread.until_dark()
    finally:
        thread.done = True
        thread.join()
        thread.board.close()
    edges = np.array(thread.edges, dtype=np.int64).reshape(-1, 4)
    before = edges[edges[:, 0] <= at_ns]
    lit = int((before[:, 3] > 0).sum() - (before[:, 3] == 0).sum())
    last = (edges[-1, 0] - at_ns) / 1e6 if len(edges) else -np.inf
    dark = dark and not thread.board.core.lit and len(edges) == 2 * int((edges[:, 3] > 0).sum())
    return Killed(lit > 0, int((before[:, 3] > 0).sum()), float(last), thread.stall_s * 1e3, dark)

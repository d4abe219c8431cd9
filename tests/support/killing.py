"""Hosts killed with SIGKILL at random moments of a board's clock: when was the last light, by that clock?

How late this machine is changes nothing: the board counts its timeout in its own time, and the last that a host wrote is heard once.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from support.waiting import LOOKS
from wavestim.hardware.firmware.board import PtyBoard

SLICE_S = 0.01
AFTER_MS = (80.0, 180.0)
"""From the first order that was accepted, which lies 80 ms ahead of its light, to the kill."""


@dataclass(frozen=True)
class Killed:
    """One host killed."""

    lit: bool
    """Light was on at that moment."""
    pulses: int
    """Light that had come on before."""
    last_edge_ms: float
    """The last edge of light, after the kill."""
    dark: bool
    """At the end nothing shone and nothing was queued."""


def kill_hosts(count: int, seed: int) -> list[Killed]:
    """Kill so many hosts, one after the other, each at a moment of its own within 0.1 s after its first light."""
    rng = np.random.default_rng(seed)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    program = Path(__file__).with_name("killable_host.py")
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as nursery:
        try:
            return [_kill_one(nursery, round(1e6 * float(rng.uniform(*AFTER_MS)))) for _ in range(count)]
        finally:
            nursery.kill()


def _kill_one(nursery: subprocess.Popen[str], after_ns: int) -> Killed:
    assert nursery.stdin is not None
    said = nursery.stdout
    assert said is not None
    edges: list[tuple[int, int, int, int]] = []
    with PtyBoard(25) as board:

        def until(condition: Callable[[], object]) -> None:
            for _ in range(LOOKS):
                if condition():
                    return
                edges.extend(board.service(SLICE_S).tolist())
            raise AssertionError("it never came to pass")

        nursery.stdin.write(board.pty_name + "\n")
        nursery.stdin.flush()
        until(lambda: select.select([said], [], [], 0)[0])
        pid, due_ns = int(said.readline()), board.core.now_ns + after_ns
        until(lambda: board.core.now_ns >= due_ns)
        os.kill(pid, signal.SIGKILL)
        at_ns = time.monotonic_ns()
        until(lambda: not board.connected and board.core.state == "safe")
        dark = not board.core.lit and len(edges) == 2 * sum(level > 0 for *_, level in edges)
    before = [level for host_ns, _, _, level in edges if host_ns <= at_ns]
    lit = sum(level > 0 for level in before)
    last_ns = max((host_ns for host_ns, *_ in edges), default=at_ns)
    return Killed(2 * lit > len(before), lit, (last_ns - at_ns) / 1e6, dark)

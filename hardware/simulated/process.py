"""The mock rig as a process of its own: cortex in silico (or a recording) streams over a socket, the firmware serves a pseudo-terminal.

The rig process knows it only as a serial port and a sample socket, so mock mode at real pace runs the very driver, source path and watchdog
of a rig. It outlives the host: when the host dies the board goes dark by itself, and every edge of light is in the edge file.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.firmware.device import EdgeFile, Served, write_rig_clock
from wavestim.hardware.simulated.boards import GatedBoard, stand_in
from wavestim.hardware.simulated.config import CortexConfig, LightConfig
from wavestim.hardware.simulated.faults import Faults, FaultyRig, Rig
from wavestim.hardware.simulated.rig import SimulatedRig
from wavestim.hardware.sources import open_recording
from wavestim.hardware.sources.stream import HEADER, MAGIC

DELAY_MS = 2.0
"""Samples leave the rig this long after they were taken, as an amplifier's do; light within that time is in them."""
BLOCK_MS, LONGEST_MS = 1.0, 20.0
"""What is sent at a time, and at most while it catches up: more would take so long to be made that its silence were a fault."""
GRACE_S = 2.0
"""How long the rig lives on after its host has gone."""


@dataclass
class MockRig:
    """The handle of a running mock rig process.

    Attributes
    ----------
    pty : serial port of its board; empty without one.
    level_pty : serial port of the level-only light that the board gates; empty without one.
    samples : connected socket of its samples.
    """

    process: subprocess.Popen[str]
    pty: str
    level_pty: str
    samples: socket.socket

    def close(self, timeout_s: float = 10.0) -> None:
        """Let go of the sample socket; the rig writes out its truth and ends."""
        self.samples.close()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_mock_rig(settings: dict[str, Any], timeout_s: float = 30.0) -> MockRig:
    """Start the process.

    Parameters
    ----------
    settings : dict
        ``positions_mm leds_mm fs_hz``; the cortex: ``seed cortex light gate_channel truth`` (path), or a ``recording`` (path or
        name) in its place; ``faults`` (of its wires and its clock);
        with a board: ``board`` (its kind) ``gates`` (it gates a level-only light) ``irradiance`` (256 values, mW/mm2 by level)
        ``edges clock`` (paths). A board alone: ``leds_mm edges board gates``.

    Raises
    ------
    RuntimeError
        When it does not come up; its own words are in the message.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "wavestim.hardware.simulated.process", str(theirs.fileno())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(settings))
    process.stdin.close()
    with process.stdout:
        line = process.stdout.readline()
    if not line:
        process.wait(timeout_s)
        raise RuntimeError("the mock rig did not start; its own message is above")
    ports = json.loads(line)
    return MockRig(process, ports["pty"], ports["level_pty"], ours)


class _Board(threading.Thread):
    """Serves the board; keeps the edges for the cortex."""

    def __init__(self, board: Served, edges: EdgeFile) -> None:
        super().__init__(daemon=True)
        self.board, self.file = board, edges
        self.edges: deque[tuple[int, int, int]] = deque()
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.is_set():
            self._take(self.board.service(0.02))
        self.board.close()
        self._take(self.board.rest())
        self.file.close()

    def _take(self, edges: Any) -> None:
        if len(edges):
            self.file.write(edges)
            self.edges.extend((int(e["host_ns"]), int(e["led"]), int(e["level"])) for e in edges)


class _Recording:
    """A recording in place of the cortex: light does nothing to it."""

    def __init__(self, path: str) -> None:
        self._blocks = open_recording(path).blocks(4096)
        self._rest: NDArray[np.float32] | None = None

    def light(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None:
        """Nothing: what was recorded stays what it was."""

    def read(self, n: int) -> NDArray[np.float32]:
        """The next samples, at most n; none at the end."""
        block = self._rest if self._rest is not None else next(self._blocks, (0, None))[1]
        if block is None:
            return np.zeros((0, 0), np.float32)
        self._rest = block[n:] if len(block) > n else None
        return np.ascontiguousarray(block[:n])

    def close(self) -> None:
        self._rest = None


def _tissue(settings: dict[str, Any]) -> Rig | None:
    if "recording" not in settings and "cortex" not in settings:
        return None
    if "recording" in settings:
        return _Recording(settings["recording"])
    return SimulatedRig(
        CortexConfig(**settings["cortex"]),
        np.array(settings["positions_mm"]),
        np.array(settings["leds_mm"]).reshape(-1, 2),
        fs_hz=float(settings["fs_hz"]),
        seed=settings["seed"],
        truth_path=settings["truth"],
        light=LightConfig(**settings["light"]),
        gate_channel=settings["gate_channel"],
    )


def main() -> None:
    """Entry of the process: settings as JSON on stdin, the sample socket as a descriptor number."""
    settings = json.load(sys.stdin)
    out = socket.socket(fileno=int(sys.argv[1]))
    faults = Faults.from_json(settings.get("faults", {}))
    tissue = _tissue(settings)
    if tissue is not None and faults != Faults():
        tissue = FaultyRig(tissue, faults)
    board, pty, level_pty = None, "", ""
    if "edges" in settings:
        lines = stand_in(settings["board"], max(1, len(settings["leds_mm"])))
        if settings["gates"]:
            lines = gated = GatedBoard(lines)
            level_pty = gated.level_pty_name
        pty = lines.pty_name
        board = _Board(lines, EdgeFile(settings["edges"]))
        board.start()
    print(json.dumps({"pty": pty, "level_pty": level_pty}), flush=True)
    start = time.monotonic_ns() + 50_000_000
    if board is not None and tissue is not None:
        write_rig_clock(Path(settings["clock"]), board.board, start)
    try:
        if tissue is None:
            out.recv(1)  # until the host lets go
        else:
            _stream(tissue, board, out, float(settings["fs_hz"]), start, settings.get("irradiance", ()), faults)
    except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
        pass
    finally:
        out.close()
        if tissue is not None:
            tissue.close()
        if board is not None:
            board.done.wait(GRACE_S if board.board.connected else 0.1)  # the host is gone: the board's watchdog has the word
            board.done.set()
            board.join(2.0)


def _stream(
    tissue: Rig,
    board: _Board | None,
    out: socket.socket,
    fs: float,
    start: int,
    irradiance: Sequence[float],
    faults: Faults,
) -> None:
    """Samples as they fall due, with the light that shone until then, until they end or nobody reads."""
    period = 1e9 / fs
    block, longest = (max(1, round(ms * fs / 1000)) for ms in (BLOCK_MS, LONGEST_MS))
    sent, steady = 0, start
    while True:
        start = steady + faults.late_ns(sent / fs)
        due = int((time.monotonic_ns() - DELAY_MS * 1e6 - start) / period) + 1
        if due - sent < block:
            time.sleep(max(0.0, (start + (sent + block - 1) * period + DELAY_MS * 1e6 - time.monotonic_ns()) / 1e9))
            continue
        n = min(due - sent, longest)
        until = start + (sent + n - 1) * period
        while board is not None and board.edges and board.edges[0][0] <= until:
            host_ns, led, level = board.edges.popleft()
            tissue.light(max(0.0, (host_ns - start) / 1e9), led, irradiance[level])
        samples = tissue.read(n)
        if len(samples) == 0:
            return
        out.sendall(HEADER.pack(MAGIC, len(samples), sent) + samples.tobytes())
        sent += len(samples)


if __name__ == "__main__":
    main()

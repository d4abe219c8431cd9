"""The mock rig as a process of its own: cortex in silico (or a recording) streams over a socket, the firmware serves a pseudo-terminal.

The rig process knows it only as a serial port and a sample socket, so mock mode at real pace runs the very driver, source path and watchdog
of a rig. It outlives the host: when the host dies the board goes dark by itself, and every edge of light is in the edge file.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.firmware.device import EdgeFile, HostBoard, Served, write_rig_clock
from wavestim.hardware.simulated.boards import GatedBoard, stand_in
from wavestim.hardware.simulated.config import CortexConfig, LightConfig
from wavestim.hardware.simulated.faults import Faults, FaultyRig, Rig
from wavestim.hardware.simulated.rig import SimulatedRig
from wavestim.hardware.simulated.streaming import Orders, Streamer, by_led
from wavestim.hardware.sources import open_recording

SLOWEST_MM_S = 5.0
"""The slowest wave that it can be told to carry while it runs, at its slowest moments."""
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

    def tell(self, **order: Any) -> None:
        """Change it while it runs: see :meth:`wavestim.hardware.simulated.streaming.Streamer.obey`; nothing when it has ended."""
        with contextlib.suppress(OSError):
            self.samples.sendall(json.dumps(order).encode() + b"\n")

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
        with a board: ``board`` (its kind) ``gates`` (it gates a level-only light) ``irradiance`` (for each colour
        256 values, mW/mm2 by level) ``edges clock`` (paths). A board alone: ``leds_mm edges board gates``.

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
    """Serves the board, under a name that stays when its cable was out; keeps the edges for the cortex."""

    def __init__(self, board: Served, edges: EdgeFile, name: Path) -> None:
        super().__init__(daemon=True)
        self.board, self.file, self.name_at = board, edges, name
        self.edges: deque[tuple[int, int, int]] = deque()
        self.done = threading.Event()
        self._wanted = self._plugged = True
        name.symlink_to(board.pty_name)

    def run(self) -> None:
        while not self.done.is_set():
            if self._wanted != self._plugged and isinstance(self.board, HostBoard):
                self._turn(self.board)
            self._take(self.board.service(0.02))
        self.board.close()
        self._take(self.board.rest())
        self.file.close()

    def plug(self, plugged: bool) -> None:
        """The cable is put in, or pulled out; of the stand-ins only our own firmware has one that can be."""
        self._wanted = plugged

    def _turn(self, board: HostBoard) -> None:
        self._plugged = self._wanted
        if self._plugged:
            board.plug()
            self.name_at.symlink_to(board.pty_name)
        else:
            self.name_at.unlink()  # first: the system may give its number to somebody else
            board.pull()

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
        slowest_mm_s=SLOWEST_MM_S,
    )


def main() -> None:
    """Entry of the process: settings as JSON on stdin, the sample socket as a descriptor number."""
    settings = json.load(sys.stdin)
    out = socket.socket(fileno=int(sys.argv[1]))
    faults = Faults.from_json(settings.get("faults", {}))
    bare = _tissue(settings)
    tissue = None if bare is None else FaultyRig(bare, faults)
    board, pty, level_pty = None, "", ""
    names = tempfile.TemporaryDirectory(prefix="wavestim-port-")
    if "edges" in settings:
        lines = stand_in(settings["board"], max(1, len(settings["leds_mm"])))
        if settings["gates"]:
            lines = gated = GatedBoard(lines)
            level_pty = gated.level_pty_name
        pty = lines.pty_name
        board = _Board(lines, EdgeFile(settings["edges"]), Path(names.name, "board"))
        board.start()
        if isinstance(lines, HostBoard):  # whose cable can be pulled
            pty = str(board.name_at)
    print(json.dumps({"pty": pty, "level_pty": level_pty}), flush=True)
    start = time.monotonic_ns() + 50_000_000
    if board is not None and tissue is not None:
        write_rig_clock(Path(settings["clock"]), board.board, start)
    try:
        if tissue is None:
            _alone(board, out)
        else:
            lit = by_led(settings.get("irradiance", ()), len(settings["leds_mm"]))
            Streamer(tissue, board, out, float(settings["fs_hz"]), start, lit).run()
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
        names.cleanup()


def _alone(board: _Board | None, out: socket.socket) -> None:
    """A board without samples, until the host lets go."""
    orders = Orders(out)
    while not orders.over:
        for order in orders.take(wait=True):
            if "board" in order and board is not None:
                board.plug(bool(order["board"]))


if __name__ == "__main__":
    main()

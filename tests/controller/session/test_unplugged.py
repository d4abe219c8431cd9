"""A board whose cable is pulled out and put back in the middle of a session, at real pace: dark, told, and lit again only as allowed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from support.realpace import ready
from wavestim.controller import open_session
from wavestim.controller.record.complete import complete
from wavestim.controller.session import run_experiment, verify_session
from wavestim.hardware.firmware.board import PtyBoard

TEXT = """
name: unplugged
source: {kind: simulated}
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
trigger: {horizon_ms: 200, refractory_ms: 0, policy: {kind: open-loop, period_ms: 100}}
light: {kind: wavelight, port: PORT, clock_tolerance_us: 1000}
conditions:
  - {name: lit, pattern: {kind: flash, width_ms: 5, irradiance_mw_mm2: 2}}
safety: {rearm_after_stall: ALLOWED}
"""


class Socket:
    """A name under which a board is plugged in, one after the other."""

    def __init__(self, name: Path) -> None:
        self.name, self.boards, self.lit = name, 0, [0, 0, 0]
        self.plug()

    def plug(self) -> None:
        self.boards += 1
        self.board = PtyBoard(25, boot_id=self.boards)
        self.name.unlink(missing_ok=True)
        self.name.symlink_to(self.board.pty_name)
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(self.boards,), daemon=True)
        self.thread.start()

    def serve(self, number: int) -> None:
        while not self.done.is_set():
            self.lit[number] += int((self.board.service(0.01)["level"] > 0).sum())

    def pull(self) -> None:
        self.done.set()
        self.thread.join()
        self.board.close()


@pytest.mark.parametrize("allowed", [0, 5])
def test_dark_told_and_lit_again_only_as_allowed(tmp_path: Path, allowed: int) -> None:
    socket, out = Socket(tmp_path / "board"), tmp_path / "session"

    def progress(seconds: float) -> None:
        if socket.boards == 1 and (socket.lit[1] > 0 or (seconds > 2 and not allowed)):
            socket.pull()
            socket.plug()
        if socket.lit[2] > 0:
            with (out / "stop").open("r+b") as stop:
                stop.write(b"\1")

    experiment = ready(TEXT.replace("PORT", str(socket.name)).replace("ALLOWED", str(allowed)), tmp_path)
    try:
        summary: Any = run_experiment(
            experiment, out=out, seconds=60 if allowed else 6, pace="real", seed=4, arm=True, progress=progress, finish=complete
        )
    finally:
        socket.pull()
    markers = [str(name) for name in open_session(out).markers["name"]]
    assert allowed or summary["samples"] >= 6000  # the recording went on
    assert "paused" in markers[: markers.index("board-back")]
    # a computer that stalls may have paused and resumed before; what counts is what comes after the cable
    assert ("resumed" in markers[markers.index("board-back") :]) == bool(allowed)
    assert (socket.lit[2] > 0) == bool(allowed)
    assert not socket.board.core.lit
    assert verify_session(out).ok

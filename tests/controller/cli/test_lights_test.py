"""``wavestim lights test`` on a board behind a serial port: it stays dark, and what it says is true."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from support.light_boards import DRIVERS, OURS, Served
from typer.testing import CliRunner
from wavestim.controller.cli import app
from wavestim.hardware.firmware.board import PtyBoard
from wavestim.hardware.simulated.boards import PEERS


def test_a_board_on_a_line_is_tried_out_in_the_dark() -> None:
    board, done, edges = PtyBoard(25), threading.Event(), list[Any]()

    def serve() -> None:
        while not done.is_set():
            edges.extend(board.service(0.01))

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        result = CliRunner().invoke(app, ["lights", "test", "--port", board.pty_name, "--json"])
    finally:
        done.set()
        thread.join()
        board.close()
    told = json.loads(result.stdout)
    assert edges == []
    assert board.core.state == "idle"
    assert (told["light"]["kind"], told["light"]["board"], told["onset_against"]) == ("wavelight", "host", "the board's own clock")
    assert told["line"] == {"latency_timer_ms": None, "event_character": False, "note": ""}
    assert all(told["checks"][name] for name in ("refuses-what-is-late", "dark-on-abort", "dark-without-heartbeat"))
    assert told["round_trip_us"]["p50"] > 0
    assert told["stall_us"]["max"] > 0  # what this computer did to us meanwhile stands beside it
    assert result.exit_code == (0 if told["ok"] else 1)


@pytest.mark.parametrize("name", [name for name in OURS if name in PEERS])
def test_a_board_without_a_clock_says_who_it_is(name: str) -> None:
    served = Served(DRIVERS[name])
    try:
        for asked in ([], ["--json"]):
            done = CliRunner().invoke(app, ["lights", "test", name, "--port", served.board.pty_name, *asked])
            assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert (told["ok"], told["light"]["kind"], told["line"]) == (True, name, None)
        served.peer.garbage = b"something else"
        wrong = CliRunner().invoke(app, ["lights", "test", name, "--port", served.board.pty_name])
        assert wrong.exit_code == 3
        assert "is not a" in wrong.stderr
        assert served.edges == []
    finally:
        served.close()

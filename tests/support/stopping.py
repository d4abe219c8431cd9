"""Rigs that hang or die while light shines, at real pace: when was the last light, by the clock of the board that logged it?

How late this machine is changes nothing in that: silence of the host ends in darkness on the board's own tick, and the last that a host
wrote is heard once.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.hanging_rig import HANG
from support.lightedges import dark_at_the_end
from support.realpace import learned
from support.waiting import ended, until
from wavestim.controller import open_session
from wavestim.controller.record.truth import read_edges
from wavestim.gui import rig as rigs
from wavestim.gui.deck import Deck

SHINING_EDGES = 8
EXPERIMENT = {
    "name": "shining",
    "probe": {"kind": "grid", "rows": 4, "columns": 4, "pitch_mm": 0.4},
    "trigger": {"horizon_ms": 60, "refractory_ms": 0, "max_phase_sd_deg": 180},
    "light": {"kind": "simulated", "clock_tolerance_us": 1000},
    "safety": {"rearm_after_stall": 100},
    "conditions": [{"name": "lit", "pattern": {"kind": "flash", "width_ms": 4, "irradiance_mw_mm2": 1}}],
}


@dataclass(frozen=True)
class Ended:
    """What became of one.

    Attributes
    ----------
    last_edge_ms : of light after the moment, by the board's clock; below 0 when it was before.
    known_ms : until the window said so, on this machine; for `scripts/measure_stop.py`.
    dark : at the end of the board's log.
    state : of the deck.
    """

    last_edge_ms: float
    known_ms: float
    dark: bool
    state: str


def shining(deck: Deck, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Arm and run until light has come several times; the session's folder. Its Python hangs once ``folder / "hang"`` is written into.

    Raises
    ------
    pytest.skip.Exception
        When the machine is too busy to arm.
    """
    os.mkfifo(folder / "hang")
    monkeypatch.setenv(HANG, str(folder / "hang"))
    monkeypatch.setattr(rigs, "CLI", (sys.executable, str(Path(__file__).with_name("hanging_rig.py"))))
    calibration = str(learned(yaml.safe_dump(EXPERIMENT), folder))
    (folder / "shining.yaml").write_text(yaml.safe_dump(EXPERIMENT | {"calibration": calibration}), encoding="utf-8")
    deck.arm(str(folder / "shining.yaml"), mock=True)
    until(lambda: deck.state in ("armed", "disarmed", "failed", "gone"), deck.turn)
    deck.turn()
    if deck.state == "disarmed":
        pytest.skip("the machine was too busy to arm")
    assert deck.state in ("armed", "paused"), deck.sentence()
    assert deck.session is not None
    session = deck.session

    def go_on() -> None:
        deck.turn()
        deck.run()  # which an armed session takes alone, and a busy machine pauses it

    until(lambda: edges(session) >= SHINING_EDGES, go_on)
    return session


def stop_while_hung(deck: Deck, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ended:
    """Python of the rig hangs, light goes on; then STOP."""
    session = shining(deck, folder, monkeypatch)
    heard = deck.knowledge
    assert heard is not None
    (folder / "hang").write_bytes(b"\1")
    last = -1
    while heard.last_sample != last:  # light goes on, and nothing is heard any more
        last, n = heard.last_sample, edges(session)
        until(lambda n=n: edges(session) >= n + SHINING_EDGES, deck.turn)
    return _ended(deck, session, deck.stop, lambda: deck.state != "stopping")


def killed(deck: Deck, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ended:
    """The rig process is killed while light shines."""
    session = shining(deck, folder, monkeypatch)
    return _ended(deck, session, lambda: os.kill(_rig_pid(deck), signal.SIGKILL), lambda: deck.state == "gone")


def edges(session: Path) -> int:
    """How many the board has logged."""
    return len(read_edges(session / "edges.csv"))


def _ended(deck: Deck, session: Path, act: Callable[[], object], known: Callable[[], object]) -> Ended:
    board = os.pidfd_open(_mock_rig_of(_rig_pid(deck)))
    try:
        act()
        at_ns = time.monotonic_ns()
        until(known, deck.turn)
        known_ns = time.monotonic_ns()
        assert ended(board), "the mock rig outlived its host"  # and its log is whole
    finally:
        os.close(board)
    model = open_session(session).clock_models[-1]
    moment_us = (model["device_ns_at_host0"] + (at_ns - model["host_ns0"]) * model["device_per_host"]) / 1e3
    last_us = float(np.max(read_edges(session / "edges.csv")["device_us"]))
    return Ended((last_us - moment_us) / 1e3, (known_ns - at_ns) / 1e6, dark_at_the_end(session), deck.state)


def _rig_pid(deck: Deck) -> int:
    assert deck._rig is not None
    assert deck._rig.pid is not None
    return deck._rig.pid


def _mock_rig_of(rig: int) -> int:
    """The process that a rig process started for its board."""
    children = [int(pid) for task in Path(f"/proc/{rig}/task").iterdir() for pid in (task / "children").read_text().split()]
    (found,) = [pid for pid in children if b"wavestim.hardware.simulated.process" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return found

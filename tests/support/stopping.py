"""Rigs that hang or die while light shines, at real pace: when was the last light, when did the window know, how late was this machine?"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from support.hanging_rig import HANG
from support.realpace import learned
from support.waiting import PATIENCE_S
from wavestim.gui import rig as rigs
from wavestim.gui.deck import Deck

FRAME_S = 0.033
"""As often as a window turns."""
AFTER_S = 1.5
"""Nothing shines so long after: the board would have gone dark by itself many times over."""
SHINING_EDGES = 8
EXPERIMENT = {
    "name": "shining",
    "probe": {"kind": "grid", "rows": 4, "columns": 4, "pitch_mm": 0.4},
    "trigger": {"horizon_ms": 60, "refractory_ms": 0, "max_phase_sd_deg": 180},
    "light": {"kind": "simulated", "clock_tolerance_us": 1000},
    "safety": {"rearm_after_stall": 100},
    "conditions": [{"name": "lit", "pattern": {"kind": "flash", "width_ms": 4, "irradiance_mw_mm2": 1}}],
}


@dataclass
class Edges(threading.Thread):
    """Reads the board's own log of its light while it grows; every edge gets the time at which it was seen here, which is after it was.

    Attributes
    ----------
    seen : time (s, monotonic), LED, level.
    stall_s : the longest time that this thread, and so this machine, was late.
    """

    path: Path
    seen: list[tuple[float, str, int]] = field(default_factory=list)
    stall_s: float = 0.0
    done: bool = False

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        with self.path.open() as file:
            file.readline()
            before, rest = time.monotonic(), ""
            while not self.done:
                time.sleep(0.001)
                now = time.monotonic()
                self.stall_s, before = max(self.stall_s, now - before - 0.001), now
                *lines, rest = (rest + file.read()).split("\n")
                for line in lines:
                    _, led, level = line.split(",")
                    self.seen.append((now, led, int(level)))

    @property
    def dark(self) -> bool:
        """The last edge of every LED is off."""
        return not any({led: level for _, led, level in self.seen}.values())


@dataclass(frozen=True)
class Ended:
    """What became of one.

    Attributes
    ----------
    last_edge_ms : of light after the moment; below 0 when it was before.
    known_ms : until the window said so.
    stall_ms : of this machine meanwhile.
    dark : at the end.
    state : of the deck.
    """

    last_edge_ms: float
    known_ms: float
    stall_ms: float
    dark: bool
    state: str


def shining(deck: Deck, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Edges:
    """Arm and run until light has come several times; its Python hangs once ``folder / "hang"`` is there.

    Raises
    ------
    pytest.skip.Exception
        When the machine is too busy for light in real time.
    """
    monkeypatch.setenv(HANG, str(folder / "hang"))
    monkeypatch.setattr(rigs, "CLI", (sys.executable, str(Path(__file__).with_name("hanging_rig.py"))))
    calibration = str(learned(yaml.safe_dump(EXPERIMENT), folder))
    (folder / "shining.yaml").write_text(yaml.safe_dump(EXPERIMENT | {"calibration": calibration}), encoding="utf-8")
    deck.arm(str(folder / "shining.yaml"), mock=True)
    live_until(deck, lambda: deck.state in ("armed", "disarmed", "failed", "gone"))
    deck.turn()
    if deck.state == "disarmed":
        pytest.skip("the machine was too busy to arm")
    assert deck.state == "armed", deck.sentence()
    assert deck.session is not None
    edges = Edges(deck.session / "edges.csv")
    edges.start()
    deck.run()
    end = time.monotonic() + PATIENCE_S
    live_until(deck, lambda: len(edges.seen) >= SHINING_EDGES or time.monotonic() > end - 5)
    if len(edges.seen) < SHINING_EDGES:
        pytest.skip("the machine was too busy for light in real time")
    return edges


def live_until(deck: Deck, condition: Callable[[], object]) -> None:
    """Frames of a window without a window."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"it never came to pass: {deck.sentence()}"
        deck.turn()
        time.sleep(FRAME_S)


def stop_while_hung(deck: Deck, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ended:
    """Python of the rig hangs, light goes on; then STOP."""
    edges = shining(deck, folder, monkeypatch)
    (folder / "hang").touch()
    heard, n = deck.knowledge, len(edges.seen)
    assert heard is not None
    silent_since = time.monotonic()
    last = heard.last_sample
    while time.monotonic() < silent_since + 0.3:  # until nothing is heard any more
        deck.turn()
        if heard.last_sample != last:
            last, silent_since = heard.last_sample, time.monotonic()
        time.sleep(FRAME_S)
    assert len(edges.seen) > n, "the engine goes on without Python"
    return _ended(deck, edges, deck.stop, lambda: deck.state != "stopping")


def killed(deck: Deck, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ended:
    """The rig process is killed while light shines."""
    edges = shining(deck, folder, monkeypatch)
    rig = deck._rig
    assert rig is not None
    child = rig.child
    assert child is not None
    return _ended(deck, edges, lambda: os.kill(child.pid, signal.SIGKILL), lambda: deck.state == "gone")


def _ended(deck: Deck, edges: Edges, act: Callable[[], object], known: Callable[[], object]) -> Ended:
    edges.stall_s = 0.0
    at_s = time.monotonic()
    act()
    live_until(deck, known)
    known_s = time.monotonic()
    live_until(deck, lambda: time.monotonic() > at_s + AFTER_S)
    edges.done = True
    edges.join()
    return Ended(
        1000 * (max((when for when, _, _ in edges.seen), default=at_s) - at_s),
        1000 * (known_s - at_s),
        1000 * edges.stall_s,
        edges.dark,
        deck.state,
    )

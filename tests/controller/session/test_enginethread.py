"""A loop that stands or ends is noticed, and the session is dark and says so; what the system refuses is said and no error."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.realpace import FLASHES, ready
from wavestim.controller import open_session
from wavestim.controller.errors import ExperimentError
from wavestim.controller.record.complete import complete
from wavestim.controller.session import real, realsession, run_experiment, verify_session
from wavestim.controller.session.enginethread import LOOKS, STILL_NS, Watchdog
from wavestim.controller.session.rights import Rights, check_core, refusals

MS = 1_000_000


def test_a_loop_that_turns_is_well_however_seldom_it_is_looked_at() -> None:
    dog = Watchdog()
    assert not any(dog.stands(turn, turn * 10 * STILL_NS) for turn in range(100))


def test_a_loop_that_stands_is_noticed_and_so_is_its_return() -> None:
    dog = Watchdog()
    seen = [dog.stands(7, k * 10 * MS) for k in range(100)]
    assert seen.index(True) == STILL_NS // (10 * MS) + 1
    assert not dog.stands(8, 1000 * MS)


def test_a_machine_that_had_no_time_for_anybody_is_not_blamed_on_the_loop() -> None:
    dog = Watchdog()
    assert not any(dog.stands(7, k * STILL_NS) for k in range(LOOKS))


class Stuck:
    """In the place of a calibration: who uses it waits until he may go on, and then fails."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def __getattr__(self, name: str) -> Any:
        self.let_go.wait()
        raise ValueError("no calibration at all")


def test_an_engine_that_stands_pauses_dark_and_one_that_ended_ends_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault: the one thing for which the engine's thread takes the GIL never comes back, then breaks."""
    sessions: list[realsession.RealSession] = []

    class Seen(realsession.RealSession):
        def __init__(self, *args: Any, **keys: Any) -> None:
            super().__init__(*args, **keys)
            sessions.append(self)

    monkeypatch.setattr(real, "RealSession", Seen)
    out, stuck = tmp_path / "session", Stuck()
    steps: list[Callable[[float], bool]] = [
        lambda seconds: seconds > 1 and sessions[0].arming.step == "running" and sessions[0].loop.swap_calibration(stuck) is None,
        lambda seconds: "engine-stands" in names(out),
        lambda seconds: stuck.let_go.set() is None,
    ]

    def progress(seconds: float) -> None:
        if steps and steps[0](seconds):
            steps.pop(0)

    summary = run_experiment(
        ready(FLASHES, tmp_path), out=out, seconds=60, pace="real", seed=4, arm=True, progress=progress, finish=complete
    )
    assert not steps
    assert summary["stopped_by"].startswith("the engine's thread ended: ValueError: ")
    assert "resumed" not in names(out)[names(out).index("engine-stands") :]
    assert names(out)[-1] == "engine-ended"
    assert summary["samples"] > 1000
    assert verify_session(out).ok


def names(out: Path) -> list[str]:
    """Of the markers so far."""
    return [str(m["name"]) for m in open_session(out).markers]


def test_what_is_refused_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr("wavestim.controller.session.rights.lock_memory", lambda: 12)
    assert refusals() == ["memory not locked (cannot allocate memory)", "no SCHED_FIFO (operation not permitted)"]


def test_what_is_granted_is_said_with_the_core() -> None:
    assert Rights(cpu=1).words == "SCHED_FIFO, memory locked, core 1"
    assert Rights(refused=["no SCHED_FIFO (operation not permitted)"]).words == "best effort: no SCHED_FIFO (operation not permitted)"


def test_a_core_that_is_not_there_is_refused() -> None:
    with pytest.raises(ExperimentError, match="--cpu 4095: this process may use the cores 0"):
        check_core(4095)
    check_core(None)

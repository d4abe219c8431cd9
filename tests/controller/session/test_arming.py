"""Arming: two steps to light, and a way back that nobody has to remember."""

from __future__ import annotations

import os
import pty
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from wavestim.controller import open_session
from wavestim.controller.cli.confirm import second_step
from wavestim.controller.experiment import load_experiment, parse_experiment
from wavestim.controller.session import pauses, run_experiment, verify_session
from wavestim.controller.session.arming import Arming, idle_limit_s
from wavestim.controller.session.assembly import assemble
from wavestim.controller.session.bench import make_bench
from wavestim.controller.session.counts import Counts
from wavestim.controller.session.live import RigSource
from wavestim.controller.session.pauses import Pauses
from wavestim.controller.session.realsession import RealSession
from wavestim.hardware.lights import LightError
from wavestim.hardware.sources import LiveInfo
from wavestim.realtime.loop import Loop

TEXT = """
name: armed
source: {kind: simulated}
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
trigger: {horizon_ms: 40, refractory_ms: 100, max_phase_sd_deg: SD}
conditions:
  - {name: lit, pattern: {kind: flash}}
safety: {disarm_after_s: LIMIT}
"""


def text(sd_deg: float, limit_s: float) -> str:
    return TEXT.replace("SD", str(sd_deg)).replace("LIMIT", str(limit_s))


def words(out: Path) -> list[tuple[str, str]]:
    return [(str(m["name"]), str(m["value"])) for m in open_session(out).markers]


def test_two_steps_and_a_limit_to_each_wait() -> None:
    arming = Arming(10)
    assert not arming.run(0.0), "not before it is armed"
    arming.arm(1.0)
    assert arming.step == "armed"
    assert arming.overdue(11.0, 0) is None
    assert arming.overdue(11.1, 0) == "nobody ran it for 10 s"
    assert arming.run(5.0)
    assert not arming.run(6.0)
    assert arming.overdue(14.0, 0) is None
    assert arming.overdue(15.0, 1) is None, "a pulse starts the wait anew"
    assert arming.overdue(25.0, 1) is None
    assert arming.overdue(25.1, 1) == "no pulse was due for 10 s"
    arming.disarm()
    arming.arm(30.0)
    assert (arming.step, arming.run(31.0)) == ("disarmed", False), "a session that was disarmed stays dark"
    for_ever = Arming(None)
    for_ever.arm(0.0)
    assert for_ever.overdue(1e9, 0) is None


def test_real_light_has_a_limit_by_itself_and_simulated_light_has_none() -> None:
    named = "name: x\nlight: {kind: wavelight, port: /dev/ttyACM0}\nconditions: [{name: a, pattern: flash}]\n"
    assert parse_experiment(named).safety.disarm_after_s == 300
    assert parse_experiment(named + "safety: {disarm_after_s: null}\n").safety.disarm_after_s is None
    assert load_experiment("against-the-wave").safety.disarm_after_s is None
    assert idle_limit_s(load_experiment("against-the-wave")) is None
    assert idle_limit_s(parse_experiment(named)) == 300
    rare = parse_experiment(named + "trigger: {refractory_ms: 400000}\n")
    assert idle_limit_s(rare) == 800, "whose pulses are further apart than that is not disarmed between them"


def test_light_that_is_never_due_is_disarmed_and_it_is_written_down(tmp_path: Path) -> None:
    out = tmp_path / "session"
    experiment = parse_experiment(text(0.001, 2))
    run_experiment(experiment, out=out, seconds=7, pace="virtual", seed=1, arm=True, progress=lambda s: None)
    session = open_session(out)
    assert ("disarmed", "no pulse was due for 2 s") in words(out)
    disarmed = next(sample for sample, kind, _, _ in session.input_events if kind == "disarm")
    assert 2000 < disarmed < 2200
    assert not (session.decisions["sample"] > disarmed).any()
    assert verify_session(out).ok


class Notes:
    """A journal that keeps the markers."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def append_marker(self, sample: int, name: str, value: str) -> None:
        self.said.append((name, value))


@pytest.fixture
def rig() -> Any:
    """A session at real pace whose threads do not run, with a board in memory: what a person does to it, step by step."""

    def make(limit_s: float, answers: list[bool]) -> tuple[RealSession, Notes, Any]:
        bench = make_bench(4, 1)
        assembled = assemble(parse_experiment(text(180, limit_s)), bench.light.info, fs_hz=1000.0, horizon_ms=40.0)
        notes = Notes()
        names = tuple(f"ch{i}" for i in range(len(assembled.positions_mm)))
        source = RigSource(-1, LiveInfo("simulated", "nowhere", 1000.0, names, assembled.positions_mm))
        session = RealSession(assembled, bench.light, source, notes, fixed_delay_ms=0.0, go=lambda: answers.pop(0))
        session.loop = Loop(session.ring, session.engine, session.scheduler)
        return session, notes, bench.light

    return make


def steps(session: RealSession) -> list[str]:
    """Events that reach the engine with the next sample."""
    session.engine.run(np.zeros((1, session.engine.m), np.float32), session.engine.next_sample)
    return [kind for _, kind, _ in session.engine.take_events()]


def test_nothing_is_decided_before_the_second_step(rig: Any) -> None:
    session, notes, board = rig(10, [False, False, True])
    session.mind_arming(3.0)
    assert (board.status().state, steps(session)) == ("idle", [])
    session.arm(4.0)
    assert (board.status().state, steps(session)) == ("armed", [])
    session.mind_arming(5.0)
    session.mind_arming(6.0)
    assert steps(session) == [], "armed, and nobody said yes yet"
    session.mind_arming(7.0)
    assert steps(session) == ["arm"]
    assert session.engine.armed
    assert [name for name, _ in notes.said] == ["armed", "running"]
    session.mind_arming(16.9)
    assert board.status().state == "armed"
    session.mind_arming(17.1)
    assert (board.status().state, steps(session)) == ("idle", ["disarm"])
    assert notes.said[-1] == ("disarmed", "no pulse was due for 10 s")
    session.mind_arming(40.0)
    assert steps(session) == [], "once"


def test_what_nobody_runs_is_disarmed_and_stays_dark(rig: Any) -> None:
    session, notes, board = rig(10, [False] * 9)
    session.arm(4.0)
    for at in (5.0, 14.0, 14.1):
        session.mind_arming(at)
    assert board.status().state == "idle"
    assert notes.said[-1] == ("disarmed", "nobody ran it for 10 s")
    assert "arm" not in steps(session)
    assert not session.engine.armed


def test_on_a_terminal_somebody_has_to_press_enter(capsys: Any) -> None:
    master, slave = pty.openpty()
    with os.fdopen(slave, encoding="utf-8") as keys:
        os.write(master, b"typed too early\n")
        go = second_step(300, keys)
        assert not go()
        assert "Press Enter to run it" in capsys.readouterr().err
        assert not go(), "what was typed before the question is no answer"
        os.write(master, b"\n")
        assert go()
        assert "Armed" not in capsys.readouterr().err
    os.close(master)


def test_without_a_terminal_the_option_stands_for_both(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    with (tmp_path / "empty").open() as nothing:
        assert second_step(300, nothing)()


def test_a_stall_while_all_was_dark_costs_no_leave_to_resume() -> None:
    """Nothing was queued, then: a source that hiccups while the model learns does not keep a real light dark for good."""
    said: list[str] = []
    session: Any = SimpleNamespace(
        assembly=SimpleNamespace(experiment=SimpleNamespace(trigger=SimpleNamespace(horizon_ms=10.0))),
        loop=SimpleNamespace(stalled=True, resume_after_stall=lambda: said.append("the loop goes on")),
        engine=SimpleNamespace(post=lambda what: said.append(f"the engine is told to {what}")),
        light=SimpleNamespace(arm=lambda: said.append("the board is armed"), info=SimpleNamespace(boot_id=1)),
        recorder=SimpleNamespace(ages_ms=[], last_sample=5),
        arming=Arming(None),
        journal=SimpleNamespace(append_marker=lambda *_: None),
    )
    assert RealSession.arm(session, 3.0)
    assert said == ["the loop goes on", "the engine is told to resume", "the board is armed"]


@pytest.mark.parametrize(("stalled", "stopped"), [(True, False), (False, True), (False, False)])
def test_a_board_that_the_loop_made_dark_while_it_was_armed_is_no_failure_of_the_board(stalled: bool, stopped: bool) -> None:
    """A silence or STOP in that very moment: dark and no error; whatever else a board refuses ends the session with its sentence."""
    loop = SimpleNamespace(stalled=False, stopped=False)

    def refused() -> None:
        loop.stalled, loop.stopped = stalled, stopped
        raise LightError("refused arming: order")

    session: Any = SimpleNamespace(
        assembly=SimpleNamespace(experiment=SimpleNamespace(trigger=SimpleNamespace(horizon_ms=10.0))),
        loop=loop,
        light=SimpleNamespace(arm=refused),
        recorder=SimpleNamespace(ages_ms=[]),
        arming=Arming(None),
    )
    if stalled or stopped:
        assert not RealSession.arm(session, 3.0)
    else:
        with pytest.raises(LightError, match="refused arming"):
            RealSession.arm(session, 3.0)
    assert session.arming.step == "dark"


def that_runs() -> Arming:
    arming = Arming(None)
    arming.arm(0.0)
    arming.run(0.0)
    return arming


def test_a_pause_says_that_samples_are_missing_not_only_that_the_board_was_told_to_be_dark() -> None:
    paused: list[str] = []
    session: Any = SimpleNamespace(
        recorder=SimpleNamespace(safe_reasons=["abort"], last_sample=5),
        loop=SimpleNamespace(stalled=True),
        engine=SimpleNamespace(armed=True, post=lambda *_: None),
        light=SimpleNamespace(gone=False),
        arming=that_runs(),
        held=True,
        journal=SimpleNamespace(append_marker=lambda sample, name, why: paused.append(why)),
    )
    Pauses(session, 0).after_safe()
    assert paused == ["no-samples, abort"]


@pytest.mark.parametrize(
    ("reasons", "stalled", "why", "failed"),
    [
        (["line", "line"], False, ["line"], True),
        (["garbage"], False, ["garbage"], True),
        (["abort"], True, ["no-samples", "abort"], False),
        (["heartbeat"], False, ["heartbeat"], False),
    ],
)
def test_a_light_that_went_dark_for_good_is_told_with_its_reason(reasons: list[str], stalled: bool, why: list[str], failed: bool) -> None:
    session: Any = SimpleNamespace(
        recorder=SimpleNamespace(safe_reasons=reasons, last_sample=1500),
        loop=SimpleNamespace(stalled=stalled),
        engine=SimpleNamespace(armed=True, post=lambda *_: None),
        light=SimpleNamespace(gone=False),
        arming=that_runs(),
        held=True,
        journal=SimpleNamespace(append_marker=lambda *_: None),
        assembly=SimpleNamespace(fs_hz=1000.0),
    )
    pauses = Pauses(session, 0)
    assert pauses.went_dark is None
    pauses.after_safe()
    session.recorder.last_sample = 9000
    pauses.after_safe()
    assert pauses.went_dark == {"at_s": 1.5, "why": why, "light_failed": failed}


def test_what_pauses_before_run_says_so_and_resumes_into_armed_not_into_light(rig: Any) -> None:
    """And only as often as the experiment allows: then it is disarmed."""
    session, notes, board = rig(10, [])
    session.engine = SimpleNamespace(calibrated=True, armed=False, post=lambda *_: None)
    session.thread = SimpleNamespace(stands=lambda now: False)
    session.pauses = Pauses(session, 1)
    session.arm(4.0)
    assert session.state == "armed"
    back = False
    session.pauses.samples_are_back = lambda: back
    for heartbeats_lost in (1, 2):
        board.abort()
        session.recorder.safe_reasons += ["heartbeat"]
        session.pauses.look(0, restarted=False)
        if heartbeats_lost == 1:
            assert (session.state, board.status().state) == ("paused", "safe")
            back = True
            session.pauses.look(0, restarted=False)
            assert (session.state, board.status().state) == ("armed", "armed")
    assert (session.state, board.status().state) == ("disarmed", "idle")
    assert [name for name, _ in notes.said] == ["armed", "paused", "resumed", "paused", "disarmed"]


@pytest.mark.parametrize("restart", [None, 0, 60, 99])
def test_a_source_that_is_started_again_while_its_samples_are_awaited_is_looked_at_once_more(
    monkeypatch: pytest.MonkeyPatch, restart: int | None
) -> None:
    """Or light would come by the clock of the run before."""
    looks = iter(range(200))
    monkeypatch.setattr(pauses, "note_source", lambda *_: next(looks) == restart)
    recorder = SimpleNamespace(last_sample=0)

    def pump(now: int) -> None:
        recorder.last_sample += 1

    recorder.pump = pump
    session: Any = SimpleNamespace(
        assembly=SimpleNamespace(fs_hz=100.0),
        light=SimpleNamespace(wait=lambda seconds: None),
        loop=SimpleNamespace(stopped=False),
        thread=SimpleNamespace(stands=lambda now: False),
        recorder=recorder,
        **dict.fromkeys(("source", "journal", "sample_clock", "markers")),
    )
    assert Pauses(session, 3).samples_are_back() is (restart is None)
    assert Pauses(session, 3).samples_are_back()


def test_light_is_not_armed_into_a_silence() -> None:
    """A board that is armed while samples stay away would go dark at once, and the session say that it paused by itself."""
    said: list[str] = []
    back = iter([False, False, True])
    session: Any = SimpleNamespace(
        assembly=SimpleNamespace(fs_hz=100.0, experiment=SimpleNamespace(trigger=SimpleNamespace(horizon_ms=10.0))),
        engine=SimpleNamespace(wants_calibration=False, calibrated=True),
        loop=SimpleNamespace(stalled=True, stopped=False),
        thread=SimpleNamespace(died=""),
        source=SimpleNamespace(ended=""),
        recorder=SimpleNamespace(ages_ms=None, last_sample=-1),
        counts=SimpleNamespace(),
        ending=False,
        mind_arming=lambda done: None,
        _course_ends=lambda: False,
    )

    def turn() -> None:
        session.recorder.last_sample += 10

    def are_back() -> bool:
        said.append("looked")
        return next(back)

    def arm(done_s: float) -> bool:
        said.append("armed")
        session.loop.stalled = False
        return True

    session._turn, session.pauses, session.arm = turn, SimpleNamespace(samples_are_back=are_back, stands=False), arm
    RealSession.watch(session, 1.0, True, lambda seconds: None, lambda: None)
    assert said == ["looked", "looked", "looked", "armed"]


@pytest.mark.parametrize("stands", [True, False])
def test_stop_ends_a_session_whose_engine_stands_and_sees_nothing(tmp_path: Path, stands: bool) -> None:
    """An engine that turns sees it by itself, and makes dark before anything ends."""
    (tmp_path / "stop").write_bytes(b"\1")
    with (tmp_path / "stop").open("rb") as stop:
        session: Any = SimpleNamespace(
            assembly=SimpleNamespace(fs_hz=100.0, experiment=SimpleNamespace(trigger=SimpleNamespace(horizon_ms=10.0))),
            engine=SimpleNamespace(wants_calibration=False, calibrated=True),
            loop=SimpleNamespace(stopped=False),
            thread=SimpleNamespace(died=""),
            source=SimpleNamespace(ended=""),
            recorder=SimpleNamespace(ages_ms=None, last_sample=-1),
            pauses=SimpleNamespace(stands=stands),
            counts=Counts(),
            ending=False,
            mind_arming=lambda done: None,
            _course_ends=lambda: False,
            _stop_fd=stop.fileno(),
        )

        def turn() -> None:
            session.recorder.last_sample += 10

        session._turn, session._stop_pressed = turn, lambda: RealSession._stop_pressed(session)
        RealSession.watch(session, 1.0, False, lambda seconds: None, lambda: None)
    assert session.counts.stopped_by == ("STOP" if stands else "")
    assert session.counts.stopped_early == stands

"""Attaching to a session: found by its owner alone, one in control, STOP from anybody, nobody who hangs holds it up."""

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import zmq
from support.waiting import until
from support.waves import grid, make
from wavestim.controller.live import wire
from wavestim.controller.live.client import Attached
from wavestim.controller.live.control import SILENT_S, Control, OrderError
from wavestim.controller.live.publisher import Publisher
from wavestim.controller.live.rendezvous import About, AttachError, alive, announced, find, running, runtime_folder
from wavestim.realtime import Engine, EngineConfig

S = 1_000_000_000


@pytest.fixture(autouse=True)
def home(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="ws") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


def about(session="/data/day-3", pid=None):
    return About(name="against", session=session, pid=os.getpid() if pid is None else pid, fs_hz=1000.0, n_channels=100)


def test_a_session_is_found_while_it_runs_and_by_its_owner_alone():
    with announced(about()) as meeting:
        assert stat.S_IMODE(meeting.path.stat().st_mode) == 0o700
        assert find().about == find("/data/day-3").about == about()
        with pytest.raises(AttachError, match="no session runs there; running: /data/day-3"):
            find("/data/day-4")
    with pytest.raises(AttachError, match="no session runs"):
        find()


def test_what_a_killed_process_left_is_cleared_away():
    with announced(about(pid=2**22 + 1)):
        assert running() == []
        assert list(runtime_folder().iterdir()) == []


def test_a_folder_that_goes_away_meanwhile_is_passed_over(home):
    (runtime_folder() / "4711-gone").symlink_to(home / "nowhere")  # it is listed, and cannot be looked at any more
    with announced(about()):
        assert [meeting.about for meeting in running()] == [about()]


def test_a_process_that_has_ended_is_gone_though_nobody_asked_how():
    """Whoever started the rig may have been killed, and nobody clears it from the table."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    until(lambda: not alive(child.pid))
    os.kill(child.pid, 0)  # it is still in the table
    child.wait()
    assert not alive(child.pid)
    assert alive(os.getpid())


def test_a_folder_that_others_may_enter_is_not_used(home):
    (home / "wavestim").mkdir(mode=0o755)
    (home / "wavestim").chmod(0o755)
    with pytest.raises(AttachError, match="not a folder of yours alone"):
        runtime_folder()


@pytest.fixture
def control(home):
    done = []

    def refuse(order):
        raise OrderError("the light is not armed")

    context = zmq.Context()
    control = Control(
        f"ipc://{home}/control",
        {
            "hello": lambda o: {"status": {"state": "running"}},
            "stop": lambda o: done.append("stop"),
            "mark": lambda o: done.append(o["text"]),
            "resume": refuse,
        },
        context,
    )
    sockets = []

    def ask(now_ns=0, by="a", **order):
        asking = context.socket(zmq.REQ)
        sockets.append(asking)
        asking.connect(f"ipc://{home}/control")
        asking.send(wire.dump({"by": by, **order}) if order else b"\xff\x00nonsense")
        while not asking.poll(20):
            control.turn(now_ns)
        return wire.load(asking.recv())

    yield control, ask, done
    for socket in sockets:
        socket.close(0)
    control.close()
    context.term()


def test_anybody_may_stop_and_only_the_holder_may_do_more(control):
    control, ask, done = control
    assert ask(order="mark", text="x") == {"ok": False, "error": "nobody has control; take it first"}
    assert ask(order="take")["ok"]
    assert ask(order="take", by="b") == {"ok": False, "error": "somebody else has control"}
    assert ask(order="mark", text="isoflurane to 1 %")["ok"]
    assert ask(order="mark", text="y", by="b")["error"] == "somebody else has control"
    assert ask(order="stop", by="b")["ok"]
    assert done == ["isoflurane to 1 %", "stop"]
    assert ask(order="resume")["error"] == "the light is not armed"


def test_control_falls_free_when_its_holder_is_silent(control):
    _, ask, _ = control
    ask(order="take")
    ask(order="keep", now_ns=4 * S)
    assert ask(order="take", by="b", now_ns=8 * S)["ok"] is False
    assert ask(order="take", by="b", now_ns=int((4.1 + SILENT_S) * S))["ok"] is True


def test_control_can_be_taken_over_and_says_who_has_it(control):
    control, ask, _ = control
    assert control.holder == ""
    ask(order="take", name="the window upstairs")
    assert control.holder == "the window upstairs"
    assert not ask(order="take", by="b", name="the window downstairs")["ok"]
    assert ask(order="take", by="b", name="the window downstairs", over=True)["ok"]
    assert control.holder == "the window downstairs"
    assert ask(order="keep") == {"ok": False, "error": "somebody else has control"}
    assert ask(order="give", by="b")["ok"]
    assert control.holder == ""


@pytest.mark.parametrize("more", [{"name": ""}, {"name": 3}, {"name": "x" * 81}, {"name": "a\nb"}, {"over": "yes"}])
def test_whoever_takes_control_has_a_name_that_can_be_shown(control, more):
    control, ask, _ = control
    assert "name of 1 to 80" in ask(order="take", **more)["error"]
    assert not control.held


def test_nonsense_is_answered(control):
    control, ask, done = control
    assert ask() == {"ok": False, "error": "not JSON"}
    assert "no such order: 'launch'" in ask(order="launch")["error"]
    assert "'by' is missing" in ask(order="stop", by="")["error"]
    assert done == []


def test_a_change_of_state_is_told_with_its_marker():
    """Whoever looks does not read that it paused below the word ARMED."""
    publisher = Publisher.__new__(Publisher)
    told = []
    publisher._send = lambda topic, header: told.append((topic, header.get("kind", header.get("state"))))
    publisher.tell = lambda: publisher._send("status", {"state": "paused"})
    for index, kind in enumerate(("note", "paused")):
        publisher.marker(index, 5.0, kind, "")
    assert told == [("marker", "note"), ("marker", "paused"), ("status", "paused")]


def test_watchers_see_the_wave_and_one_who_never_reads_holds_up_nothing():
    lfp, _, _ = make("planar", seed=3, seconds=5, snr_db=5)
    engine = Engine(EngineConfig(fs_hz=1000.0, positions_mm=grid(), band_hz=(8, 24)))
    with announced(about()) as meeting, zmq.Context() as context:
        publisher = Publisher(meeting.telemetry, engine, lambda: {"state": "running", "seconds": engine.n_samples / 1000}, context)
        control = Control(meeting.control, {"hello": lambda o: {}}, context)
        asleep = context.socket(zmq.SUB)
        asleep.subscribe("")
        asleep.setsockopt(zmq.RCVHWM, 1)
        asleep.connect(meeting.telemetry)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Attached, "order", lambda self, order, **more: {})
                there = Attached(meeting)
            while not there.hear(20):  # until the subscription has arrived
                publisher.turn(S)
                publisher._next_status = 0
            heard = []
            for first in range(0, len(lfp), 10):
                engine.run(lfp[first : first + 10].astype(np.float32), first)
                publisher.samples(first, lfp[first : first + 10].astype(np.float32))
                publisher.turn(first * 1_000_000)
                heard += there.hear()
            publisher.end("session-ended")
            while not heard or heard[-1][0] != "end":
                heard += there.hear(1000)
        finally:
            there.close()
            asleep.close(0)
            control.close()
            publisher.close()
    ticks = [(header, arrays) for topic, header, arrays in heard if topic == "tick"]
    assert ticks[-1][0]["kind"] == "planar"
    assert ticks[-1][1]["phase_rad"].shape == (100,)
    assert np.isfinite(ticks[-1][1]["sd_deg"]).all()
    assert sum(len(arrays["uv"]) for topic, _, arrays in heard if topic == "samples") == len(lfp)
    assert [header["state"] for topic, header, _ in heard if topic == "status"][-1] == "running"

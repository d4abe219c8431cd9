"""Arming: two steps to light, and a way back that nobody has to remember."""

from __future__ import annotations

import os
import pty
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wavestim.controller import open_session
from wavestim.controller.cli.confirm import second_step
from wavestim.controller.experiment import load_experiment, parse_experiment
from wavestim.controller.session import run_experiment, verify_session
from wavestim.controller.session.arming import Arming

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


def test_pulses_keep_it_armed(tmp_path: Path) -> None:
    out = tmp_path / "session"
    every = text(180, 3.6).replace("refractory_ms: 100", "refractory_ms: 100, policy: {kind: open-loop, period_ms: 500}")
    run_experiment(parse_experiment(every), out=out, seconds=9, pace="virtual", seed=1, arm=True, progress=lambda s: None)
    assert "disarmed" not in dict(words(out))
    assert open_session(out).decisions["sample"].max() > 8000


@pytest.mark.parametrize("runs", [True, False])
def test_at_real_pace_nothing_is_decided_before_the_second_step(tmp_path: Path, runs: bool) -> None:
    out = tmp_path / "session"
    asked: list[int] = []

    def go() -> bool:
        asked.append(len(asked))
        return runs and len(asked) > 10

    experiment = parse_experiment(text(180, 0.6))
    run_experiment(experiment, out=out, seconds=5, pace="real", seed=1, arm=True, progress=lambda s: None, go=go)
    session, said = open_session(out), dict(words(out))
    assert len(asked) > 10
    assert said["armed"].startswith("boot ")
    assert ("running" in said) == runs
    kinds = [kind for _, kind, _, _ in session.input_events]
    edges = np.genfromtxt(out / "edges.csv", delimiter=",", names=True)
    if runs:
        assert kinds.index("arm") >= 0
        assert len(session.decisions) > 0
    else:
        assert said["disarmed"] == "nobody ran it for 0.6 s"
        assert "arm" not in kinds
        assert len(session.decisions) == 0
        assert np.size(edges) == 0
    assert verify_session(out).ok


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

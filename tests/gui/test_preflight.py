"""A preflight that runs beside the window: how far it is, what it found, and that it always ends with a word."""

from __future__ import annotations

import json

import pytest
from wavestim.gui import preflight
from wavestim.gui.words import preflight as words

CHECKS = [
    {"check": "source", "level": "green", "what": "it comes", "do": "", "figures": {}},
    {"check": "hum", "level": "amber", "what": "it hums", "do": "ground it", "figures": {}},
]
FOUND = {"experiment": "mine", "sha256": "abc", "pace": "real", "level": "amber", "checks": CHECKS, "standing": []}


class Child:
    """A process that says what it is given."""

    pid, closed = 4711, False

    def __init__(self, *arguments, **variables):
        self.arguments, self.said, self.code = arguments, ["starting"], None

    def words(self, most):
        return self.said

    def interrupt(self):
        self.sent.append("interrupt")

    def kill(self):
        self.sent.append("kill")

    def close(self):
        self.closed = True

    def wait(self, at_most_s):
        pass


@pytest.fixture
def signals(monkeypatch):
    monkeypatch.setattr(preflight, "Child", Child)
    monkeypatch.setattr(Child, "sent", [], raising=False)
    return Child.sent


@pytest.fixture
def begun(signals):
    runs = []

    def begin(**flags):
        runs.append(preflight.PreflightRun("mine.yaml", **{"mock": True, "flash": False, "quick": False} | flags))
        return runs[-1]

    yield begin
    for run in runs:
        run.close()


def test_it_is_the_command_with_its_flags(signals, begun):
    assert begun()._child.arguments == ("preflight", "mine.yaml", "--mock", "--json")
    assert begun(quick=True)._child.arguments[2:5] == ("--mock", "--pace", "virtual")
    assert begun(mock=False, flash=True)._child.arguments[2] == "--arm"
    assert "--arm" not in begun(flash=True)._child.arguments, "simulated LEDs need no leave"
    assert begun(mock=False).lamp.level == "good"
    assert begun(mock=False, flash=True).lamp.level == "lit"


def test_it_tells_how_far_it_is_and_what_was_found(signals, begun):
    run = begun()
    run._child.said = ["Best effort: whatever", "preflight: listening, 10 %", "preflight: known wave, 60 %"]
    run.turn(0.0)
    assert (run.stage, run.part, run.running) == ("known wave", 0.6, True)
    run._child.said, run._child.code = ["preflight: x, 90 %", json.dumps(FOUND), "Amber: go on if you know why."], 0
    run.turn(1.0)
    assert not run.running
    assert (run.level, [check.check for check in run.checks], run.sha256) == ("amber", ["source", "hum"], "abc")
    assert "AMBER" in run.verdict
    assert run._child.closed


def test_what_stands_from_before_makes_it_red(signals, begun):
    run = begun()
    run._child.said, run._child.code = [json.dumps(FOUND | {"standing": [["led-places", "swapped", "swap them"]]})], 1
    run.turn(0.0)
    assert (run.level, run.standing[0].what) == ("red", "swapped")


@pytest.mark.parametrize(
    ("said", "code", "tells"),
    [
        ([json.dumps({"error": "no such board", "exit_code": 3})], 3, "no such board"),
        (["Segmentation fault"], 139, "Segmentation fault"),
        ([], 1, words.NO_VERDICT),
        (["{half a line"], 1, "{half a line"),
        (["[1, 2]"], -9, words.STOPPED),
    ],
)
def test_whatever_comes_there_is_a_word(begun, said, code, tells):
    run = begun()
    run._child.said, run._child.code = said, code
    run.turn(0.0)
    assert run.level == ""
    assert tells in run.verdict


@pytest.mark.parametrize("code", [0, 1])
def test_what_was_stopped_has_no_verdict_also_when_it_ended_with_one_just_then(signals, begun, code):
    run = begun()
    run.stop(10.0)
    run._child.code, run._child.said = code, [json.dumps(FOUND)]
    run.turn(10.1)
    assert signals == ["interrupt"]
    assert (run.running, run.level) == (False, "")
    assert words.STOPPED in run.verdict


def test_stop_tells_it_to_end_and_kills_it_when_it_does_not(signals, begun):
    run = begun()
    run.stop(10.0)
    run.stop(10.1)
    assert signals == ["interrupt"]
    run.turn(10.1)
    assert signals == ["interrupt"]
    run.turn(10.21)
    assert signals == ["interrupt", "kill"]
    run._child.code, run._child.said = -9, [json.dumps(FOUND)]
    run.turn(10.22)
    assert not run.running
    assert run.level == "", "what was stopped has no verdict"


def test_it_ends_with_the_window(signals, begun):
    run = begun()
    run.close()
    assert signals == ["interrupt", "kill"]
    assert not run.running
    run.close()
    assert len(signals) == 2


def test_nothing_is_known_of_a_file_that_cannot_be_read(desk):
    assert preflight.known_of("nowhere.yaml", mock=True) == preflight.Known()
    assert preflight.known_of("against-the-wave", mock=True).level == ""


def test_what_is_wrong_stands_on_top(application):
    from wavestim.gui.widgets.checks import Checks

    shown = Checks()
    levels = ("green", "red", "amber", "green", "red")
    shown.tell([preflight.Check(f"{i}", level, "seen", "") for i, level in enumerate(levels)])
    assert [shown.table.item(row, 1).text() for row in range(5)] == ["1", "4", "2", "0", "3"]
    assert "2 red, 1 amber, 2 green" in words.headline("red", "02:00", levels)

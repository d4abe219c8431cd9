"""What opens and shuts a gate, what the simulated source sends, and when a session has come to its end."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from wavestim.controller import open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.experiment._course import Gate
from wavestim.controller.record.records import PULSE
from wavestim.controller.record.trials import _openings
from wavestim.controller.session import run_experiment
from wavestim.controller.session.gates import Gatekeeper
from wavestim.controller.session.markers import AT_ONCE, WAITING, MarkerEvents
from wavestim.controller.session.stimuli import Events, simulated_events
from wavestim.controller.session.stopping import Ending, Tally, ending
from wavestim.hardware.sources import LiveEvent
from wavestim.realtime.records import DECISION

FS = 1000.0
TEXT = """
name: x
conditions: [{name: lit, pattern: flash}, {name: sham, pattern: none}]
"""


def keeper(**keys) -> Gatekeeper:
    gate = Gatekeeper(Gate(**keys), FS)
    gate.begins()
    return gate


def test_markers_open_and_shut_it_where_they_stand():
    gate = keeper(marker="on", until="off")
    told = [gate.marker(text, at) for text, at in (("off", 5.0), ("on", 10.0), ("other", 11.0), ("off", 20.5))]
    assert told == [[("shut", 5.0)], [("gate", 10.0)], [], [("shut", 20.5)]]
    assert gate.ttl(1, 30.0) == []


def test_a_time_shuts_it_and_a_delay_opens_it_later():
    assert keeper(marker="on", for_s=1.5, after_s=0.2).marker("on", 100.0) == [("gate", 300.0), ("shut", 1800.0)]
    gate = keeper(ttl=1, for_s=0.5)
    assert [gate.ttl(word, at) for word, at in ((1, 10.0), (0, 12.0), (1, 900.0))] == [
        [("gate", 10.0), ("shut", 510.0)],
        [],
        [("gate", 900.0), ("shut", 1400.0)],
    ]


def test_only_its_own_line_counts_and_only_when_it_changes():
    gate = keeper(ttl=3)
    words = (0b011, 0b111, 0b101, 0b100, 0b011)
    assert [gate.ttl(word, 10.0 * i) for i, word in enumerate(words)] == [[], [("gate", 10.0)], [], [], [("shut", 40.0)]]


def test_a_line_that_is_low_at_the_beginning_opens_a_gate_that_waits_for_low():
    gate = Gatekeeper(Gate(ttl=1, level="low"), FS)
    assert gate.begins() == [("gate", 0.0)]
    assert [gate.ttl(word, float(at)) for at, word in enumerate((1, 0, 2))] == [[("shut", 0.0)], [("gate", 1.0)], []]
    assert Gatekeeper(Gate(ttl=1), FS).begins() == Gatekeeper(None, FS).begins() == []


def test_a_marker_that_shuts_what_is_shut_already_does_not_lengthen_the_opening():
    """A task that sends off after every trial, the dark ones too."""
    orders = [("gate", 100.0), ("shut", 200.0), ("shut", 500.0), ("gate", 600.0), ("gate", 650.0), ("shut", 900.0)]
    assert _openings(orders).tolist() == [[100.0, 200.0], [600.0, 650.0], [650.0, 900.0]]


def test_a_flood_of_markers_does_not_keep_the_gate_open():
    class Engine:
        next_sample = 0

        def __init__(self) -> None:
            self.posted: list[tuple[str, float]] = []

        def post(self, kind: str, value: float = 0.0) -> None:
            self.posted.append((kind, value))

    engine = Engine()
    events = MarkerEvents(engine, keeper(marker="on", until="off"))
    assert all(events.heard("x", 1.0) for _ in range(WAITING))
    assert not events.heard("off", 7.0)
    for _ in range(WAITING // AT_ONCE + 2):
        engine.next_sample += 1
        events.post()
    assert engine.posted[-1] == ("shut", 7.0)


def test_the_simulated_source_sends_its_stimuli_in_their_order():
    experiment = parse_experiment(
        TEXT + "source: {kind: simulated, stimulus: [{marker: a, until: b, at_s: 1, for_s: 1, every_s: 3}, {ttl: 2, at_s: 1.5, for_s: 1}, "
        "{ttl: 1, at_s: 2, for_s: 9}]}"
    )
    events = simulated_events(experiment)
    assert events.before(1000) == []
    told = events.before(4001)
    assert [(e.sample, e.kind, e.text or e.value) for e in told] == [
        (1000, "marker", "a"),
        (1500, "ttl", 2),
        (2000, "marker", "b"),
        (2000, "ttl", 3),
        (2500, "ttl", 1),
        (4000, "marker", "a"),
    ]
    assert Events([LiveEvent(1.0, "marker")]).before(1.0) == []


def test_many_markers_at_once_are_all_written_down(tmp_path):
    """More than the engine tells of between two commits: verify needs every one of them."""
    many = ", ".join(f"{{marker: m{i}, until: n{i}, at_s: 1, for_s: 0.001}}" for i in range(60))
    text = (
        TEXT
        + f"source: {{kind: simulated, stimulus: [{many}, {{marker: a, until: b, at_s: 1, for_s: 0.5}}]}}\ngate: {{marker: a, until: b}}"
    )
    experiment = parse_experiment(text + "\nprobe: {kind: grid, rows: 2, columns: 2, pitch_mm: 0.4}")
    run_experiment(experiment, out=tmp_path / "s", seconds=2, pace="virtual", seed=None, arm=True, progress=lambda s: None)
    kinds = Counter(kind for _, kind, _, _ in open_session(tmp_path / "s").input_events)
    assert (kinds["marker"], kinds["gate"], kinds["shut"]) == (122, 1, 1)


def tally(lit: int = 0, catch: int = 0, sham: int = 0, missed: int = 0) -> Tally:
    n = lit + catch + sham + missed
    decisions, pulses = np.zeros(n, DECISION), np.zeros(n, PULSE)
    decisions["verdict"] = "scheduled"
    decisions["condition"] = ["lit"] * (lit + catch + missed) + ["sham"] * sham
    decisions["dark"] = [False] * lit + [True] * catch + [False] * missed + [True] * sham
    pulses["decision"] = np.arange(n) + 7
    pulses["verdict"] = ["fired"] * lit + ["dark"] * catch + ["missed"] * missed + ["dark"] * sham
    t = Tally(["sham"])
    t.decided(7, decisions)
    t.pulsed(pulses)
    return t


@pytest.mark.parametrize(
    ("rules", "so_far", "pulses", "reason"),
    [
        ("stop: {after_s: 60}", {"done_s": 58.9}, {}, None),
        ("stop: {after_s: 60}", {"done_s": 59.0}, {}, "stop.after_s: 60 s are recorded"),
        ("stop: {after_pulses: 9}", {}, {"lit": 4, "catch": 1, "sham": 3, "missed": 5}, None),
        ("stop: {after_pulses: 9}", {}, {"lit": 4, "catch": 1, "sham": 4}, "stop.after_pulses: 9 pulses have come out"),
        ("stop: {after_pulses_per_condition: 3}", {}, {"lit": 2, "catch": 4, "sham": 4}, None),
        ("stop: {after_pulses_per_condition: 3}", {}, {"lit": 3, "sham": 3}, "every condition has come out 3 times"),
        ("schedule: {trials_per_block: 4, blocks: 3}", {"trials": 11}, {}, None),
        ("schedule: {trials_per_block: 4, blocks: 3}", {"trials": 12}, {}, "schedule.blocks: all 3 blocks are done"),
        ("stop: {max_missed_fraction: 0.2}", {}, {"lit": 0, "missed": 19}, None),
        ("stop: {max_missed_fraction: 0.2}", {}, {"lit": 16, "missed": 4}, None),
        ("stop: {max_missed_fraction: 0.2}", {}, {"lit": 15, "missed": 5}, "5 of 20 pulses came too late or were refused"),
        ("stop: {max_dropped_fraction: 0.01}", {"done_s": 9, "samples": 900, "dropped": 100}, {}, None),
        ("stop: {max_dropped_fraction: 0.01}", {"done_s": 11, "samples": 900, "dropped": 100}, {}, "100 of 1000 samples are missing"),
    ],
)
def test_a_session_ends_when_a_rule_says_so(rules, so_far, pulses, reason):
    state = {"done_s": 5.0, "trials": 0, "samples": 1000, "dropped": 0, **so_far}
    found = ending(parse_experiment(TEXT + rules), tally(**pulses), **state)
    assert (found is None) == (reason is None)
    if reason is not None:
        assert isinstance(found, Ending)
        assert reason in found.reason
        assert found.failed == ("max_" in rules)

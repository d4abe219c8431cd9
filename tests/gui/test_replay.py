"""Replay without a window: the line of time, the player, and what is known at a moment however one came there."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lookingback import Talk
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.live import wire
from wavestim.controller.record.session import open_session
from wavestim.gui.facts import facts_from
from wavestim.gui.replay import desk as desks
from wavestim.gui.replay.answers import Answer, facts_told, retold, tell
from wavestim.gui.replay.desk import ReplayDesk
from wavestim.gui.replay.player import SPEEDS, Player
from wavestim.gui.replay.timeline import Timeline, seconds_said
from wavestim.gui.rings import Angles, Histogram
from wavestim.gui.words import replay as words
from wavestim.gui.words.codes import VETOES

FS = 1000.0


@pytest.fixture(scope="module")
def talk(past, tmp_path_factory):
    talk = Talk(past, tmp_path_factory.mktemp("looking") / "scratch").made()
    talk.facts = facts_told(*talk.last("opened")[1:])
    yield talk
    talk.close()


def test_what_is_known_of_a_moment_is_the_same_however_one_came_there(talk):
    """Jumped to, or played to in frames: the same counts, the same phases, the same samples."""
    jumped = retold(talk.facts, talk.moment(6500.0)[1])
    played = retold(talk.facts, talk.moment(4000.0)[1])
    for at in range(4000, 6500, 125):
        for message in talk.moment(at + 125.0, float(at))[1]:
            tell(played, message)
    assert jumped.pulses.verdicts == played.pulses.verdicts
    assert jumped.pulses.conditions == played.pulses.conditions
    assert sum(jumped.pulses.verdicts.values()) > 5
    assert np.array_equal(jumped.pulses.directions.counts, played.pulses.directions.counts)
    assert jumped.phases.of("known", "").total == played.phases.of("known", "").total
    assert abs(jumped.phases.of("known", "").mean_deg - played.phases.of("known", "").mean_deg) < 1
    assert np.array_equal(jumped.phase_rad, played.phase_rad)
    assert np.array_equal(jumped.traces.view(), played.traces.view(), equal_nan=True)
    assert jumped.last_sample == played.last_sample == 6500


def test_history_is_what_every_message_of_it_would_have_told(talk, monkeypatch):
    """Of pulses that were missed, of light by hand and of waves without a direction, too."""
    teller = talk.opened.teller
    c = teller.chronicle
    decisions, pulses = c.decisions.copy(), c.pulses.copy()
    for name in ("queue_us", "compute_us", "serial_us", "margin_us"):
        pulses[name] = 100.0
    pulses["verdict"][1::4] = "missed"
    decisions["condition"][pulses["decision"][2]] = wire.MANUAL
    decisions["wave_kind"][pulses["decision"][3]] = "synchronous"
    monkeypatch.setattr(teller, "chronicle", replace(c, decisions=decisions, pulses=pulses))
    told, heard = retold(talk.facts, teller._history(6500.0)), retold(talk.facts, teller._between(0.0, 6500.0))
    assert told.pulses.verdicts["missed"] > 1
    for name in ("verdicts", "vetoes", "conditions"):
        assert getattr(told.pulses, name) == getattr(heard.pulses, name)
    for name in ("latency", "deadline", "directions"):
        assert np.array_equal(getattr(told.pulses, name).counts, getattr(heard.pulses, name).counts)
    assert told.phases.of("known", "").total == heard.phases.of("known", "").total
    assert abs(told.phases.of("known", "").mean_deg - heard.phases.of("known", "").mean_deg) < 1
    assert {table: told.streams[table].next for table in ("decisions", "pulses")} == {
        table: heard.streams[table].next for table in ("decisions", "pulses")
    }


@given(st.lists(st.one_of(st.floats(-1000, 1000), st.just(math.nan)), max_size=30))
def test_many_at_once_are_counted_like_one_after_the_other(values):
    for one, many in ((Angles(36), Angles(36)), (Histogram([-10, 0, 5, 900]), Histogram([-10, 0, 5, 900]))):
        for value in values:
            one.add(value)
        many.add_all(values)
        assert np.array_equal(one.counts, many.counts)
    assert Angles(4).total == 0


LINE = Timeline(FS, 100.0, 10_100.0, np.array([1000.5, 2000.0, 2000.4, 9000.0]), np.zeros(4, np.uint8))


def test_from_pulse_to_pulse():
    at, visited = LINE.first, []
    while (following := LINE.pulse_beside(at, 1)) is not None:
        at = following
        visited.append(at)
    assert visited == [1001, 2000, 2001, 9000]
    back = []
    while (before := LINE.pulse_beside(at, -1)) is not None:
        at = before
        back.append(at)
    assert back == [2001, 2000, 1001]
    assert Timeline().pulse_beside(0.0, 1) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1:30", 90),
        (" 1:02:30.250 ", 3750.25),
        (".5", 0.5),
        ("7.", 7),
        ("", None),
        ("soon", None),
        ("1:2:3:4", None),
        ("-3", None),
    ],
)
def test_times_are_read_as_people_write_them(text, seconds):
    assert seconds_said(text) == seconds


@given(st.floats(0, 1e6))
def test_a_time_that_is_shown_can_be_jumped_to(seconds):
    assert seconds_said(words.clock(seconds)) == pytest.approx(seconds, abs=6e-4)


def test_a_jump_stays_within_what_there_is():
    assert (LINE.sample(-5), LINE.sample(0), LINE.sample(3), LINE.sample(1e9)) == (100, 100, 3100, 10_099)


def test_the_player_moves_with_the_clock_and_waits_for_the_engine():
    player = Player()
    player.at, player.speed = 100.0, 2.0
    player.play(True)
    player.turn(5.0, FS, 10_099, 10_099)
    player.turn(5.1, FS, 10_099, 10_099)
    assert player.at == pytest.approx(300)
    player.turn(65.0, FS, 10_099, 10_099)
    assert player.at == pytest.approx(300 + 0.25 * 2 * FS), "a window that stood still does not jump"
    player.turn(65.1, FS, 10_099, 850)
    assert (player.at, player.playing) == (850, True)
    player.turn(65.2, FS, 900, 10_000)
    assert (player.at, player.playing) == (900, False)


def test_speeds_have_ends():
    player = Player()
    player.faster(-100)
    assert player.speed == SPEEDS[0] == 0.05
    player.faster(100)
    assert player.speed == SPEEDS[-1] == 20


class Scripted:
    """Answers that are given by hand."""

    def __init__(self):
        self.asked, self.given, self.closed = [], [], False

    def ask(self, topic, **header):
        self.asked.append((topic, header))

    def heard(self):
        given, self.given = self.given, []
        return given

    def close(self):
        self.closed = True


@pytest.fixture
def desk(told):
    answers = Scripted()
    desk = ReplayDesk(lambda: 0.0, lambda path, experiment: answers)
    desk.open("somewhere")
    desk.answers = answers
    assert desk.state == "opening"
    marks = {"pulse_at": np.array([500.0]), "pulse_what": np.zeros(1, np.uint8)}
    answers.given = [
        Answer("opened", {"fs_hz": FS, "kind": "finished", "path": "somewhere"}, facts=told),
        Answer("marks", {"first": 0, "end": 5000, "named": []}, marks),
    ]
    desk.turn()
    return desk


def test_another_one_can_be_opened_while_one_is_recovered(desk):
    """How the recovery ends is then no news of what is open."""
    closed = []
    desk._recovery = SimpleNamespace(code=None, last_words=lambda: "no", close=lambda: closed.append(True))
    desk.open("elsewhere")
    assert closed
    desk.turn()
    assert (desk.state, desk.why) == ("opening", "")
    desk.close()


def answer(desk, made=True):
    number, at = desk.answers.asked[-1][1]["number"], desk.answers.asked[-1][1]["sample"]
    desk.answers.given.append(Answer("moment", {"number": number, "sample": at, "fresh": False, "made": made}))


def test_of_many_wishes_one_at_a_time_is_asked_for(desk):
    assert desk.answers.asked == [("show", {"number": 1, "sample": 0.0, "since": None})]
    for at in (10.0, 700.0, 900.0):
        desk.jump(at)
        desk.turn()
    assert len(desk.answers.asked) == 1
    answer(desk)
    desk.turn()
    assert desk.answers.asked[-1] == ("show", {"number": 2, "sample": 900.0, "since": 0.0})
    answer(desk)
    desk.turn()
    assert len(desk.answers.asked) == 2


def test_a_moment_that_the_engine_reaches_later_is_told_anew(desk):
    desk.jump(3000.0)
    answer(desk)
    desk.turn()
    answer(desk, made=False)
    desk.turn()
    assert len(desk.answers.asked) == 2
    desk.answers.given.append(Answer("progress", {**PROGRESS, "made_to": 4000, "end": 5000, "done": False}))
    desk.turn()
    assert desk.answers.asked[-1] == ("show", {"number": 3, "sample": 3000.0, "since": None})
    assert desk.sentence() == "session somewhere · 3 decisions made again, bit for bit (80 %)"


PROGRESS = {
    "first": 0,
    "made_to": 9,
    "end": 9,
    "done": True,
    "same": 3,
    "difference": "",
    "trouble": "",
    "kind": "finished",
    "decisions": 9,
}


def test_what_is_answered_while_nobody_looks_does_not_pile_up(desk):
    desk.answers.given.append(Answer("progress", PROGRESS))
    desk.hear()
    assert desk.answers.given == []
    assert desk.progress == PROGRESS
    assert len(desk.answers.asked) == 1, "nothing is asked for that nobody sees"


def test_a_session_whose_process_dies_while_it_is_followed_can_be_recovered(desk, monkeypatch):
    started = []
    monkeypatch.setattr(desks, "Child", lambda *words: started.append(words))
    desk.opened = {**desk.opened, "kind": "running"}
    desk.recover()
    assert started == []
    desk.answers.given.append(Answer("progress", {**PROGRESS, "kind": "broken"}))
    desk.turn()
    desk.recover()
    assert started == [("recover", "somewhere")]
    desk._recovery = None


def test_no_room_for_another_process_is_a_sentence(desk):
    def full(path, experiment):
        raise OSError(28, "No space left on device")

    desk._start = full
    desk.open("elsewhere")
    assert desk.state == "refused"
    assert "No space left" in desk.sentence()


def test_a_process_that_dies_is_told_in_a_sentence(desk):
    desk.answers.given.append(Answer("ended", {"why": ""}))
    desk.turn()
    assert (desk.state, desk.sentence(), desk.alarming) == ("refused", words.ENDED, True)
    desk.play()
    assert not desk.player.playing


def test_another_past_is_opened_in_its_place(desk):
    desk.open("elsewhere")
    assert desk.answers.closed
    assert (desk.state, desk.knowledge, desk.timeline.end) == ("opening", None, 0)


def test_a_pulse_is_told_with_its_budget_and_its_errors():
    decided = {"condition": "lit", "pattern": "flash", "sample": 1000, "fire_sample": 1040.0, "target_deg": 90.0, "predicted_sd_deg": 12.0}
    budget = {"queue_us": 20.0, "compute_us": 19.0, "serial_us": 8.0, "margin_us": 3000.0}
    pulse = {
        "index": 3,
        "number": 2,
        "decided": decided,
        "foretold_deg": 91.0,
        "verdict": "fired",
        "reason": "",
        "fire_sample": 1040.1,
        **budget,
    }
    lines = dict(words.pulse_lines({**pulse, "truth": "zero-phase", "true_phase_deg": 100.0}, 1100.0, FS, {}, False))
    assert lines["what became of it"] == "light came"
    assert lines["decided"] == "100 ms ago, 40.0 ms ahead"
    assert lines["light-on"] == "60 ms ago, +100 µs by the board"
    assert lines["error"] == "+10° from wanted, +9° from forecast"
    assert lines["budget"] == "20 µs waited, 19 µs computed, 8 µs written, 3000 µs to spare"
    missed = {**pulse, "verdict": "missed", "reason": "late", "fire_sample": None, "truth": ""}
    lines = dict(words.pulse_lines(missed, 1020.0, FS, {"index": 2, "phase_deg": 5.0, "how": "zero-phase"}, False))
    assert lines["what became of it"] == "missed, it stayed dark: it would have come too late"
    assert lines["light-on"] == "in 20 ms, no board has said when"
    assert lines["phase as it was"] == words.UNKNOWN, "the truth of another pulse is not its truth"


def test_light_is_drawn_in_the_order_of_its_pattern_as_it_is_live(talk, past):
    """Without the patterns all LEDs of a condition would be drawn as lit, long after they were."""
    live = facts_from(talk.facts.about, parse_experiment((past / "experiment.yaml").read_text(), "x"), open_session(past).about)
    assert talk.facts.patterns == live.patterns
    slots = {shone.slot for shone in retold(talk.facts, talk.moment(6500.0)[1]).pulses.recent}
    assert slots <= set(range(len(talk.facts.patterns)))


def test_no_angle_is_minus_zero():
    assert words.deg(-0.3) == "+0°"
    assert words.in_ms(-0.01, FS) == "+0.0 ms"


def test_the_same_veto_again_and_again_is_one_line():
    around = [{"sample": 100.0 * i, "what": "decision", "kind": "unsure", "text": "lit"} for i in range(5)]
    lines, unsure = words.around_lines(around, 200.0, FS, False), VETOES["unsure"]
    assert lines == [("+0.0 ms", f"withheld: {unsure} ×3", True), ("+200.0 ms", f"withheld: {unsure} ×2", False)]


def test_what_happened_is_told_in_words_and_not_in_codes():
    around = [
        {"sample": 1.0, "what": "marker", "kind": "paused", "text": "no-samples, heartbeat"},
        {"sample": 2.0, "what": "pulse", "kind": "missed", "text": "no-samples"},
    ]
    told = [text for _, text, _ in words.around_lines(around, 0.0, FS, False)]
    assert told == [
        "paused by itself: no samples came, the board heard nothing of the engine",
        "missed, it stayed dark: no samples came",
    ]


def test_what_differs_is_said_loudly():
    differs = {**PROGRESS, "difference": "decision 3"}
    assert "NOT THE SAME: decision 3" in words.checked("finished", differs)
    assert "not the same" not in words.checked("recording", PROGRESS)
    said = words.sentence("open", "day-3", "", {"kind": "finished"}, {**differs, "trouble": "block 7 is damaged"})
    assert "block 7 is damaged" in said
    assert "NOT THE SAME" in said, "one does not hide the other"
    assert "all" not in words.checked("finished", {**PROGRESS, "trouble": "block 7 is damaged"})


def test_how_far_the_engine_is_counts_from_the_first_sample():
    assert words.made({**PROGRESS, "first": 1000, "made_to": 1500, "end": 2000, "done": False}) == " (50 %)"
    assert words.deg(-180.0) == words.deg(180.0) == "+180°"

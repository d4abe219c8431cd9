"""A window that came late, was away or lost messages knows what one knows that heard everything: nothing is missing or counted twice."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.gui.eventlog import KEPT, EventLog
from wavestim.gui.history import AGAIN_S, MOST, History
from wavestim.gui.joining import Stream
from wavestim.gui.knowledge import TABLES, Knowledge
from wavestim.gui.pulsebook import WAITING

WAVE = {"speed_mm_s": 200.0, "frequency_hz": 10.0, "pgd": 0.9, "sd_deg": 20.0, "wave_kind": "planar", "site": 5}
BUDGET = {"queue_us": 20.0, "compute_us": 20.0, "serial_us": 10.0, "margin_us": 38_000.0, "reason": ""}


class Session:
    """What a session writes down, and what it says of it."""

    def __init__(self):
        self.rows = {table: [] for table in TABLES}
        self.messages = []
        self.committed = dict.fromkeys(TABLES, 0)

    def go_on(self, what):
        """One more thing happens; returns the message."""
        n = len(self.rows["decisions"])
        at = 100 * (sum(len(rows) for rows in self.rows.values()) + 1)
        open_ones = sorted({i for i, row in enumerate(self.rows["decisions"]) if row["verdict"] == "scheduled"} - self.answered)
        if what == "pulse" and not open_ones:
            what = "veto"
        if what in ("decision", "veto"):
            condition = ("lit", "sham")[n % 2]
            verdict = "scheduled" if what == "decision" else ("unsure", "no-wave")[n % 2]
            row = {"sample": at, "fire_sample": at + 40.0, "start_sample": at + 38.0, "site": 5, "slot": n % 2, "condition": condition}
            return self.add("decisions", {**row, "direction_deg": 30.0 * n, "wave_kind": "planar", "verdict": verdict})
        if what == "pulse":
            verdict = ("fired", "missed", "dark", "cut")[at // 100 % 4]
            row = {"decision": open_ones[0], "fire_sample": at + 1.0, "verdict": verdict, "dark": verdict == "dark", **BUDGET}
            return self.add("pulses", row)
        if what == "marker":
            return self.add("markers", {"sample": at, "kind": "note", "text": str(at)})
        light = what == "light"
        return self.add(
            "waves", {"sample": at, "decision": 0 if light else -1, "condition": "lit" if light else "", "phase_deg": at, **WAVE}
        )

    def add(self, table, row):
        self.rows[table].append(row)
        first = len(self.rows[table]) - 1
        if table == "markers":
            return "marker", {"index": first, **row}
        return table, {"first": first, "rows": [row]}

    @property
    def answered(self):
        return {row["decision"] for row in self.rows["pulses"]}

    def commit(self):
        self.committed = {table: len(rows) for table, rows in self.rows.items()}

    def read(self, table, first, most):
        """As ``rows_from`` does it."""
        rows = self.rows[table][first : min(self.committed[table], first + most)]
        if table != "pulses":
            return rows
        decided = [self.rows["decisions"][row["decision"]] for row in rows]
        return [
            {**row, "meant_sample": d["fire_sample"], "start_sample": d["start_sample"]}
            | {key: d[key] for key in ("site", "condition", "slot")}
            for row, d in zip(rows, decided, strict=True)
        ]


def known(knowledge):
    """All that was counted, as plain values."""
    book, phases = knowledge.pulses, knowledge.phases
    told = Counter()
    for line in knowledge.log.lines:
        told[line.text] += line.times
    return {
        "verdicts": dict(book.verdicts),
        "vetoes": dict(book.vetoes),
        "conditions": dict(book.conditions),
        "latency": book.latency.counts.tolist(),
        "deadline": book.deadline.counts.tolist(),
        "directions": book.directions.counts.tolist(),
        "recent": [(shone.sample, shone.condition, shone.begin, shone.slot) for shone in book.recent],
        "phases": {name: angles.counts.tolist() for name, angles in phases.known.items()},
        "trends": np.asarray(knowledge.trends.view()).tolist(),
        "whole": np.nan_to_num(knowledge.whole.view(), nan=-1.0).tolist(),
        "told": dict(told),
    }


HAPPENS = st.sampled_from(["decision", "veto", "pulse", "marker", "wave", "light"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("happens"), HAPPENS, st.booleans()),  # and whether the message comes
        st.tuples(st.just("commit"), st.none(), st.none()),
        st.tuples(st.just("ask"), st.sampled_from(TABLES), st.integers(1, 4)),
        st.tuples(st.just("answer"), st.sampled_from(TABLES), st.none()),
        st.tuples(st.just("status"), st.none(), st.none()),
    ),
    max_size=60,
)


@settings(max_examples=80)
@given(STEPS)
def test_whatever_is_read_and_heard_the_counts_are_those_of_all(told, steps):
    session, all_heard, mine = Session(), Knowledge(told, EventLog()), Knowledge(told, EventLog())
    asked = {}
    for step, what, more in steps:
        if step == "happens":
            message = session.go_on(what)
            all_heard.hear(*message, {}, 0.0)
            if more:
                mine.hear(*message, {}, 0.0)
        elif step == "commit":
            session.commit()
        elif step == "ask":
            first = mine.streams[what].next
            rows = session.read(what, first, more)
            asked[what] = first, rows, len(rows) < more
        elif step == "answer" and what in asked:
            mine.read(what, *asked.pop(what))
        elif step == "status":
            pulses = Counter(row["verdict"] for row in session.rows["pulses"])
            mine.hear("status", {"decisions": len(session.rows["decisions"]), "pulses": pulses}, {}, 0.0)
    session.commit()
    mine.read_on()
    while not mine.complete:
        for table, stream in mine.streams.items():
            rows = session.read(table, stream.next, 3)
            mine.read(table, stream.next, rows, len(rows) < 3)
    assert known(mine) == known(all_heard)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=30))
def test_every_row_once_and_in_order(pieces):
    stream, out = Stream(), []
    for first, n in pieces:
        for at, rows in stream.heard(first, [{"i": first + i} for i in range(n)]):
            assert at == len(out)
            out += [row["i"] for row in rows]
    while stream.behind:
        for _, rows in stream.read(stream.next, [{"i": stream.next}], False):
            out += [row["i"] for row in rows]
        if stream.next > 40:
            break
    assert out == list(range(len(out)))


def test_a_loss_at_the_end_is_noticed_by_the_status(told):
    knowledge = Knowledge(told, EventLog())
    for table in TABLES:
        knowledge.read(table, 0, [], True)
    assert knowledge.complete
    knowledge.hear("status", {"decisions": 3, "pulses": {"fired": 1}}, {}, 0.0)
    assert [table for table, stream in knowledge.streams.items() if stream.behind] == ["decisions", "pulses"]


def test_pulses_that_waited_longer_than_their_decisions_are_kept_are_read_with_them(told):
    """Nobody counts a pulse without its condition."""
    session, mine = Session(), Knowledge(told, EventLog())
    for _ in range(WAITING + 10):
        mine.hear(*session.go_on("decision"), {}, 0.0)
    mine.hear(*session.go_on("pulse"), {}, 0.0)
    assert not mine.pulses.verdicts
    assert mine.streams["pulses"].behind
    session.commit()
    mine.read("pulses", 0, session.read("pulses", 0, 10), True)
    assert mine.pulses.verdicts.total() == 1
    assert not mine.streams["pulses"].behind


def test_history_asks_for_what_is_missing_and_nothing_else(told, tmp_path):
    session, knowledge = Session(), Knowledge(told, EventLog())
    for what in ["decision", "pulse", "marker", "wave"] * 150:
        session.go_on(what)
    session.commit()
    asked = []

    def read(folder, table, first, most):
        assert folder == tmp_path
        asked.append((table, first))
        if len(asked) == 1:
            raise OSError("not there yet")
        return session.read(table, first, most)

    history, now_s = History(tmp_path, read), 0.0
    while not knowledge.complete:
        history.turn(knowledge.streams, now_s, knowledge.read)
        now_s += AGAIN_S
    assert knowledge.streams["waves"].next == 150
    assert knowledge.streams["decisions"].next == len(session.rows["decisions"])
    n = len(asked)
    for _ in range(5):
        history.turn(knowledge.streams, now_s, knowledge.read)
    assert len(asked) == n
    history.close()
    assert len(session.rows["decisions"]) < MOST


def test_the_log_is_in_the_order_of_time_and_of_a_fixed_length():
    log = EventLog()
    for at_s, text, level in (
        (5.0, "later", "plain"),
        (1.0, "sooner", "plain"),
        (3.0, "v", "veto"),
        (4.0, "v", "veto"),
        (0.5, "w", "veto"),
    ):
        log.say(at_s, text, level)
    assert [(line.at_s, line.text, line.times) for line in log.lines] == [
        (0.5, "w", 1),
        (1.0, "sooner", 1),
        (4.0, "v", 2),
        (5.0, "later", 1),
    ]
    assert [line.text for line in log.only("vetoes")] == ["w", "v"]
    assert [line.text for line in log.only("events")] == ["sooner", "later"]
    for i in range(3 * KEPT):
        log.say(10.0 + i, str(i), "veto")
    assert len(log.only("vetoes")) == KEPT
    assert log.only("events")[0].text == "sooner", "vetoes do not push out what happened"

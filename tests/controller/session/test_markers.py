"""Markers of other programs are input events: numbered, in order, never so many at once that an order finds no room."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
from wavestim.controller.record.records import PULSE
from wavestim.controller.session.announce import Announcer, line
from wavestim.controller.session.gates import Gatekeeper
from wavestim.controller.session.markers import AT_ONCE, WAITING, MarkerEvents, marker_value
from wavestim.realtime.records import DECISION


class Engine:
    def __init__(self) -> None:
        self.posted: list[tuple[str, float]] = []
        self.next_sample = 0

    def post(self, kind: str, value: float = 0.0) -> None:
        self.posted.append((kind, value))


NO_GATE = Gatekeeper(None, 1000.0)


@pytest.mark.parametrize(
    ("text", "value"), [("7", 7.0), (" -1.5 ", -1.5), ("grün", zlib.crc32(b"gr\xc3\xbcn")), ("nan", zlib.crc32(b"nan"))]
)
def test_a_marker_has_a_number(text, value):
    assert marker_value(text) == value


def test_markers_leave_room_for_orders_and_keep_their_order():
    engine = Engine()
    events = MarkerEvents(engine, NO_GATE)
    for i in range(3 * AT_ONCE):
        assert events.heard(str(i), 0.0)
    for turn in range(1, 4):
        events.post()
        events.post()  # no sample has come since
        assert len(engine.posted) == turn * AT_ONCE
        engine.next_sample += 4
    events.post()
    assert engine.posted == [("marker", float(i)) for i in range(3 * AT_ONCE)]


def test_an_engine_that_does_not_run_is_not_flooded():
    engine = Engine()
    events = MarkerEvents(engine, NO_GATE)
    heard = []
    for i in range(WAITING + 2):
        heard.append(events.heard(str(i), 0.0))
        events.post()
    assert len(engine.posted) == 1
    assert heard == [True] * (WAITING + 1) + [False]


class Outlet:
    def __init__(self) -> None:
        self.lines: list[tuple[dict[str, object], float]] = []

    def send(self, text: str, at_s: float) -> None:
        self.lines.append((json.loads(text), at_s))


class Model:
    """One sample a millisecond since the first second."""

    def sample_to_host(self, sample: float) -> float:
        return 1e9 + sample * 1e6


def test_decisions_and_pulses_are_told_with_their_moment():
    decisions = np.zeros(2, DECISION)
    decisions["sample"], decisions["verdict"], decisions["speed_mm_s"] = [500, 600], ["scheduled", "unsure"], [120.0, np.nan]
    pulses = np.zeros(3, PULSE)
    pulses["decision"], pulses["verdict"], pulses["fire_sample"] = [0, 1, 2], ["fired", "dark", "missed"], [520.5, 620.0, np.nan]
    told, shone = Outlet(), Outlet()
    announcer = Announcer(told, shone)
    announcer.decided(40, decisions, Model(), now_ns=0)
    announcer.pulsed(pulses, Model(), now_ns=7_000_000_000)
    assert [(d["decision"], d["sample"], d["verdict"], d["speed_mm_s"], at) for d, at in told.lines] == [
        (40, 500, "scheduled", 120.0, 1.5),
        (41, 600, "unsure", None, 1.6),
    ]
    assert [(p["decision"], p["verdict"], at) for p, at in shone.lines] == [(0, "fired", 1.5205), (1, "dark", 1.62), (2, "missed", 7.0)]


def test_a_line_is_json_whatever_the_numbers_are():
    assert json.loads(line({"a": float("inf"), "b": "\n", "c": True, "d": 3})) == {"a": None, "b": "\n", "c": True, "d": 3}

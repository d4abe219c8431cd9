"""The live page with real keys and clicks, fed by hand: what is chosen is what is drawn."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest
from wavestim.gui import words
from wavestim.gui.eventlog import EventLog
from wavestim.gui.facts import Plan
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.tracing import TraceView
from wavestim.gui.viewing import View
from wavestim.gui.words import live

N, LAST = 16, 12_000
WAVE = {"speed_mm_s": 200.0, "frequency_hz": 10.0, "pgd": 0.9, "sd_deg": 20.0, "site": 5}


@pytest.fixture
def knowledge(told):
    """A session of some seconds, with light, sham, a veto and an event."""
    known = Knowledge(told, EventLog())
    for i in range(300):
        row = {"sample": 100 * i, "decision": -1, "condition": "", "phase_deg": 0.0, "wave_kind": "planar" if i % 50 else "none", **WAVE}
        known.hear("waves", {"first": i, "rows": [row]}, {}, 0.0)
    t = np.arange(LAST)[:, None] / 1000
    known.hear("samples", {"first": 0}, {"uv": np.sin(2 * np.pi * 12 * t + np.arange(N)).astype(np.float32) * 50}, 0.0)
    for i, condition in enumerate(("lit", "sham")):
        row = {"sample": LAST - 300 + 100 * i, "fire_sample": LAST - 250.0 + 100 * i, "start_sample": LAST - 252.0 + 100 * i, "site": 5}
        row |= {"slot": i, "condition": condition, "direction_deg": 30.0, "wave_kind": "planar", "verdict": "scheduled"}
        known.hear("decisions", {"first": i, "rows": [row]}, {}, 0.0)
        row = {"decision": i, "fire_sample": None, "verdict": "dark" if i else "fired", "dark": bool(i), "reason": "", "margin_us": 1e4}
        known.hear("pulses", {"first": i, "rows": [row | dict.fromkeys(("queue_us", "compute_us", "serial_us"), 20.0)]}, {}, 0.0)
        known.phases.add("known", condition, 90.0 - 180 * i)
    known.phases.add("after", "sham", -80.0)
    known.hear("decisions", {"first": 2, "rows": [{"sample": LAST, "site": 5, "verdict": "unsure", "condition": "lit"}]}, {}, 0.0)
    known.hear("marker", {"index": 0, "sample": 100, "kind": "running", "text": ""}, {}, 0.0)
    arrays = {"phase_rad": -2.0 * np.arange(N, dtype=np.float32) % 4, "sd_deg": np.full(N, 20, np.float32)}
    tick = {"sample": LAST, "kind": "planar", "direction_deg": 30.0, "stale": False, **WAVE}
    known.hear("tick", tick, arrays, 0.0)
    return known


@pytest.fixture(scope="module")
def shown(application):
    """The page; there is one for all that is asked of it."""
    from wavestim.gui.pages.live import LivePage

    page = LivePage(SimpleNamespace(knowledge=None, log=EventLog()))
    page.resize(1350, 660)
    page.show()
    page.activateWindow()
    yield page
    page.close()


@pytest.fixture
def page(application, shown, knowledge):
    """With that session, looked at as at the beginning."""
    shown._deck.knowledge, shown._deck.log = knowledge, knowledge.log
    shown.map.look(View())
    shown.traces.look(TraceView())
    shown.trends.look(whole=False)
    shown.log.choose("all")
    application.processEvents()
    shown.turn(0)
    return shown


def press(application, page, *keys):
    from pyqtgraph.Qt import QtCore, QtTest

    for key in keys:
        QtTest.QTest.keyClick(page, getattr(QtCore.Qt.Key, f"Key_{key}"))
    application.processEvents()
    page.turn(0)


def text(widget):
    return widget._text.toPlainText() if hasattr(widget._text, "toPlainText") else widget._text.text()


def test_of_a_session_that_is_no_longer_open_nothing_is_shown(page):
    assert "planar" in page.map.says.text()
    page._deck.knowledge = None
    page.turn(0)
    assert words.UNDETERMINED in page.map.says.text()
    for curve in (page.traces.curve, page.traces.light, *page.trends._curves):
        x, _ = curve.getData()
        assert x is None or not len(x)
    assert "<b>0</b>&nbsp;fired" in page.progress._text.text()


def test_the_probe_is_turned_and_mirrored_by_keys(application, page):
    places = page.map.electrodes.places
    press(application, page, "T")
    np.testing.assert_allclose(page.map.electrodes.places, places @ np.array([[0, 1], [-1, 0]]), atol=1e-12)
    assert page.map._note.text().startswith("x ↑ y ←")
    press(application, page, "M")
    assert page.map._note.text().startswith("x ↑ y →")
    assert page.map.mirror.isChecked()
    press(application, page, "M", "T", "T", "T")
    np.testing.assert_allclose(page.map.electrodes.places, places, atol=1e-12)


def test_flow_is_drawn_while_there_is_a_wave_and_asked_for(application, page, knowledge):
    assert page.map._over.isVisible()
    press(application, page, "F")
    assert not page.map._over.isVisible()
    press(application, page, "F")
    assert page.map._over.isVisible()
    knowledge.tick = {**knowledge.tick, "kind": "undetermined"}
    page.turn(0)
    assert not page.map._over.isVisible()
    assert words.UNDETERMINED in page.map.says.text()


def test_traces_are_scaled_filtered_and_chosen(application, page):
    drawn = page.traces
    fits = drawn._line_uv
    press(application, page, "Plus")
    assert drawn.view.scale_uv < fits
    assert not drawn.auto.isChecked()
    larger = drawn.view.scale_uv
    press(application, page, "Minus")
    assert drawn.view.scale_uv > larger
    press(application, page, "A")
    assert drawn.view.scale_uv is None
    assert len(drawn._channels) == N - 1, "the bad one is left out"
    drawn.channels.setEditText("0-2")
    drawn.channels.lineEdit().returnPressed.emit()
    page.turn(0)
    assert drawn._channels.tolist() == [0, 1, 2]
    drawn.channels.setEditText("99")
    drawn.channels.lineEdit().returnPressed.emit()
    page.turn(0)
    assert "the last is 15" in drawn.says.text(), "and it stays to be read"
    assert drawn._channels.tolist() == [0, 1, 2]
    drawn.seconds.activated.emit(3)
    drawn.filter.activated.emit(1)
    page.turn(0)
    x, _ = drawn.curve.getData()
    assert np.nanmin(x) == pytest.approx(-10, abs=0.1)
    assert drawn.filter.currentData() == "band"
    assert sorted(len(item.getData()[0]) for item in (drawn.light, drawn.sham)) == [2, 2]


def test_phases_are_shown_by_condition_beside_how_they_turned_out(page, knowledge):
    lines = page.phase._lines.text()
    assert live.BOOKS[0] in lines
    assert "-80° ± 0°, error -170° (1)" in lines
    page.phase.choice.activated.emit(page.phase.choice.findData("lit"))
    page.turn(0)
    assert "+90° ± 0°, error +0° (1)" in page.phase._lines.text()
    assert f"{live.BOOKS[1]}: {live.UNKNOWN}" in page.phase._lines.text()


def test_the_whole_session_or_the_last_minute(application, page):
    def shown():
        return [curve.getData() for curve in page.trends._curves]

    assert shown()[0][0][-1] == 0
    assert math.isnan(shown()[0][1][0]), "undetermined is a gap"
    press(application, page, "W")
    assert page.trends.span.text() == live.WHOLE
    assert shown()[0][0][-1] == pytest.approx(29.9, abs=0.5)
    press(application, page, "W")
    assert page.trends.span.text() == live.MINUTE


def test_the_log_lists_what_is_asked_for(page, knowledge):
    assert "not sure enough" in text(page.log)
    knowledge.read_on()
    page.turn(0)
    assert page.log.says.text() == live.CATCHING_UP
    page.log.choice.activated.emit(page.log.choice.findData("events"))
    page.turn(0)
    assert "not sure enough" not in text(page.log)
    assert "running" in text(page.log)


def test_numbers_that_are_planned_and_the_disk(page, knowledge):
    knowledge.facts = dataclasses.replace(knowledge.facts, plan=Plan(40, None, {"lit": 20, "sham": 20}))
    knowledge.hear(
        "status", {"seconds": 60.1, "course": {"trials": 10}, "written_bytes": 6e7, "free_bytes": 1e9, "ring_fill": 0.6}, {}, 0.0
    )
    page.turn(0)
    assert "1 of 20" in text(page.progress)
    assert "about 3 min left" in page.progress.says.text()
    assert "⚠ ring 60 % full" in page.store.text.text()
    assert "full in 17 min" in page.store.text.text()


def test_help_outlives_what_has_no_room(application):
    from wavestim.gui.widgets.elided import Elided

    label = Elided("a long line of words that has no room")
    label.setToolTip("help")
    for width, told in ((1000, "help"), (60, "a long line of words that has no room\nhelp"), (1000, "help")):
        label.resize(width, 20)
        label.grab()
        assert label.toolTip() == told


def test_the_log_stays_at_its_end_until_somebody_scrolls(application):
    from wavestim.gui.eventlog import EventLog
    from wavestim.gui.widgets.log import Log

    log, panel = EventLog(), Log()
    panel.resize(300, 300)
    panel.show()
    bar = panel._text.verticalScrollBar()
    for i in range(60):
        log.say(float(i), f"event {i}")
    panel.show_log(log, complete=True)
    application.processEvents()
    panel.resize(300, 150)
    application.processEvents()
    assert bar.value() == bar.maximum() > 0
    bar.triggerAction(bar.SliderAction.SliderToMinimum)
    log.say(61.0, "one more")
    panel.show_log(log, complete=True)
    assert bar.value() == 0
    panel.close()


def test_a_pulse_that_was_lost_is_told(page, knowledge):
    assert "lost" not in page.progress._text.text()
    knowledge.pulses.verdicts["lost"] += 1
    page.progress.show_now(knowledge)
    assert "<b>1</b>&nbsp;lost" in page.progress._text.text()

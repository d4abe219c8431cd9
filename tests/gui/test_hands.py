"""The page for hands: light by hand, dose and warming, the mock rig; without a rig, with real clicks and keys."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from wavestim.gui import doses
from wavestim.gui.byhand import MANUAL, ByHand
from wavestim.gui.eventlog import EventLog
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.words import hands

STATUS = {
    "state": "armed",
    "light": {
        "dose_mj_mm2": 3.0,
        "dose_limit_mj_mm2": 10.0,
        "dose_led": 2,
        "rise_c": 0.48,
        "rise_limit_c": 0.5,
        "rise_led": 1,
        "unmeasured": "",
    },
    "manual": {"widths_ms": [1.0, 5.0, 10.0], "conditions": ["lit"], "irradiance_mw_mm2": 2.0, "busy": False, "why_not": ""},
    "mock": {
        "wave": {"state": "awake", "direction_deg": 30.0, "speed_mm_s": 200.0, "frequency_hz": 15.0, "snr_db": 0.0},
        "states": ["awake", "motor-beta"],
        "shows": {},
        "leds_in": True,
        "plugged": True,
        "streams": True,
    },
}


class Deck:
    """A session that does nothing but take orders."""

    def __init__(self, told):
        self.log, self.state, self.orders = EventLog(), "armed", []
        self.knowledge = Knowledge(told, self.log)
        self.knowledge.streams["decisions"].begin_at(7)
        self.say()

    def say(self, **change):
        self.knowledge.hear("status", STATUS | change, {}, 0.0)

    def order(self, order, **more):
        self.orders.append((order, more))

    def hear(self, topic, row):
        self.knowledge.hear(topic, {"first": self.knowledge.streams[topic].next, "rows": [row]}, {}, 0.0)


@pytest.fixture
def qt(application):
    from pyqtgraph.Qt import QtCore, QtTest

    return application, QtCore.Qt, QtTest.QTest


@pytest.fixture
def page(qt, told):
    from wavestim.gui.pages.hands import HandsPage

    page = HandsPage(Deck(told))
    page.resize(1366, 640)
    page.show()
    page.turn(0)
    qt[0].processEvents()
    yield page
    page.close()


DECISION = {
    "condition": MANUAL,
    "pattern": "LED 2, 5 ms",
    "verdict": "scheduled",
    "sample": 10,
    "site": 5,
    "fire_sample": 20.5,
    "start_sample": 20.5,
    "slot": 2,
    "direction_deg": 3.0,
    "wave_kind": "planar",
}
PULSE = {
    "decision": 7,
    "verdict": "fired",
    "reason": "",
    "dark": False,
    "fire_sample": 20.0,
    **dict.fromkeys(("queue_us", "compute_us", "serial_us", "margin_us"), 1.0),
}


def test_what_becomes_of_light_by_hand_is_said_in_words():
    hand = ByHand()
    assert not hand.decided(3, DECISION | {"condition": "lit"})
    assert hand.decided(7, DECISION)
    assert hand.outcome == "LED 2, 5 ms on its way"
    assert not hand.pulsed(PULSE | {"decision": 6})
    assert hand.pulsed(PULSE)
    assert (hand.outcome, hand.came) == ("LED 2, 5 ms came", 1)
    hand.decided(8, DECISION | {"verdict": "duty"})
    assert hand.outcome == "LED 2, 5 ms withheld: too much light at that place in a short time"
    hand.decided(9, DECISION)
    hand.pulsed(PULSE | {"decision": 9, "verdict": "missed", "reason": "late"})
    assert (hand.outcome, hand.came) == ("LED 2, 5 ms failed: it would have come too late", 1)


def test_light_by_hand_is_among_what_map_and_traces_show_and_counts_nowhere(told):
    knowledge = Knowledge(told, EventLog())
    book = knowledge.pulses
    book.decided(7, [DECISION])
    assert book.pulsed([PULSE]) == []
    assert [(shone.sample, shone.begin, shone.slot, shone.dark) for shone in book.recent] == [(20.0, 20.0, 2, False)]
    read = {**DECISION, **PULSE, "decision": 3, "meant_sample": 20.5}  # of before, from the journal
    assert book.pulsed([read, read | {"verdict": "missed"}]) == []
    assert len(book.recent) == 2
    assert not book.conditions
    assert not book.verdicts
    knowledge.note_waves([{"decision": 7, "condition": MANUAL, "phase_deg": 80.0}])
    assert not knowledge.phases.known


@pytest.mark.parametrize(
    ("light", "level", "words"),
    [
        ({}, "off", "not measured"),
        ({"rise_c": 0.0, "rise_limit_c": 0.5, "rise_led": None}, "good", "0 of 0.5 °C"),
        ({"rise_c": 0.36, "rise_limit_c": 0.5, "rise_led": 3}, "warn", "near the limit"),
        ({"rise_c": 0.499, "rise_limit_c": 0.5, "rise_led": 3}, "bad", "light is withheld"),
    ],
)
def test_a_gauge_says_how_near_the_limit_is(light, level, words):
    gauge = doses.warmth(light)
    assert gauge.level == level
    assert words in gauge.words


def test_without_a_limit_there_is_no_part_of_one():
    gauge = doses.dose({"dose_mj_mm2": 1.5, "dose_limit_mj_mm2": None, "dose_led": 0})
    assert gauge.part is None
    assert gauge.words == "1.5 mJ/mm² no limit set · LED 0"


def click_led(qt, manual, number):
    from pyqtgraph.Qt import QtCore

    place = manual.plot.plotItem.vb.mapViewToScene(QtCore.QPointF(*manual._leds_mm[number]))
    qt[2].mouseClick(manual.plot.viewport(), qt[1].LeftButton, qt[1].NoModifier, manual.plot.mapFromScene(place))


def test_taken_over_one_click_is_one_pulse_and_the_frame_is_red(qt, page):
    from wavestim.gui import theme

    manual, deck = page.manual, page._deck
    assert manual.take.isEnabled()
    assert not manual.fire.isEnabled()
    manual.fire_once()
    assert deck.orders == [], "not before it is taken over"
    qt[2].mouseClick(manual.take, qt[1].LeftButton)
    assert manual.says.text() == hands.OVERRIDDEN
    assert theme.LINES["bad"] in manual.says.styleSheet()
    assert theme.BAD in manual.styleSheet()
    click_led(qt, manual, 2)
    assert deck.orders == [("test", {"led": 2, "width_ms": 5.0})]
    deck.say(manual=STATUS["manual"] | {"busy": True})
    page.turn(0)
    assert not manual.fire.isEnabled()
    deck.hear("decisions", DECISION)
    deck.hear("pulses", PULSE)
    deck.say()
    page.turn(0)
    assert manual.outcome.text() == "LED 2, 5 ms came"
    assert not deck.knowledge.pulses.verdicts, "no pulse of the experiment"
    manual.what.setCurrentIndex(manual.what.count() - 1)
    qt[2].keyClick(manual, qt[1].Key_Return)
    assert deck.orders[1:] == [("test", {"condition": "lit"})]
    qt[2].keyClick(manual.take, qt[1].Key_Return)
    assert not manual.overridden


def test_return_that_is_held_down_is_one_pulse(qt, page):
    from pyqtgraph.Qt import QtCore, QtGui

    manual, deck = page.manual, page._deck
    manual.toggle()
    for again in (False, True, True):
        for on in (manual, manual.fire):
            key = QtGui.QKeyEvent(QtCore.QEvent.Type.KeyPress, qt[1].Key_Return, qt[1].NoModifier, "", again)
            qt[0].sendEvent(on, key)
    assert len(deck.orders) == 2


def test_the_next_session_offers_its_light_too(page, told):
    """Though nobody looked at the page between them, and it offers the same."""
    page._deck.knowledge = Deck(told).knowledge
    page.turn(0)
    assert page.manual.what.count() > 1
    assert page.manual.width.count() > 0


def test_it_ends_when_the_experiment_decides_and_hold_pauses_it(qt, page):
    manual, deck = page.manual, page._deck
    manual.toggle()
    deck.state = "running"
    page.turn(0)
    assert not manual.overridden
    assert not manual.take.isEnabled()
    assert "HOLD it first" in manual.says.text()
    qt[2].mouseClick(manual.hold, qt[1].LeftButton)
    deck.state = "held"
    page.turn(0)
    manual.toggle()
    assert manual.overridden
    qt[2].mouseClick(manual.hold, qt[1].LeftButton)
    assert deck.orders == [("pause", {}), ("resume", {})]
    assert not manual.overridden
    manual.toggle()
    assert page.leave()
    assert not manual.overridden


def test_where_no_led_can_be_tried_alone_the_reason_is_there(page):
    page._deck.say(manual={"widths_ms": [], "conditions": ["lit"], "busy": False, "why_not": "the conditions take all 12 patterns"})
    page.turn(0)
    assert page.manual.what.count() == 1
    assert "all 12 patterns" in page.manual.outcome.text()


def test_the_gauges_show_the_worst_place(page):
    texts = {name: label.text() for name, label in page.gauges.texts.items()}
    assert "3 of 10 mJ/mm²" in texts[hands.DOSE]
    assert "LED 2" in texts[hands.DOSE]
    assert hands.FULL in texts[hands.WARMTH]
    assert page.gauges.bars[hands.WARMTH].shown.level == "bad"


def test_sliders_follow_the_rig_and_tell_it(qt, page):
    mock, deck = page.mock, page._deck
    slider = mock.sliders["direction_deg"]
    assert mock.isVisible()
    assert slider.wanted == 30.0
    assert deck.orders == []
    qt[2].keyClick(slider, qt[1].Key_Right)
    page.turn(0)
    assert deck.orders == [("mock", {"do": "wave", "direction_deg": 35.0})]
    page.turn(0)
    assert slider.wanted == 35.0, "a hand was on it a moment ago"
    assert len(deck.orders) == 1


def test_every_button_breaks_what_it_says_and_mends_it_again(qt, page):
    mock, deck = page.mock, page._deck
    for name, _, sent, should in hands.ACTIONS:
        assert mock.buttons[name].toolTip() == should
        qt[2].mouseClick(mock.buttons[name], qt[1].LeftButton)
        assert deck.orders[-1] == ("mock", sent)
    deck.say(mock=STATUS["mock"] | {"plugged": False, "leds_in": False})
    page.turn(0)
    assert mock.buttons["unplug"].text() == hands.PLUG
    for name in ("unplug", "leds"):
        qt[2].keyClick(mock.buttons[name], qt[1].Key_Return)
    assert deck.orders[-2:] == [("mock", {"do": "plug"}), ("mock", {"do": "leds-in"})]
    mock.channel.setValue(3)
    mock.shows.setCurrentIndex(2)
    qt[2].mouseClick(mock.apply, qt[1].LeftButton)
    assert deck.orders[-1] == ("mock", {"do": "channel", "channel": 3, "shows": "nan"})
    mock.state.setCurrentIndex(1)
    mock.state.activated.emit(1)
    assert deck.orders[-1] == ("mock", {"do": "wave", "state": "motor-beta"})


def test_a_real_rig_has_no_such_panel_and_a_recording_no_wave(page):
    page._deck.say(mock=None)
    page.turn(0)
    assert not page.mock.isVisible()
    page._deck.say(mock=STATUS["mock"] | {"wave": None, "states": []})
    page.turn(0)
    assert page.mock.isVisible()
    assert not page.mock.sliders["speed_mm_s"].isEnabled()
    assert page.mock.says.text() == hands.RECORDING
    assert page.mock.buttons["drop"].isEnabled()


def test_without_a_session_nothing_is_known_and_nothing_can_be_done(qt):
    from wavestim.gui.pages.hands import HandsPage

    page = HandsPage(SimpleNamespace(knowledge=None, state="idle", log=EventLog(), order=lambda *a, **k: None))
    page.turn(0)
    assert not any(button.isEnabled() for button in (page.manual.take, page.manual.hold, page.manual.fire))
    assert hands.NOT_MEASURED in page.gauges.texts[hands.DOSE].text()
    assert page.mock.isHidden()
    page.close()


def test_its_keys_work_wherever_the_focus_is(qt, page):
    from pyqtgraph.Qt import QtWidgets

    window = QtWidgets.QWidget()
    rows = QtWidgets.QVBoxLayout(window)
    elsewhere = QtWidgets.QPushButton("elsewhere")
    rows.addWidget(elsewhere)
    rows.addWidget(page)
    window.show()
    window.activateWindow()
    elsewhere.setFocus()
    qt[0].processEvents()
    qt[2].keyClick(elsewhere, qt[1].Key_L, qt[1].ControlModifier)
    assert page.manual.overridden
    qt[2].keyClick(qt[0].focusWidget(), qt[1].Key_Return)
    assert [order for order, _ in page._deck.orders] == ["test"]
    page.setParent(None)
    window.close()


def test_almost_nothing_is_written_too(page):
    page._deck.say(light=STATUS["light"] | {"rise_c": 0.0001})
    page.turn(0)
    from pyqtgraph.Qt import QtGui

    shown = QtGui.QTextDocument()
    shown.setHtml(page.gauges.texts[hands.WARMTH].text())
    assert shown.toPlainText() == "< 0.001 of 0.5 °C · LED 1"

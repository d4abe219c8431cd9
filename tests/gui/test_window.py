"""The window in mock mode, with real clicks and keys: the way to light, the way to dark, and what it says when the rig dies."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest
from support.lightedges import dark_at_the_end
from support.waiting import until as wait_until
from wavestim.controller.cli import app
from wavestim.controller.experiment import load_experiment, mocked
from wavestim.controller.live.rendezvous import alive
from wavestim.controller.preflight import Preflight, kept
from wavestim.controller.preflight.finding import red
from wavestim.controller.record.session import open_session
from wavestim.gui import words
from wavestim.gui.words import editor


@pytest.fixture
def qt(application):
    from pyqtgraph.Qt import QtCore, QtTest

    return application, QtCore.Qt, QtTest.QTest


@pytest.fixture
def window(qt, at_once):
    from wavestim.gui.deck import Deck
    from wavestim.gui.window import RigWindow

    window = RigWindow(Deck(), str(at_once), mock=True)
    window.resize(1366, 768)
    window.show()
    yield window
    window.deck.abandon()
    window.close()


def until(qt, condition):
    """Let the window live until the condition holds; how long that takes is nobody's business."""
    wait_until(condition, lambda: qt[2].qWait(5))


def click(qt, button):
    assert button.isEnabled()
    qt[2].mouseClick(button, qt[1].LeftButton)


def press(qt, window, key):
    """Ctrl and a key, wherever the focus is."""

    def active():
        qt[0].setActiveWindow(window)
        return qt[0].activeWindow() is window

    until(qt, active)
    qt[2].keyClick(window, key, qt[1].ControlModifier)


def arm(qt, window):
    click(qt, window.header.arm)
    assert not window.header.experiment.isEnabled()
    until(qt, lambda: window.deck.state in ("armed", "disarmed", "failed", "gone"))
    if window.deck.state == "disarmed":
        pytest.skip("the machine was too busy: the session stalled and disarmed itself")
    assert window.deck.state == "armed", window.deck.sentence()


def came(window):
    knowledge = window.deck.knowledge
    return knowledge is not None and knowledge.pulses.verdicts["fired"] > 1


def starved(window):
    """So much came too late, or the session stalled so often, that nobody can expect light."""
    lines = window.deck.log.lines
    stalls = sum(
        line.times for line in lines if line.text.startswith(("paused by itself", "pulse missed", "pulse refused by the board (clock)"))
    )
    return stalls > 20 or window.deck.state in ("disarmed", "gone")


def make_an_experiment(qt, window, desk, text):
    """By the keyboard: new, typed, one key changed in the form, saved under a name."""
    _, keys, test = qt
    press(qt, window, keys.Key_N)
    page = window.experiment
    assert window.page is page
    until(qt, lambda: page.settled)
    page.yaml.text.selectAll()
    page.yaml.text.insertPlainText(text.replace("phase_deg: 90", "phase_deg: 400"))
    until(qt, lambda: page.settled)
    assert "phase_deg" in page.problems.list.item(0).text()
    field = page.form.go_to(("trigger", "phase_deg"))
    field.selectAll()
    test.keyClicks(field, "45")
    until(qt, lambda: page.settled)
    assert page.problems.list.count() == 0
    assert page.patterns.shown is not None
    press(qt, window, keys.Key_S)
    line = page.files.dialog.findChild(type(field))
    line.selectAll()
    test.keyClicks(line, str(desk / "mine.yaml"))
    test.keyClick(line, keys.Key_Return)
    until(qt, lambda: window.header.chosen == str(desk / "mine.yaml"))
    assert load_experiment(desk / "mine.yaml").trigger.phase_deg == 45


def try_the_rig(qt, window):
    """In simulated time, by mouse and keyboard."""
    press(qt, window, qt[1].Key_2)
    assert window.page is window.preflight
    qt[2].keyClick(window.preflight.quick, qt[1].Key_Space)
    assert window.preflight.quick.isChecked()
    press(qt, window, qt[1].Key_P)
    assert window.deck.state == "preflight"
    assert not window.header.arm.isEnabled()
    until(qt, lambda: window.deck.state != "preflight")
    found = window.deck.preflight
    red = {check.check for check in found.checks if check.level == "red"}
    if red and red <= {"disk-speed", "disk-room"}:
        pytest.skip(f"the machine was too busy for its disk: {red}")
    assert found.level in ("green", "amber"), [check for check in found.checks if check.level == "red"] or found.trouble
    window.turn()
    assert window.preflight.checks.table.rowCount() == len(found.checks) > 10


def show(qt, window, page):
    """By its key."""
    press(qt, window, qt[1].Key_1 + window.pages.index(page))
    assert window.page is page


def settled(words):
    return bool(words) and "on its way" not in words


def refused(window):
    return window.deck.log.lines[-1].text.startswith("test:")


def by_hand_once(qt, window):
    """One pulse of one LED, from the other page; on a busy machine it may come too late, which is said."""
    show(qt, window, window.hands)
    manual = window.hands.manual
    until(qt, lambda: manual.take.isEnabled() or window.deck.state != "armed")
    if manual.take.isEnabled():
        click(qt, manual.take)
        click(qt, manual.fire)
        until(qt, lambda: settled(manual.outcome.text()) or refused(window) or window.deck.state != "armed")
    show(qt, window, window.live)
    assert not manual.overridden


def test_from_a_new_experiment_to_its_report_with_stop_by_escape(qt, window, desk, experiment):
    assert window.deck.state == "idle"
    assert window.header.stop.isEnabled()
    make_an_experiment(qt, window, desk, experiment.read_text())
    try_the_rig(qt, window)
    arm(qt, window)
    assert window.page is window.live
    by_hand_once(qt, window)
    assert not window.deck.knowledge.pulses.verdicts, "no light of the experiment before RUN"
    press(qt, window, qt[1].Key_1)
    window.turn()
    assert window.experiment.lock.isVisible()
    assert window.experiment.yaml.text.isReadOnly()
    until(qt, lambda: window.header.run.isEnabled() or starved(window))
    click(qt, window.header.run)
    press(qt, window, qt[1].Key_3)
    until(qt, lambda: came(window) or starved(window))
    if not came(window):
        pytest.skip(f"the machine was too busy for light in real time: {window.deck.log.lines[-1].text}")
    picture = window.grab().toImage()
    assert (picture.width(), picture.height()) == (1366, 768)
    qt[2].keyClick(window.live.log, qt[1].Key_F12)
    until(qt, lambda: window._keys is not None and window._keys.isVisible())
    qt[2].keyClick(window._keys, qt[1].Key_Escape)
    assert window.deck.state in ("stopping", "stopped", "gone")
    until(qt, lambda: window.deck.state not in ("stopping", "running"))
    assert "lit" not in {lamp.level for lamp in window.deck.lamps}
    until(qt, lambda: window.deck.state in ("report", "gone"))
    session = window.deck.session
    if window.deck.state == "report":  # confirmed in time: finished in order
        recorded = open_session(session)
        assert recorded.experiment["trigger"]["phase_deg"] == 45
        assert recorded.summary["stopped_by"] == "STOP"
        assert recorded.summary["pulses"]["fired"] >= window.deck.knowledge.pulses.verdicts["fired"] > 1
        until(qt, window.header.report.isVisible)
    assert dark_at_the_end(session)


def test_a_rig_that_hangs_is_killed_by_stop_and_its_session_recovered(qt, window):
    arm(qt, window)
    os.kill(window.deck._rig.child.pid, signal.SIGSTOP)  # nothing of it answers any more
    click(qt, window.header.stop)
    assert window.deck.state == "stopping"
    until(qt, lambda: window.deck.state != "stopping")
    assert window.deck.state == "gone"
    assert any(line.text == words.KILLED for line in window.deck.log.lines)
    window.turn()
    assert window.header.sentence.text() == words.GONE_BY_STOP
    assert window.header.recover.isVisible()
    click(qt, window.header.recover)
    until(qt, lambda: window.deck.state == "report")
    assert dark_at_the_end(window.deck.session)


def test_what_is_not_saved_is_asked_about_before_arm_and_before_the_window_goes(qt, window):
    page = window.experiment
    window.show_page(page)
    until(qt, lambda: page.settled)
    page.edits.put(("seed",), 5)
    click(qt, window.header.arm)
    assert window.deck.state == "idle"
    assert page.bar.question.text() == editor.ARM_UNSAVED.format(name="watched")
    window.close()
    assert window.isVisible()
    assert page.bar.question.text() == editor.LOSES_CLOSING.format(name="watched")
    click(qt, next(button for button in page.bar.answers if button.text() == editor.CLOSE_ANYWAY))
    assert not window.isVisible()


def test_red_stands_against_arm_and_says_why(qt, window, experiment):
    ready = mocked(load_experiment(experiment))
    assert kept.keep(Preflight("watched", "0", "real", (red("hum", "it hums", "ground it"),)), ready) is not None
    click(qt, window.header.arm)
    assert window.deck.state == "idle"
    for said in ("not armed", "hum: it hums", "ground it"):
        assert said in window.header.sentence.text()
    window.show_page(window.preflight)
    assert "RED" in window.preflight.headline.text()
    assert window.preflight.checks.table.item(0, 2).text() == "it hums"


def test_escape_ends_a_preflight(qt, window):
    click(qt, window.preflight.run)
    child = window.deck.preflight.pid
    assert window.page is window.preflight
    qt[2].keyClick(window.preflight.cancel, qt[1].Key_Escape)
    until(qt, lambda: window.deck.state == "idle")
    assert not alive(child)
    assert "stopped" in window.preflight.headline.text()
    assert window.header.arm.isEnabled()


def test_an_experiment_that_is_wrong_is_told_and_nothing_starts(qt, window, experiment):
    experiment.write_text("name: x\nconditions: []\n")
    click(qt, window.header.arm)
    assert window.deck.state == "idle"
    assert "conditions" in window.header.sentence.text()


def test_the_picture_has_its_size_and_is_not_blank(qt, desk, at_once):
    from pyqtgraph.Qt import QtGui
    from typer.testing import CliRunner

    result = CliRunner().invoke(
        app, ["gui", at_once.name, "--mock", "--screenshot", "window.png", "--seconds", "1", "--size", "1366x768", "--theme", "light"]
    )
    image = QtGui.QImage(str(desk / "window.png"))
    assert (image.width(), image.height()) == (1366, 768), result.output
    pixels = image.convertToFormat(QtGui.QImage.Format.Format_RGB32)
    raw = np.frombuffer(pixels.constBits().asarray(pixels.sizeInBytes()), np.uint32)
    assert len(np.unique(raw)) > 200
    assert result.exit_code in (0, 1)  # 1: light never ran on a busy machine, which the picture shows


def test_a_screenshot_that_cannot_be_written_is_one_sentence(application, desk, capfd):
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, ["gui", "nowhere.yaml", "--screenshot", "window.png"])
    assert result.exit_code == 2
    assert "nowhere.yaml" in capfd.readouterr().err


@pytest.mark.parametrize("size", ["large", "1x1", "1366x", "99999x99999"])
def test_a_size_that_is_none_is_one_sentence(size, capfd):
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, ["gui", "--mock", "--screenshot", "window.png", "--size", size])
    assert result.exit_code == 2
    said = capfd.readouterr().err
    assert "wanted WIDTHxHEIGHT" in said
    assert len(said.splitlines()) == 1

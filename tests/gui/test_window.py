"""The window in mock mode, with real clicks and keys: the way to light, the way to dark, and what it says when the rig dies."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest
from support.waiting import PATIENCE_S
from wavestim.controller.cli import app
from wavestim.controller.record.session import open_session
from wavestim.gui import words


@pytest.fixture
def qt(application):
    from pyqtgraph.Qt import QtCore, QtTest

    return application, QtCore.Qt, QtTest.QTest


@pytest.fixture
def window(qt, experiment):
    from wavestim.gui.deck import Deck
    from wavestim.gui.window import RigWindow

    window = RigWindow(Deck(), str(experiment), mock=True)
    window.resize(1366, 768)
    window.show()
    yield window
    window.deck.abandon()
    window.close()


def until(qt, condition):
    """Let the window live until the condition holds; how long that takes is nobody's business."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        qt[0].processEvents()
        qt[2].qWait(5)


def click(qt, button):
    assert button.isEnabled()
    qt[2].mouseClick(button, qt[1].LeftButton)


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


def show(qt, window, page):
    """By its key."""
    qt[2].keyClick(window, qt[1].Key_1 + window.pages.index(page), qt[1].ControlModifier)
    assert window.page is page


def settled(words):
    return bool(words) and "on its way" not in words


def by_hand_once(qt, window):
    """One pulse of one LED, from the other page; on a busy machine it may come too late, which is said."""
    show(qt, window, window.hands)
    manual = window.hands.manual
    until(qt, lambda: manual.take.isEnabled() or window.deck.state != "armed")
    if manual.take.isEnabled():
        click(qt, manual.take)
        click(qt, manual.fire)
        until(qt, lambda: settled(manual.outcome.text()) or window.deck.log.lines[-1].text.startswith("test:"))
    show(qt, window, window.live)
    assert not manual.overridden


def test_from_arm_to_report_with_stop_by_escape(qt, window, desk):
    assert window.deck.state == "idle"
    assert window.header.stop.isEnabled()
    arm(qt, window)
    by_hand_once(qt, window)
    assert not window.deck.knowledge.pulses.verdicts, "no light of the experiment before RUN"
    click(qt, window.header.run)
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
        assert recorded.summary["stopped_by"] == "STOP"
        assert recorded.summary["pulses"]["fired"] >= window.deck.knowledge.pulses.verdicts["fired"] > 1
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
    assert "THE RIG PROCESS IS GONE" in window.header.sentence.text()
    assert window.header.recover.isVisible()
    click(qt, window.header.recover)
    until(qt, lambda: window.deck.state == "report")
    assert dark_at_the_end(window.deck.session)


def test_an_experiment_that_is_wrong_is_told_and_nothing_starts(qt, window, experiment):
    experiment.write_text("name: x\nconditions: []\n")
    click(qt, window.header.arm)
    assert window.deck.state == "idle"
    assert "conditions" in window.header.sentence.text()


def test_the_picture_has_its_size_and_is_not_blank(qt, desk, experiment):
    from pyqtgraph.Qt import QtGui
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, ["gui", str(experiment), "--mock", "--screenshot", "window.png", "--seconds", "1"])
    image = QtGui.QImage(str(desk / "window.png"))
    assert (image.width(), image.height()) == (1600, 900), result.output
    pixels = image.convertToFormat(QtGui.QImage.Format.Format_RGB32)
    raw = np.frombuffer(pixels.constBits().asarray(pixels.sizeInBytes()), np.uint32)
    assert len(np.unique(raw)) > 200
    assert result.exit_code in (0, 1)  # 1: light never ran on a busy machine, which the picture shows


def test_a_screenshot_that_cannot_be_written_is_one_sentence(application, desk, capfd):
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, ["gui", "nowhere.yaml", "--screenshot", "window.png"])
    assert result.exit_code == 2
    assert "nowhere.yaml" in capfd.readouterr().err


def dark_at_the_end(session):
    """The last edge of every LED, as the mock board logged it, is off."""
    level = {}
    for line in (session / "edges.csv").read_text().splitlines()[1:]:
        _, led, value = line.split(",")
        level[led] = int(value)
    return not any(level.values())

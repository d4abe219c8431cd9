"""The deck on a session that only its messages make up: STOP, what is started and cannot be, and nothing old shown as new."""

from __future__ import annotations

import sys

import pytest
from support.fedwindow import FS_HZ, fed_deck
from support.waiting import until
from wavestim.gui import preflight, words
from wavestim.gui import rig as rigs
from wavestim.gui.deck import Deck
from wavestim.gui.rig import Child
from wavestim.gui.stop import CONFIRM_S


@pytest.fixture
def fed(tmp_path):
    """A deck that hears a session, whose clock is that of the session, and what was done to its rig process."""
    deck, link = fed_deck(tmp_path / "session", 4)
    link.done = []
    deck._rig.press_stop = lambda: link.done.append("byte") or True
    deck._rig.kill = lambda: link.done.append("killed")
    later(deck, link, 1.0)
    yield deck, link
    deck.close()


def later(deck, link, seconds):
    link.sample += round(seconds * FS_HZ)
    deck.turn()


@pytest.fixture
def window(application, fed):
    """On its deck; it turns when it is told to."""
    from wavestim.gui.window import RigWindow

    window = RigWindow(fed[0], "against-the-wave", mock=True)
    window._timer.stop()
    window.show()
    return window


def test_a_window_that_is_closed_while_stop_waits_stays_until_it_is_dark(window, fed):
    _, link = fed
    window.stop()
    window.close()
    assert window.isVisible(), "nobody else would kill a rig process that hangs"
    assert link.done == ["byte"]
    link.sample += round(1.1 * CONFIRM_S * FS_HZ)
    window.turn()
    assert link.done == ["byte", "killed"]
    window.turn()
    assert not window.isVisible()


def test_stop_while_the_rig_process_starts_is_no_failure(desk, experiment, monkeypatch):
    monkeypatch.setattr(rigs, "CLI", (sys.executable, "-c", "import signal; signal.pause()"))
    deck = Deck()
    deck.arm(str(experiment), mock=True)
    assert deck.state == "starting"
    deck.stop()
    deck.turn()
    assert deck.state == "ended"
    assert deck.sentence() == words.STATES["ended"]
    assert [(line.text, line.level) for line in deck.log.lines[-2:]] == [(words.PRESSED, "bad"), (words.STATES["ended"], "plain")]
    deck.arm(str(experiment), mock=True)
    assert deck.state == "starting", "another one may begin"
    deck.abandon()
    deck.close()


def test_a_rig_process_that_ends_by_itself_while_it_starts_has_failed_and_says_why(desk, experiment, monkeypatch):
    monkeypatch.setattr(rigs, "CLI", (sys.executable, "-c", "raise SystemExit('Error: no board')"))
    deck = Deck()
    deck.arm(str(experiment), mock=True)
    until(lambda: deck.trouble, deck.turn)
    assert deck.state == "failed"
    assert deck.sentence() == f"{words.STATES['failed']} Error: no board"
    deck.close()


def test_looks_do_not_change_while_a_session_is_open(application, window, fed):
    """All would be made anew, and STOP wait for it."""
    from pyqtgraph.Qt import QtCore, QtTest
    from wavestim.gui import theme

    deck, _ = fed
    window.activateWindow()
    application.processEvents()
    header, looks = window.header, (theme.chosen(), theme.scale())
    for key in (QtCore.Qt.Key_T, QtCore.Qt.Key_Plus, QtCore.Qt.Key_Minus):
        QtTest.QTest.keyClick(window, key, QtCore.Qt.ControlModifier)
    assert (window.header, theme.chosen(), theme.scale()) == (header, *looks)
    assert [line.times for line in deck.log.lines if line.text == words.LOOKS_LATER] == [3]
    window.close()


def test_a_rig_process_that_stop_killed_did_not_die_by_itself(fed):
    deck, link = fed
    deck.stop()
    later(deck, link, 1.1 * CONFIRM_S)
    deck._rig.alive = False
    later(deck, link, 0.1)
    assert deck.state == "gone"
    assert deck.sentence() == words.GONE_BY_STOP


@pytest.mark.parametrize("step", ["arm", "preflight"])
def test_what_cannot_be_started_is_a_sentence(desk, experiment, monkeypatch, step):
    def full(*arguments, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rigs, "Child", full)
    monkeypatch.setattr(preflight, "Child", full)
    deck = Deck()
    if step == "arm":
        deck.arm(str(experiment), mock=True)
    else:
        deck.try_rig(str(experiment), mock=True, flash=False, quick=True)
    assert deck.state == "idle"
    assert "No space left" in deck.sentence()
    deck.close()


def test_a_recovery_that_fails_says_why(fed, monkeypatch):
    deck, link = fed
    monkeypatch.setattr(rigs, "CLI", (sys.executable, "-c", "raise SystemExit('Error: no room')"))
    deck._rig.alive = False
    later(deck, link, 0.1)
    assert deck.state == "gone"
    deck.recover()
    until(lambda: deck.trouble, deck.turn)
    assert deck.state == "gone"
    assert "could not be recovered: Error: no room" in deck.sentence()


def test_a_child_that_is_over_is_not_killed_by_its_number(monkeypatch):
    monkeypatch.setattr(rigs, "CLI", (sys.executable, "-c", "pass"))
    child = Child()
    child.wait(60.0)
    monkeypatch.setattr(rigs.os, "kill", lambda *_: pytest.fail("that number may be anybody's by now"))
    child.kill()
    child.interrupt()
    child.close()

"""The deck on a session that only its messages make up: STOP, what is started and cannot be, and nothing old shown as new."""

from __future__ import annotations

import sys

import pytest
from support.fedwindow import FS_HZ, fed_deck
from support.waiting import until
from wavestim.gui import preflight
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


def test_a_window_that_is_closed_while_stop_waits_stays_until_it_is_dark(application, fed):
    from wavestim.gui.window import RigWindow

    deck, link = fed
    window = RigWindow(deck, "against-the-wave", mock=True)
    window._timer.stop()
    window.show()
    window.stop()
    window.close()
    assert window.isVisible(), "nobody else would kill a rig process that hangs"
    assert link.done == ["byte"]
    link.sample += round(1.1 * CONFIRM_S * FS_HZ)
    window.turn()
    assert link.done == ["byte", "killed"]
    window.turn()
    assert not window.isVisible()


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

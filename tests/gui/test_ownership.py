"""Two windows on one session: one has control, the other watches, says so, may take over, and may always stop."""

from __future__ import annotations

import pytest
from support.fedwindow import fed_deck
from support.waiting import until as wait_until
from wavestim.gui import words


@pytest.fixture
def decks(desk):
    from wavestim.gui.deck import Deck

    decks = Deck(), Deck()
    yield decks
    decks[0].abandon()
    for deck in decks:
        deck.close()


def until(decks, condition):
    """Let both live until it holds."""
    wait_until(condition, lambda: [deck.turn() for deck in decks])


def test_one_has_control_and_the_other_watches(application, experiment, decks):
    from wavestim.gui.window import RigWindow

    first, second = decks
    first.arm(str(experiment), mock=True)
    until(decks, lambda: first.controller and not first.watching)
    second.attach(first.session)
    until(decks, lambda: second.watching)
    assert "Watching: control is with the window on" in second.sentence()
    assert "Watching" not in first.sentence()
    window = RigWindow(second, str(experiment), mock=True)
    window.show()
    assert (window.header.arm.isEnabled(), window.header.run.isEnabled(), window.header.stop.isEnabled()) == (False, False, True)
    assert window.header.take.isVisible()
    window.header.take.click()
    until(decks, lambda: first.watching and second.controller and not second.watching)
    until(decks, lambda: any("no control any more" in line.text for line in first.log.lines))
    window.turn()
    assert not window.header.take.isVisible()
    first.stop()
    until(decks, lambda: second.state in ("stopped", "report", "gone"))
    assert any(line.text == words.PRESSED for line in first.log.lines)
    window.close()


def test_nobody_has_control_of_a_rig_that_is_gone(application, tmp_path):
    deck, link = fed_deck(tmp_path / "session", 2)
    link.in_control = False
    try:
        link.sample = 1000
        deck.turn()
        deck.turn()
        assert deck.watching
        deck.knowledge.ended = "STOP"
        assert not deck.watching, "nothing is left to be controlled"
        deck.knowledge.ended = None
        deck._rig.alive = False
        assert not deck.watching
        assert deck.controller == ""
    finally:
        deck.close()

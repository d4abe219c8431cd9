"""A rig process that hangs with the GIL held, or is killed: dark at once, by the log and the clock of the board, and the window says so."""

from __future__ import annotations

import pytest
from support.stopping import killed, stop_while_hung
from wavestim.gui import words

DARK_MS = 300.0
"""Three times the board's timeout: a heartbeat that the loop began before the moment, one that the board reads late, and its silence."""


@pytest.fixture
def deck(desk):
    from wavestim.gui.deck import Deck

    deck = Deck()
    yield deck
    deck.abandon()
    deck.close()


def test_stop_makes_dark_though_no_python_of_the_rig_runs(deck, desk, monkeypatch):
    ended = stop_while_hung(deck, desk, monkeypatch)
    assert ended.dark
    assert ended.last_edge_ms <= DARK_MS
    assert any(line.text == words.KILLED for line in deck.log.lines)
    assert ended.state == "gone"


def test_a_killed_rig_is_told_and_dark(deck, desk, monkeypatch):
    ended = killed(deck, desk, monkeypatch)
    assert ended.dark
    assert ended.last_edge_ms <= DARK_MS
    assert "THE RIG PROCESS IS GONE" in deck.sentence()

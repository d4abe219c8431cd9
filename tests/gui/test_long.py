"""A window that watches for long does not grow: the same as ``scripts/soak_window.py``, for some minutes of a session."""

from __future__ import annotations

from support.fedwindow import fed_deck, weigh

HOURS, FRAME_S, EVERY_H = 0.05, 2.0, 0.00625
SETTLED = 3
MOST_PIECES = 2000
"""Of memory that Python holds: one for each tick would be 4500; lines of the log and rows of the trends, which have their ends, are 700."""
MOST_BYTES = 4_000_000
"""Samples that were kept would be 6 MB."""


def test_memory_is_flat(application, tmp_path):
    from wavestim.gui.window import RigWindow

    deck, link = fed_deck(tmp_path / "session", 4)
    window = RigWindow(deck, "against-the-wave", mock=True)
    window._timer.stop()
    window.resize(1366, 768)
    window.show()
    weighed = list(weigh(window, link, HOURS, FRAME_S, EVERY_H))[SETTLED:]
    assert deck.knowledge.pulses.verdicts.total() > 500, "it has lived"
    assert weighed[-1].pieces - weighed[0].pieces <= MOST_PIECES
    assert weighed[-1].bytes - weighed[0].bytes <= MOST_BYTES
    window.close()

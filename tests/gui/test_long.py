"""A window that watches for long does not grow: the same as ``scripts/soak_window.py``, for some minutes of a session."""

from __future__ import annotations

from support.fedwindow import fed_deck, weigh

HOURS, FRAME_S, EVERY_H = 0.05, 2.0, 0.00625
SETTLED = 3
MOST = 1.05


def test_memory_and_objects_are_flat(application, tmp_path):
    from wavestim.gui.window import RigWindow

    deck, link = fed_deck(tmp_path / "session", 4)
    window = RigWindow(deck, "against-the-wave", mock=True)
    window._timer.stop()
    window.resize(1366, 768)
    window.show()
    weighed = list(weigh(window, link, HOURS, FRAME_S, EVERY_H))[SETTLED:]
    assert deck.knowledge.pulses.verdicts.total() > 500, "it has lived"
    assert weighed[-1].objects <= MOST * weighed[0].objects
    assert weighed[-1].bytes <= MOST * weighed[0].bytes
    window.close()

"""The replay page with real clicks and keys: scrub, step, play, jump, and what is said of what cannot be opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.waiting import until as wait_until
from wavestim.controller.record.session import open_session
from wavestim.gui.words import replay as words


@pytest.fixture
def qt(application):
    from pyqtgraph.Qt import QtCore, QtTest

    return application, QtCore.Qt, QtTest.QTest


@pytest.fixture
def window(qt, desk):
    from wavestim.gui.deck import Deck
    from wavestim.gui.window import RigWindow

    window = RigWindow(Deck(), "against-the-wave", mock=True)
    window.resize(1366, 768)
    window.show()
    window.activateWindow()
    yield window
    window.close()


def until(qt, condition):
    """Let the window live until the condition holds; how long that takes is nobody's business."""
    wait_until(condition, lambda: qt[2].qWait(5))


def opened(qt, window, path):
    window.replay_past(str(path))
    desk = window.replay.desk
    until(qt, lambda: desk.state == "refused" or (desk.progress.get("done") and desk.settled))
    window.turn()
    return desk


def said(panel):
    return panel._text.toPlainText()


def test_a_session_is_looked_through_with_keys_and_mouse(qt, window, past):
    _, key, test = qt
    page = window.replay
    qt[0].setActiveWindow(window)
    until(qt, lambda: qt[0].activeWindow() is window)
    test.keyClick(window, key.Key_1 + window.pages.index(window.replay), key.ControlModifier)
    assert window.page is page
    assert not page.play.isEnabled(), "nothing is open"
    desk = opened(qt, window, past)
    session = open_session(past)
    assert f"all {len(session.decisions)} decisions made again, bit for bit" in page.sentence.text()
    pulses = sorted(float(-(-p // 1)) for p in session.pulses["fire_sample"])

    def at(sample):
        until(qt, lambda: desk.settled and desk.moment["sample"] == sample)
        window.turn()
        return desk.moment

    for n, keys in enumerate(((key.Key_Period,), (key.Key_Right, key.ControlModifier), (key.Key_Period,))):
        test.keyClick(window, *keys)
        moment = at(pulses[n])
        assert moment["pulse"]["number"] >= n + 1
    assert len(page.traces.curve.getData()[0]), "the samples around it are drawn"
    assert page.phase.says.text().endswith(f", {desk.knowledge.phases.of('known', '').total}")
    moment, pulse, around = (said(panel) for panel in page._told)
    assert "the truth" in moment
    assert words.HOW["simulation"] in moment
    assert "phase as forecast" in pulse
    assert words.NOW in around
    for keys, sample in (
        ((key.Key_Comma,), pulses[1]),
        ((key.Key_Left, key.ControlModifier), pulses[0]),
        ((key.Key_Right,), pulses[0] + 10),
        ((key.Key_Left,), pulses[0]),
        ((key.Key_End,), 6999.0),
        ((key.Key_Home,), 0.0),
    ):
        test.keyClick(window, *keys)
        at(sample)
    assert words.UNDETERMINED in said(page._told[0]), "the model has learned nothing yet"
    test.mouseClick(page.scrub, key.LeftButton, pos=page.scrub.rect().center())
    at(desk.player.at)
    assert abs(desk.player.at - 3500) < 20
    test.keyClick(window, key.Key_G, key.ControlModifier)
    until(qt, page.at.hasFocus)
    test.keyClicks(page.at, "0:05.5")
    test.keyClick(page.at, key.Key_Return)
    at(5500.0)
    test.keyClick(window, key.Key_BracketRight)
    assert page.desk.player.speed == 2
    test.keyClick(window, key.Key_Space)
    until(qt, lambda: desk.player.at > 5600)
    assert page.play.text() == words.HOLD
    test.mouseClick(page.play, key.LeftButton)
    assert not desk.player.playing
    at(desk.player.at)
    assert desk.knowledge.last_sample == int(desk.player.at)
    assert window.grab().toImage().width() == 1366


def test_what_cannot_be_opened_is_a_sentence_and_the_window_lives_on(qt, window, past, tmp_path):
    nothing = tmp_path / "nothing.npz"
    nothing.write_bytes(b"PK")
    desk = opened(qt, window, nothing)
    assert desk.state == "refused"
    assert "damaged" in window.replay.sentence.text()
    assert not window.replay.play.isEnabled()
    assert opened(qt, window, past).state == "open"


@pytest.mark.parametrize("asks", ["open_session", "open_recording"])
def test_while_a_past_is_chosen_stop_is_a_click_and_escape_away(qt, window, past, monkeypatch, asks):
    _, key, test = qt
    pressed = []
    monkeypatch.setattr(window.deck, "stop", lambda: pressed.append("STOP"))
    window.show_page(window.replay)
    test.mouseClick(getattr(window.replay, asks), key.LeftButton)
    dialog = window.replay.dialog
    assert dialog.isVisible()
    assert not dialog.isModal()
    test.keyClick(dialog, key.Key_Escape)
    test.mouseClick(window.header.stop, key.LeftButton)
    assert pressed == ["STOP", "STOP"]
    assert dialog.isVisible(), "Esc is STOP and nothing else"
    dialog.fileSelected.emit(str(past))
    dialog.close()
    until(qt, lambda: window.replay.desk.state in ("open", "refused"))
    assert (window.replay.desk.state, window.replay.desk.path) == ("open", str(past))


def test_a_process_that_is_killed_is_told_and_stop_is_still_there(qt, window, past):
    desk = opened(qt, window, past)
    answers = desk._answers
    answers._process.kill()
    until(qt, lambda: desk.state == "refused")
    window.turn()
    assert window.replay.sentence.text() == words.ENDED
    assert window.header.stop.isEnabled()
    window.close()
    assert not Path(answers._scratch).exists(), "nothing is left behind"


def test_a_session_that_was_broken_off_offers_recover(qt, window, past, tmp_path):
    import shutil
    import sqlite3

    dead = tmp_path / "dead"
    shutil.copytree(past, dead)
    with sqlite3.connect(dead / "journal.sqlite") as db:
        db.execute("DELETE FROM meta WHERE key = 'ended'")
    db.close()
    desk = opened(qt, window, dead)
    assert window.replay.recover.isVisible()
    assert "broken off" in window.replay.sentence.text()
    qt[2].mouseClick(window.replay.recover, qt[1].LeftButton)
    assert desk.state == "recovering"
    until(qt, lambda: desk.state == "open" and desk.progress.get("done"))
    assert desk.opened["kind"] == "finished"
    assert (dead / "report.html").is_file()


def test_a_picture_of_a_replay(application, desk, past):
    from pyqtgraph.Qt import QtGui
    from wavestim.gui.__main__ import main

    assert main(["--replay", str(past), "--screenshot", "replay.png", "--seconds", "4"]) == 0
    image = QtGui.QImage(str(desk / "replay.png"))
    assert (image.width(), image.height()) == (1600, 900)
    assert main(["--replay", str(desk / "none"), "--screenshot", "replay.png"]) != 0

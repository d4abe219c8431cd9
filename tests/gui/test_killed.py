"""Killed with SIGKILL: the window leaves the session unbroken, and another one knows its whole history; the rig leaves the light dark."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from support.lightedges import dark_at_the_end
from support.waiting import until
from wavestim.controller.errors import WavestimError
from wavestim.controller.live.rendezvous import running
from wavestim.controller.offspring import environment
from wavestim.controller.record.records import CAME
from wavestim.controller.record.tail import rows_from
from wavestim.gui import words
from wavestim.gui.kinds import goes_one_way
from wavestim.gui.phasebook import ALL
from wavestim.gui.words import codes

WINDOW = """
import sys
from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import theme
from wavestim.gui.deck import Deck
from wavestim.gui.window import RigWindow
application = QtWidgets.QApplication(["wavestim"])
theme.apply(application)
window = RigWindow(Deck(), sys.argv[1], mock=True)
window.show()
window.arm()
print(window.deck.session.absolute(), flush=True)
clock = QtCore.QTimer()
clock.timeout.connect(window.header.run.click)  # it can be pressed once the light is armed
clock.start(50)
application.exec()
"""


def read(session: Path, table: str) -> list[dict]:
    try:
        return rows_from(session, table, 0, 100_000)
    except WavestimError:
        return []


@pytest.fixture
def session(application, at_once):
    """The folder of a session that runs, whose window was killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", WINDOW, str(at_once)],
        stdout=subprocess.PIPE,
        text=True,
        env={**environment(), "QT_QPA_PLATFORM": "offscreen"},
    )
    try:
        with process, process.stdout as said:
            folder = Path(said.readline().strip())
            try:
                until(lambda: len(read(folder, "pulses")) > 5 or any(row["kind"] == "disarmed" for row in read(folder, "markers")))
            finally:
                process.kill()
        if len(read(folder, "pulses")) <= 5:
            pytest.skip("the machine was too busy: the session stalled and disarmed itself")
        yield folder
    finally:
        for meeting in running():
            os.kill(meeting.about.pid, signal.SIGKILL)


@pytest.fixture
def window(application, session, experiment):
    from wavestim.gui.deck import Deck
    from wavestim.gui.window import RigWindow

    deck = Deck()
    deck.attach(session)
    window = RigWindow(deck, str(experiment), mock=True)
    window.show()
    yield window
    deck.abandon()
    window.close()


def test_another_window_knows_all_and_says_when_the_rig_is_killed(application, session, window):
    deck, before = window.deck, len(read(session, "pulses"))

    def turned(condition):
        def look():
            application.processEvents()
            return condition()

        until(look)

    turned(lambda: deck.knowledge is not None and deck.knowledge.complete and deck.knowledge.pulses.verdicts.total() > before + 3)
    assert deck.state in ("running", "paused")
    assert deck.knowledge.log.only("events")[1].text == "armed", "what was before the window"
    agrees(deck.knowledge, session)

    pid = deck.knowledge.facts.about.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: not deck._rig.alive)
    window.turn()  # the next frame
    assert deck.state == "gone"
    assert words.STATES["gone"] in window.header.sentence.text()
    assert {lamp.level for lamp in deck.lamps} == {"off"}
    assert window.header.recover.isEnabled()
    turned(lambda: deck.knowledge.complete)
    turned(lambda: dark_at_the_end(session))


def agrees(known, session: Path) -> None:
    """What the window knows is what the journal says, row by row as far as the window has come; it hears some before they are committed."""
    until(lambda: all(len(read(session, table)) >= stream.next for table, stream in known.streams.items()))
    decisions, pulses, markers, waves = (read(session, table)[: stream.next] for table, stream in known.streams.items())
    assert known.pulses.verdicts == Counter(row["verdict"] for row in pulses)
    assert known.pulses.vetoes == Counter(row["verdict"] for row in decisions if row["verdict"] != "scheduled")
    assert known.pulses.conditions == Counter(row["condition"] for row in pulses if row["verdict"] in CAME)
    assert known.pulses.directions.total == sum(row["verdict"] == "scheduled" and goes_one_way(row["wave_kind"]) for row in decisions)
    assert known.pulses.latency.total == len(pulses)
    assert known.phases.of("known", ALL).total == sum(row["decision"] >= 0 for row in waves)
    steady = [row["sample"] / known.fs_hz for row in waves if row["decision"] < 0]
    assert known.trends.view()[:, 0].tolist() == steady[-600:]
    told = Counter(line.text for line in known.log.only("events"))
    assert all(told[codes.marker(row["kind"], row["text"])] for row in markers)

"""The rig window: puts the widgets together, and hands clicks and keys to the deck."""

from __future__ import annotations

from pathlib import Path

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.controller.experiment import example_names
from wavestim.gui import words
from wavestim.gui.deck import ALARMING, OVER, STEP, Deck
from wavestim.gui.widgets.header import Header
from wavestim.gui.widgets.keys import KeysDialog
from wavestim.gui.widgets.latency import Latency
from wavestim.gui.widgets.log import Log
from wavestim.gui.widgets.phasehist import PhaseAtLight
from wavestim.gui.widgets.probemap import ProbeMap
from wavestim.gui.widgets.progress import Progress
from wavestim.gui.widgets.rose import DirectionRose
from wavestim.gui.widgets.traces import Traces
from wavestim.gui.widgets.trends import Trends

FRAME_MS = 33
SLOW_FRAMES = 6
"""What changes slowly is drawn in every sixth frame."""


class RigWindow(QtWidgets.QWidget):  # type: ignore[misc]
    """See the module.

    Parameters
    ----------
    deck : Deck
    experiment : what is chosen at the beginning.
    mock : sessions are started on the mock rig.
    """

    def __init__(self, deck: Deck, experiment: str, *, mock: bool) -> None:
        super().__init__()
        self.deck, self._mock = deck, mock
        self.setWindowTitle(f"{words.TITLE} · {words.MOCK}" if mock else words.TITLE)
        self.header = Header(dict.fromkeys([experiment, *example_names()]))
        self.map, self.traces = ProbeMap(), Traces()
        self.rose, self.phase = DirectionRose(), PhaseAtLight()
        self.trends, self.latency, self.progress, self.log = Trends(), Latency(), Progress(), Log()
        self._fast, self._slow = (self.map, self.traces), (self.rose, self.phase, self.trends, self.latency, self.progress)
        self._keys: KeysDialog | None = None
        self._known: object = None
        self._frame, self._held = 0, False
        self._lay_out()
        self._connect()
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.turn)
        self._timer.start(FRAME_MS)
        self.turn()

    def turn(self) -> None:
        """One frame."""
        self.deck.turn()
        knowledge = self.deck.knowledge
        self._show_state()
        if knowledge is not None:
            if knowledge is not self._known:
                self._known = knowledge
                for widget in (*self._fast, *self._slow):
                    widget.begin(knowledge.facts)
            if not self._held:
                slow = self._slow if self._frame % SLOW_FRAMES == 0 else ()
                for widget in (*self._fast, *slow):
                    widget.show_now(knowledge)
        if self._frame % SLOW_FRAMES == 0:
            self.log.show_log(self.deck.log)
        self._frame += 1

    def arm(self) -> None:
        """The first step, with the experiment that is chosen."""
        self.deck.arm(self.header.chosen, mock=self._mock)
        self.turn()

    def stop(self) -> None:
        """STOP."""
        self.deck.stop()
        self.turn()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802 - Qt's name
        """Esc is STOP wherever the focus is, in every dialogue too, which it does not close."""
        if event.type() == QtCore.QEvent.Type.KeyPress and event.key() == QtCore.Qt.Key.Key_Escape:
            self.stop()
            return True
        return False

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """The session goes on."""
        self._timer.stop()
        QtWidgets.QApplication.instance().removeEventFilter(self)
        self.deck.close()
        event.accept()

    def show_keys(self) -> None:
        """F12."""
        self._keys = self._keys or KeysDialog(self)
        self._keys.show()
        self._keys.raise_()

    def hold_view(self) -> None:
        """Space: what is drawn stands still; state, lamps and log go on."""
        self._held = not self._held

    def _show_state(self) -> None:
        state, header, knowledge = self.deck.state, self.header, self.deck.knowledge
        header.show_step(STEP[state], self.deck.sentence() + (f"   {words.HELD_VIEW}" if self._held else ""), state in ALARMING)
        header.arm.setEnabled(state in OVER)
        header.run.setEnabled(state == "armed")
        header.recover.setVisible(state in ("gone", "recovering"))
        header.recover.setEnabled(state == "gone")
        header.report.setVisible(state == "report")
        for choice in (header.experiment, header.open):
            choice.setEnabled(state in OVER)
        header.show_lamps(self.deck.lamps)
        if knowledge is not None:
            about = knowledge.facts.about
            header.clock.setText(words.clock(float(knowledge.status.get("seconds") or 0)))
            header.what.setText(words.what(about.name, knowledge.facts.subject, Path(about.session).name, self._mock))

    def _open(self) -> None:
        path, _ = QtWidgets.QFileDialog.getOpenFileName(self, words.OPEN, "", words.YAML_FILES)
        if path:
            self.header.offer(path, first=True)

    def _open_report(self) -> None:
        if self.deck.report is not None:
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(self.deck.report)))

    def _connect(self) -> None:
        header = self.header
        for button, do in (
            (header.arm, self.arm),
            (header.run, self.deck.run),
            (header.stop, self.stop),
            (header.recover, self.deck.recover),
            (header.report, self._open_report),
            (header.open, self._open),
        ):
            button.clicked.connect(lambda _=False, do=do: do())
        for keys, do in (
            ("Ctrl+Shift+A", self.arm),
            ("Ctrl+R", self.deck.run),
            ("Space", self.hold_view),
            ("Ctrl+O", lambda: header.open.click()),
            ("F12", self.show_keys),
            ("Ctrl+Q", self.close),
        ):
            shortcut = QtWidgets.QShortcut(QtGui.QKeySequence(keys), self)
            shortcut.setContext(QtCore.Qt.ShortcutContext.ApplicationShortcut)
            shortcut.activated.connect(do)
        QtWidgets.QApplication.instance().installEventFilter(self)

    def _lay_out(self) -> None:
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(8, 8, 8, 8)
        rows.setSpacing(6)
        rows.addWidget(self.header)
        grid = QtWidgets.QGridLayout()
        grid.setSpacing(6)
        for widget, row, column, height, width in (
            (self.map, 0, 0, 2, 1),
            (self.rose, 0, 1, 2, 1),
            (self.phase, 0, 2, 2, 1),
            (self.progress, 0, 3, 1, 1),
            (self.log, 1, 3, 2, 1),
            (self.traces, 2, 0, 2, 2),
            (self.trends, 2, 2, 2, 1),
            (self.latency, 3, 3, 1, 1),
        ):
            widget.setMinimumSize(200, 110)
            grid.addWidget(widget, row, column, height, width)
        for column, stretch in enumerate((5, 4, 4, 5)):
            grid.setColumnStretch(column, stretch)
        for row, stretch in enumerate((3, 3, 3, 3)):
            grid.setRowStretch(row, stretch)
        rows.addLayout(grid, 1)

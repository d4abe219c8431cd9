"""The rig window: the header above the page that is shown; hands clicks and keys to the deck."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.controller.experiment import example_names
from wavestim.gui import words
from wavestim.gui.deck import ALARMING, OVER, STEP, Deck
from wavestim.gui.pages.live import LivePage
from wavestim.gui.pages.page import Page
from wavestim.gui.pages.replay import ReplayPage
from wavestim.gui.replay.desk import ReplayDesk
from wavestim.gui.widgets.header import Header
from wavestim.gui.widgets.keys import KeysDialog

FRAME_MS = 33


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
        self.live = LivePage(deck)
        self.replay = ReplayPage(ReplayDesk(), lambda: self.header.chosen)
        self.pages: tuple[Page, ...] = (self.live, self.replay)
        self._stack, self._tabs = QtWidgets.QStackedWidget(), QtWidgets.QTabBar()
        for page in self.pages:
            self._stack.addWidget(page)
            self._tabs.addTab(page.title)
        self._keys: KeysDialog | None = None
        self._frame = 0
        self._lay_out()
        self._connect()
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.turn)
        self._timer.start(FRAME_MS)
        self.turn()

    def turn(self) -> None:
        """One frame."""
        self.deck.turn()
        self._show_state()
        self.page.turn(self._frame)
        self._frame += 1

    @property
    def page(self) -> Page:
        """The one that is shown."""
        shown: Page = self._stack.currentWidget()
        return shown

    def show_page(self, page: Page) -> None:
        """Another page, unless the one that is shown would lose something."""
        if page is not self.page and self.page.leave():
            self._stack.setCurrentWidget(page)
            page.turn(0)
        self._tabs.setCurrentIndex(self._stack.currentIndex())

    def replay_past(self, path: str) -> None:
        """Look back at a session or a recording."""
        self.show_page(self.replay)
        self.replay.open(path)

    def arm(self) -> None:
        """The first step, with the experiment that is chosen."""
        self.deck.arm(self.header.chosen, mock=self._mock)
        self.show_page(self.live)
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
        self.replay.desk.close()
        event.accept()

    def show_keys(self) -> None:
        """F12."""
        self._keys = self._keys or KeysDialog(self)
        self._keys.show()
        self._keys.raise_()

    def hold_view(self) -> None:
        """Space: what is drawn stands still; state, lamps and log go on."""
        self.page.hold()

    def _show_state(self) -> None:
        state, header, knowledge = self.deck.state, self.header, self.deck.knowledge
        header.show_step(STEP[state], self.deck.sentence() + (f"   {words.HELD_VIEW}" if self.live.held else ""), state in ALARMING)
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
            self._shortcut(keys, do)
        for number, page in enumerate(self.pages, 1):
            self._shortcut(f"Ctrl+{number}", partial(self.show_page, page))
        self._tabs.currentChanged.connect(lambda at: self.show_page(self.pages[at]))
        QtWidgets.QApplication.instance().installEventFilter(self)

    def _shortcut(self, keys: str, do: Callable[[], object]) -> None:
        shortcut = QtWidgets.QShortcut(QtGui.QKeySequence(keys), self)
        shortcut.setContext(QtCore.Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(do)

    def _lay_out(self) -> None:
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(8, 8, 8, 8)
        rows.setSpacing(6)
        rows.addWidget(self.header)
        self._tabs.setObjectName("tabs")
        self._tabs.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        self._tabs.setVisible(len(self.pages) > 1)
        rows.addWidget(self._tabs)
        rows.addWidget(self._stack, 1)

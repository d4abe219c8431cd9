"""The rig window: the header above the page that is shown; hands clicks and keys to the deck."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.controller.experiment import example_names
from wavestim.gui import words
from wavestim.gui.deck import ALARMING, OVER, STEP, Deck
from wavestim.gui.pages.experiment import ExperimentPage
from wavestim.gui.pages.live import LivePage
from wavestim.gui.pages.page import Page
from wavestim.gui.pages.preflight import PreflightPage
from wavestim.gui.widgets.header import Header
from wavestim.gui.widgets.keys import KeysDialog
from wavestim.gui.words import editor

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
        self.experiment = ExperimentPage(deck)
        self.preflight = PreflightPage(deck, lambda: self.header.chosen, mock=mock)
        self.pages: tuple[Page, ...] = (self.experiment, self.preflight, self.live)
        self._stack, self._tabs = QtWidgets.QStackedWidget(), QtWidgets.QTabBar()
        for page in self.pages:
            self._stack.addWidget(page)
            self._tabs.addTab(page.title)
        self._stack.setCurrentWidget(self.live)
        self._tabs.setCurrentIndex(self.pages.index(self.live))
        self._keys: KeysDialog | None = None
        self._frame = 0
        self._closing = False
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
            self._hold.setEnabled(page is self.live)  # elsewhere the space bar presses buttons
            page.turn(0)
        self._tabs.setCurrentIndex(self._stack.currentIndex())

    def arm(self) -> None:
        """The first step, with the experiment that is chosen; what is not saved is asked about first."""
        if self.experiment.unsaved:
            self.ask_unsaved(editor.ARM_UNSAVED)
            return
        self.deck.arm(self.header.chosen, mock=self._mock)
        self.show_page(self.live)
        self.turn()

    def try_rig(self) -> None:
        """The step before it: a preflight."""
        if self.experiment.unsaved:
            self.ask_unsaved(editor.PREFLIGHT_UNSAVED)
            return
        self.show_page(self.preflight)
        self.preflight.start()
        self.turn()

    def ask_unsaved(self, question: str) -> None:
        """On its page, what is to become of the experiment that is not saved."""
        self.show_page(self.experiment)
        self.experiment.ask_before(question, self.experiment.discard)

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
        """The session goes on; an experiment that is not saved is asked about first."""
        if self.experiment.unsaved and not self._closing:
            event.ignore()
            self.show_page(self.experiment)
            self.experiment.ask_before(editor.LOSES_CLOSING, self._close_anyway, editor.CLOSE_ANYWAY)
            return
        self._timer.stop()
        self.experiment.close_down()
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
        self.live.held = not self.live.held

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
        self.show_page(self.experiment)
        self.experiment.choose_file()

    def _on_experiment(self, do: Callable[[], object]) -> Callable[[], None]:
        """What a key does on the page of the experiment, wherever it was pressed."""

        def done() -> None:
            self.show_page(self.experiment)
            do()

        return done

    def _close_anyway(self) -> None:
        self._closing = True
        self.close()

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
            ("Ctrl+P", self.try_rig),
            ("Ctrl+N", self._on_experiment(self.experiment.new)),
            ("Ctrl+O", lambda: header.open.click()),
            ("Ctrl+S", self._on_experiment(self.experiment.save)),
            ("Ctrl+Shift+S", self._on_experiment(self.experiment.save_as)),
            ("F12", self.show_keys),
            ("Ctrl+Q", self.close),
        ):
            self._shortcut(keys, do)
        self._hold = self._shortcut("Space", self.hold_view)
        for number, page in enumerate(self.pages, 1):
            self._shortcut(f"Ctrl+{number}", partial(self.show_page, page))
        self._hold.setEnabled(self.page is self.live)
        header.experiment.currentIndexChanged.connect(lambda _: self.experiment.follow(header.chosen))
        self.experiment.saved.connect(header.choose)
        self.experiment.follow(header.chosen)
        self.preflight.run.clicked.connect(lambda: self.try_rig())
        self._tabs.currentChanged.connect(lambda at: self.show_page(self.pages[at]))
        QtWidgets.QApplication.instance().installEventFilter(self)

    def _shortcut(self, keys: str, do: Callable[[], object]) -> QtWidgets.QShortcut:
        shortcut = QtWidgets.QShortcut(QtGui.QKeySequence(keys), self)
        shortcut.setContext(QtCore.Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(do)
        return shortcut

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

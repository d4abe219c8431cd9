"""The rig window: the header above the page that is shown; hands clicks and keys to the deck."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.controller.experiment import example_names
from wavestim.gui import theme, words
from wavestim.gui.deck import ALARMING, OVER, STEP, Deck
from wavestim.gui.pages.live import LivePage
from wavestim.gui.pages.page import Page
from wavestim.gui.palettes import THEMES
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
        self._keys: KeysDialog | None = None
        self._frame = 0
        self._all = QtWidgets.QVBoxLayout(self)
        self._all.setContentsMargins(0, 0, 0, 0)
        self._content: QtWidgets.QWidget | None = None
        self._build(list(dict.fromkeys([experiment, *example_names()])))
        self._add_shortcuts()
        QtWidgets.QApplication.instance().installEventFilter(self)
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

    def show_page_at(self, at: int) -> None:
        """Another page, by its place."""
        self.show_page(self.pages[at])

    def arm(self) -> None:
        """The first step, with the experiment that is chosen."""
        self.deck.arm(self.header.chosen, mock=self._mock)
        self.show_page(self.live)
        self.turn()

    def stop(self) -> None:
        """STOP."""
        self.deck.stop()
        self.turn()

    def change_theme(self) -> None:
        """The other theme, unless a page would lose something."""
        names = list(THEMES)
        self.choose_theme(names[(names.index(theme.chosen()) + 1) % len(names)], theme.scale())

    def choose_theme(self, name: str, scale: float) -> None:
        """A theme and a size of text: all that is shown is made anew from the deck; the session notices nothing."""
        if not all(page.leave() for page in self.pages):
            return
        theme.choose(name, scale)
        theme.apply(QtWidgets.QApplication.instance())
        header, at, held = self.header, self._stack.currentIndex(), self.live.held
        self._build(header.offered, chosen=header.experiment.currentIndex())
        self.live.held = held
        self.show_page_at(at)
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
        path, _ = QtWidgets.QFileDialog.getOpenFileName(self, words.OPEN, "", words.YAML_FILES)
        if path:
            self.header.offer(path, first=True)

    def _open_report(self) -> None:
        if self.deck.report is not None:
            QtGui.QDesktopServices.openUrl(QtCore.QUrl.fromLocalFile(str(self.deck.report)))

    def _build(self, experiments: list[str], chosen: int = 0) -> None:
        """All that is shown, in the theme that is chosen; what was shown before goes."""
        if self._content is not None:
            self._content.hide()
            self._all.removeWidget(self._content)
            self._content.deleteLater()
        if self._keys is not None:
            self._keys.close()
            self._keys = None
        self._content = QtWidgets.QWidget()
        self.header = Header(experiments)
        self.header.experiment.setCurrentIndex(chosen)
        self.live = LivePage(self.deck)
        self.pages: tuple[Page, ...] = (self.live,)
        self._stack, self._tabs = QtWidgets.QStackedWidget(), QtWidgets.QTabBar()
        for page in self.pages:
            self._stack.addWidget(page)
            self._tabs.addTab(page.title)
        self._lay_out(self._content)
        self._connect()
        self._all.addWidget(self._content)

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
        self._tabs.currentChanged.connect(self.show_page_at)

    def _add_shortcuts(self) -> None:
        for keys, do in (
            ("Ctrl+Shift+A", self.arm),
            ("Ctrl+R", self.deck.run),
            ("Space", self.hold_view),
            ("Ctrl+O", lambda: self.header.open.click()),
            ("Ctrl+T", self.change_theme),
            ("F12", self.show_keys),
            ("Ctrl+Q", self.close),
        ):
            self._shortcut(keys, do)
        for at in range(len(self.pages)):
            self._shortcut(f"Ctrl+{at + 1}", partial(self.show_page_at, at))

    def _shortcut(self, keys: str, do: Callable[[], object]) -> None:
        shortcut = QtWidgets.QShortcut(QtGui.QKeySequence(keys), self)
        shortcut.setContext(QtCore.Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(do)

    def _lay_out(self, content: QtWidgets.QWidget) -> None:
        rows = QtWidgets.QVBoxLayout(content)
        rows.setContentsMargins(8, 8, 8, 8)
        rows.setSpacing(6)
        rows.addWidget(self.header)
        self._tabs.setObjectName("tabs")
        self._tabs.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        self._tabs.setVisible(len(self.pages) > 1)
        rows.addWidget(self._tabs)
        rows.addWidget(self._stack, 1)

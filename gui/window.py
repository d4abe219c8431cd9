"""The rig window: the header above the page that is shown; hands clicks and keys to the deck."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.controller.experiment import example_names
from wavestim.gui import theme, words
from wavestim.gui.deck import Deck
from wavestim.gui.pages.experiment import ExperimentPage
from wavestim.gui.pages.hands import HandsPage
from wavestim.gui.pages.live import LivePage
from wavestim.gui.pages.page import Page
from wavestim.gui.pages.preflight import PreflightPage
from wavestim.gui.pages.replay import ReplayPage
from wavestim.gui.palettes import THEMES, Name
from wavestim.gui.remembered import Remembered, read, write
from wavestim.gui.replay.desk import ReplayDesk
from wavestim.gui.steps import OVER
from wavestim.gui.widgets.header import Header
from wavestim.gui.widgets.keys import KeysDialog, bind
from wavestim.gui.widgets.pagestack import PageStack
from wavestim.gui.words import editor, keys

FRAME_MS = 32
"""31 frames a second: what is late now and then leaves 30."""
LARGER = 1.1
"""By so much, with every press of the key."""


class RigWindow(QtWidgets.QWidget):
    """See the module.

    Parameters
    ----------
    deck : Deck
    experiment : what is chosen at the beginning.
    mock : sessions are started on the mock rig.
    memory : the file in which it keeps how it looked; None: it forgets.
    """

    def __init__(self, deck: Deck, experiment: str, *, mock: bool, memory: Path | None = None) -> None:
        super().__init__()
        self.deck, self._mock, self._memory = deck, mock, memory
        self.setWindowTitle(f"{words.TITLE} · {words.MOCK}" if mock else words.TITLE)
        self._keys: KeysDialog | None = None
        self._past = ReplayDesk()
        self._frame = 0
        self._closing = self._leaves = False
        """What is not saved may be lost; it closes as soon as it is dark."""
        self._all = QtWidgets.QVBoxLayout(self)
        self._all.setContentsMargins(0, 0, 0, 0)
        self._content: QtWidgets.QWidget | None = None
        self._build(list(dict.fromkeys([experiment, *example_names()])))
        bind(self, self._act, lambda at: self._stack.show_at(at), len(self.pages))
        QtWidgets.QApplication.instance().installEventFilter(self)
        self._timer = QtCore.QTimer(self)
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.turn)
        self._timer.start(FRAME_MS)
        if memory is not None:
            kept = read(memory)
            self._stack.restore(kept.pages, kept.page)
            self.restoreGeometry(QtCore.QByteArray.fromBase64(kept.geometry.encode()))
        self.turn()

    def turn(self) -> None:
        """One frame."""
        self.deck.turn()
        if self._leaves and not self.deck.stopping:
            self._leaves = False
            self.close()
            return
        self._past.hear()
        self.header.show_now(self.deck, held=self.live.held, mock=self._mock)
        self.page.turn(self._frame)
        self._frame += 1

    @property
    def pages(self) -> tuple[Page, ...]:
        """All of them."""
        return self._stack.pages

    @property
    def page(self) -> Page:
        """The one that is shown."""
        return self._stack.shown

    def show_page(self, page: Page) -> None:
        """Another page, unless the one that is shown would lose something."""
        self._stack.show_page(page)

    def replay_past(self, path: str) -> None:
        """Look back at a session or a recording."""
        self.show_page(self.replay)
        self.replay.open(path)

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
        self.experiment.files.ask_before(question, self.experiment.discard)

    def stop(self) -> None:
        """STOP."""
        self.deck.stop()
        self.turn()

    def change_theme(self) -> None:
        """The other theme, unless a session is open or a page would lose something."""
        names = list(THEMES)
        self._change_looks(names[(names.index(theme.chosen()) + 1) % len(names)], theme.scale())

    def choose_theme(self, name: Name, scale: float) -> None:
        """A theme and a size of text: all that is shown is made anew from the deck; the session notices nothing."""
        if not self._stack.lose_nothing():
            return
        theme.choose(name, scale)
        theme.apply(QtWidgets.QApplication.instance())
        header, kept, held, experiment = self.header, self._kept(), self.live.held, self.experiment
        self._build(header.offered, chosen=header.experiment.currentIndex())
        self.live.held = held
        self.experiment.take_over(experiment)
        self._stack.restore(kept.pages, kept.page)
        self.turn()
        self._all.activate()  # what was there before may have needed more room

    def _change_looks(self, name: Name, scale: float) -> None:
        """Somebody asks for it by a key: not while a session is open, for STOP would wait until all is made anew."""
        if self.deck.state in OVER:
            self.choose_theme(name, scale)
            return
        self.deck.refuse(words.LOOKS_LATER)
        self.header.tell(words.LOOKS_LATER)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Esc is STOP wherever the focus is, in every dialogue too, which it does not close. Space presses the button with the focus."""
        if event.type() == QtCore.QEvent.Type.KeyPress and event.key() == QtCore.Qt.Key.Key_Escape:
            self.stop()
            return True
        space = event.type() == QtCore.QEvent.Type.ShortcutOverride and event.key() == QtCore.Qt.Key.Key_Space
        if space and isinstance(watched, QtWidgets.QAbstractButton | QtWidgets.QComboBox):
            event.accept()
            return True
        return False

    def _kept(self) -> Remembered:
        """What is to be the same in the window that is built next."""
        return Remembered(
            theme=theme.chosen(),
            text=theme.scale(),
            geometry=bytes(self.saveGeometry().toBase64()).decode(),
            page=type(self.page).__name__,
            pages=self._stack.kept(),
        )

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        """The session goes on; an experiment that is not saved is asked about first. A STOP that waits for its answer has it first."""
        if self.experiment.unsaved and not self._closing:
            event.ignore()
            self.show_page(self.experiment)
            self.experiment.files.ask_before(editor.LOSES_CLOSING, self._close_anyway, editor.CLOSE_ANYWAY)
            return
        if self.deck.stopping:
            event.ignore()
            self._leaves = True
            return
        self._timer.stop()
        self.experiment.close_down()
        QtWidgets.QApplication.instance().removeEventFilter(self)
        self.deck.close()
        self._past.close()
        if self._memory is not None:
            write(self._memory, self._kept())
        event.accept()

    def show_keys(self) -> None:
        """F12: show the list, or close it."""
        self._keys = self._keys or KeysDialog(self, self.pages)
        self._keys.setVisible(not self._keys.isVisible())
        self._keys.raise_()

    def _open(self) -> None:
        self.show_page(self.experiment)
        self.experiment.files.choose_file()

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
        self.live, self.experiment = LivePage(self.deck), ExperimentPage(self.deck)
        self.preflight = PreflightPage(self.deck, lambda: self.header.chosen, mock=self._mock)
        self.hands = HandsPage(self.deck)
        self.replay = ReplayPage(self._past, lambda: self.header.chosen)
        self._stack = PageStack((self.experiment, self.preflight, self.live, self.hands, self.replay), self.live)
        rows = QtWidgets.QVBoxLayout(self._content)
        rows.setContentsMargins(8, 8, 8, 8)
        rows.setSpacing(6)
        rows.addWidget(self.header)
        rows.addWidget(self._stack, 1)
        self._connect()
        self._all.addWidget(self._content)

    def _connect(self) -> None:
        header = self.header
        for button, do in (
            (header.arm, self.arm),
            (header.run, self.deck.run),
            (header.stop, self.stop),
            (header.take, self.deck.take_control),
            (header.recover, self.deck.recover),
            (header.report, self._open_report),
            (header.open, self._open),
        ):
            button.clicked.connect(lambda _=False, do=do: do())
        header.experiment.currentIndexChanged.connect(lambda _: self.experiment.follow(header.chosen))
        self.experiment.saved.connect(header.choose)
        self.experiment.follow(header.chosen)
        self.preflight.run.clicked.connect(lambda: self.try_rig())

    def actions(self) -> dict[str, Callable[[], object]]:
        """What keys do on every page, by the names in ``words.keys``."""
        header = self.header
        return {
            "stop": self.stop,
            "arm": self.arm,
            "run": self.deck.run,
            "take": self.deck.take_control,
            "recover": self.deck.recover,
            "report": self._open_report,
            "open": header.open.click,
            "new": self._on_experiment(self.experiment.files.new),
            "save": self._on_experiment(self.experiment.files.save),
            "save-as": self._on_experiment(self.experiment.files.save_as),
            "preflight": self.try_rig,
            "choose": header.experiment.setFocus,
            "reset": self.page.reset_layout,
            "larger": partial(self._change_looks, theme.chosen(), LARGER * theme.scale()),
            "smaller": partial(self._change_looks, theme.chosen(), theme.scale() / LARGER),
            "theme": self.change_theme,
            "full": self._full_screen,
            "keys": self.show_keys,
            "close": self.close,
        }

    def _act(self, pressed: str) -> None:
        """Keys were pressed: what they do on this page."""
        can = {**self.actions(), **self.page.actions()}
        for key in keys.KEYS:
            if key.keys == pressed and key.action in can:
                can[key.action]()
                return

    def _full_screen(self) -> None:
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

"""A session or a recording looked at again: any moment of it, what the engine knew then, and the truth found afterwards beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui import theme
from wavestim.gui.eventlog import EventLog
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.pages.page import SLOW_FRAMES, Page
from wavestim.gui.replay.desk import ReplayDesk
from wavestim.gui.replay.player import SPEEDS
from wavestim.gui.replay.timeline import seconds_said
from wavestim.gui.widgets.filedialog import ask_for_file, ask_for_folder
from wavestim.gui.widgets.moment import AroundPanel, MomentPanel, PulsePanel
from wavestim.gui.widgets.phasehist import PhaseAtLight
from wavestim.gui.widgets.probemap import ProbeMap
from wavestim.gui.widgets.rose import DirectionRose
from wavestim.gui.widgets.scrubbar import ScrubBar
from wavestim.gui.widgets.traces import Traces
from wavestim.gui.widgets.trends import Trends
from wavestim.gui.words import replay as words

READ_FRAMES = 4
"""While it plays: what changes slowly is drawn, and words are written, so often."""


class ReplayPage(Page):
    """See the module.

    Parameters
    ----------
    desk : ReplayDesk
    experiment : callable
        The experiment that is chosen in the window; it decides on a recording.
    """

    title = words.TITLE

    def __init__(self, desk: ReplayDesk, experiment: Callable[[], str | None]) -> None:
        super().__init__()
        self.desk, self._experiment = desk, experiment
        self.map, self.traces, self.trends = ProbeMap(), Traces(), Trends()
        self.rose, self.phase = DirectionRose(), PhaseAtLight(afterwards=False)
        self._told = (MomentPanel(), PulsePanel(), AroundPanel())
        self._panels = (self.map, self.traces, self.trends, self.rose, self.phase)
        self.scrub = ScrubBar(desk.jump)
        self.sentence = QtWidgets.QLabel()
        self.sentence.setWordWrap(True)
        self.open_session = self._button(words.OPEN_SESSION, words.OPEN_SESSION_HELP, self._choose_session)
        self.open_recording = self._button(words.OPEN_RECORDING, words.OPEN_RECORDING_HELP, self._choose_recording)
        self.recover = self._button(words.RECOVER, words.RECOVER_HELP, desk.recover)
        self.play = self._button(words.PLAY, words.BUTTON_HELP[words.PLAY], desk.play)
        self.speed, self.at = QtWidgets.QComboBox(), QtWidgets.QLineEdit()
        self.made = QtWidgets.QProgressBar()
        self.dialog: QtWidgets.QFileDialog | None = None
        self._known: Knowledge | None = None
        self._facts: object = None
        self._lay_out()
        self._connect()

    def open(self, path: str) -> None:
        """Look at a session or a recording."""
        self.desk.open(path, self._experiment())

    def actions(self) -> dict[str, Callable[[], object]]:
        """Space plays, or holds."""
        return {"hold": self.desk.play}

    def turn(self, frame: int) -> None:
        """One frame."""
        desk, slow = self.desk, frame % SLOW_FRAMES == 0
        desk.turn()
        self._show_state()
        self.scrub.show_now(desk.timeline, desk.player.at, desk.made_to)
        if desk.facts is not None and desk.facts is not self._facts:
            self._facts = desk.facts
            for panel in self._panels:
                panel.begin(desk.facts)
        knowledge = desk.knowledge
        if knowledge is None or desk.facts is None:
            self._clear()
            return
        anew = knowledge is not self._known
        self._known = knowledge
        if anew:
            for panel in (self.rose, self.phase, self.traces):
                panel.begin(desk.facts)
        still = not desk.player.playing
        for panel in self._panels if slow or anew or still else (self.map, self.traces):
            panel.show_now(knowledge)
        for told in self._told if still or frame % READ_FRAMES == 0 else ():
            told.show_now(desk)

    def _clear(self) -> None:
        """Nothing is shown of what is no longer open."""
        if self._known is None:
            return
        empty, self._known, self._facts = Knowledge(self._known.facts, EventLog()), None, None
        for panel in self._panels:
            panel.begin(empty.facts)
            panel.show_now(empty)
        for told in self._told:
            told.clear()

    def _show_state(self) -> None:
        desk = self.desk
        self.sentence.setText(desk.sentence())
        self.sentence.setStyleSheet(f"color: {theme.LINES['bad'] if desk.alarming else theme.TEXT}")
        self.recover.setVisible(desk.state == "open" and desk.kind == "broken")
        self.play.setText(words.HOLD if desk.player.playing else words.PLAY)
        self.speed.setCurrentIndex(SPEEDS.index(desk.player.speed))
        if not self.at.hasFocus():
            self.at.setText(words.clock(desk.timeline.seconds(desk.player.at)))
        self._length.setText(f"/ {words.clock(desk.timeline.seconds(desk.timeline.last))}")
        self.made.setVisible(desk.state in ("opening", "recovering") or (desk.state == "open" and not desk.progress.get("done")))
        whole = desk.timeline.end - desk.timeline.first
        self.made.setRange(0, 100 if desk.state == "open" else 0)
        if desk.state == "open" and whole > 0:
            self.made.setValue(round(100 * (desk.made_to - desk.timeline.first) / whole))
        for widget in self._going:
            widget.setEnabled(desk.state == "open")

    def _jump_said(self) -> None:
        seconds = seconds_said(self.at.text())
        if seconds is not None:
            self.desk.jump(round(self.desk.timeline.sample(seconds)))
        self.scrub.setFocus()

    def _choose_session(self) -> None:
        self._choose(ask_for_folder(self, words.CHOOSE_SESSION, self._folder, lambda path: self.open(str(path))))

    def _choose_recording(self) -> None:
        kinds = words.RECORDING_FILES
        self._choose(ask_for_file(self, words.CHOOSE_RECORDING, self._folder, kinds, lambda path: self.open(str(path))))

    def _choose(self, dialog: QtWidgets.QFileDialog) -> None:
        """One dialogue at a time."""
        if self.dialog is not None:
            self.dialog.deleteLater()
        self.dialog = dialog

    @property
    def _folder(self) -> Path:
        """Where to look: beside what is open."""
        return Path(self.desk.path).absolute().parent if self.desk.path else Path.cwd()

    def _connect(self) -> None:
        desk = self.desk
        self.speed.activated.connect(lambda i: setattr(desk.player, "speed", SPEEDS[i]))
        self.at.returnPressed.connect(self._jump_said)
        for keys, do in (
            ("Left", lambda: desk.step(-1)),
            ("Right", lambda: desk.step(1)),
            ("Ctrl+Left", lambda: desk.pulse(-1)),
            ("Ctrl+Right", lambda: desk.pulse(1)),
            (",", lambda: desk.pulse(-1)),
            (".", lambda: desk.pulse(1)),
            ("Home", lambda: desk.jump(desk.timeline.first)),
            ("End", lambda: desk.jump(desk.timeline.last)),
            ("[", lambda: desk.player.faster(-1)),
            ("]", lambda: desk.player.faster(1)),
            ("Ctrl+G", self._edit_time),
        ):
            shortcut = QtWidgets.QShortcut(QtGui.QKeySequence(keys), self)  # of the window, while the page is shown
            shortcut.setWhatsThis(words.KEYS[keys])
            shortcut.activated.connect(lambda do=do: do())

    def _edit_time(self) -> None:
        self.at.setFocus()
        self.at.selectAll()

    def _button(self, text: str, tip: str, do: Callable[[], object]) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(text)
        button.setToolTip(tip)
        button.setStyleSheet(compact())
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False: do())
        return button

    def _lay_out(self) -> None:
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        above = QtWidgets.QHBoxLayout()
        for button in (self.open_session, self.open_recording):
            above.addWidget(button)
        above.addWidget(self.sentence, 1)
        above.addWidget(self.made)
        above.addWidget(self.recover)
        self.made.setFixedWidth(theme.px(150))
        self.made.setToolTip(words.MADE_HELP)
        rows.addLayout(above)
        grid = QtWidgets.QGridLayout()
        grid.setSpacing(6)
        for widget, row, column, height, width in (
            (self.map, 0, 0, 1, 1),
            (self.rose, 0, 1, 1, 1),
            (self.phase, 0, 2, 1, 1),
            (self.traces, 1, 0, 1, 2),
            (self.trends, 1, 2, 1, 1),
        ):
            widget.setMinimumSize(200, 110)
            grid.addWidget(widget, row, column, height, width)
        words_beside = QtWidgets.QVBoxLayout()
        for told, stretch in zip(self._told, (9, 11, 8), strict=True):
            told.setMinimumSize(200, 60)
            words_beside.addWidget(told, stretch)
        grid.addLayout(words_beside, 0, 3, 2, 1)
        for column, stretch in enumerate((5, 4, 4, 7)):
            grid.setColumnStretch(column, stretch)
        for row, stretch in enumerate((5, 6)):
            grid.setRowStretch(row, stretch)
        rows.addLayout(grid, 1)
        rows.addWidget(self.scrub)
        rows.addLayout(self._transport())

    def _transport(self) -> QtWidgets.QHBoxLayout:
        desk, line = self.desk, QtWidgets.QHBoxLayout()
        self.begin, self.pulse_back, self.back, self.on, self.pulse_on, self.last = (
            self._button(text, words.BUTTON_HELP[text], do)
            for text, do in (
                (words.BEGIN, lambda: desk.jump(desk.timeline.first)),
                (words.PULSE_BACK, lambda: desk.pulse(-1)),
                (words.BACK, lambda: desk.step(-1)),
                (words.ON, lambda: desk.step(1)),
                (words.PULSE_ON, lambda: desk.pulse(1)),
                (words.LAST, lambda: desk.jump(desk.timeline.last)),
            )
        )
        for times in SPEEDS:
            self.speed.addItem(words.speed(times))
        self.speed.setToolTip(words.SPEED_HELP)
        self.speed.setStyleSheet(compact())
        self.speed.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        self.play.setMinimumWidth(theme.px(110))
        self.at.setToolTip(words.JUMP_HELP)
        self.at.setFixedWidth(theme.px(120))
        self._length = QtWidgets.QLabel()
        self._going = (
            *(self.begin, self.pulse_back, self.back, self.play, self.on, self.pulse_on, self.last, self.speed, self.at, self.scrub),
        )
        for widget in self._going[:-1]:
            line.addWidget(widget)
        line.addWidget(self._length)
        line.addStretch(1)
        return line


def compact() -> str:
    """Style of buttons that stand close together."""
    return f"font-size: {theme.px(13)}px; padding: {theme.px(5)}px {theme.px(9)}px"

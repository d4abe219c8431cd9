"""The top of the window: lamps, clock, what runs, the way of a session with the step it is at, and the buttons."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui import theme, words
from wavestim.gui.deck import Deck
from wavestim.gui.lamps import Lamp
from wavestim.gui.palettes import ink
from wavestim.gui.steps import ALARMING, OVER, STEP
from wavestim.gui.widgets.elided import Elided
from wavestim.gui.words import keys

SENTENCE_PX = 42
"""Room for two lines at scale 1: what is below does not jump when there is more to say."""
LAMP_PX, SMALL_PX = 140, 11
"""Room for the words of a lamp, at scale 1, and their size; what has no room is said by the tooltip."""


def step_colour(step: str) -> str:
    """Of the step that the session is at."""
    colours = (theme.TEXT, theme.TARGET, theme.TARGET, theme.WARN, theme.LIGHT, theme.TEXT, theme.GOOD)
    return dict(zip(words.STEPS, colours, strict=True))[step]


class Header(QtWidgets.QWidget):
    """See the module. ``arm run take stop recover report open`` are buttons, ``experiment`` the choice."""

    def __init__(self, experiments: Iterable[str]) -> None:
        super().__init__()
        self._lamps = [QtWidgets.QLabel() for _ in words.LAMPS]
        self._steps = {step: QtWidgets.QLabel(text) for step, text in words.STEPS.items()}
        self.clock, self.what, self.sentence = QtWidgets.QLabel(), Elided(), QtWidgets.QLabel()
        self.clock.setObjectName("clock")
        self.sentence.setObjectName("sentence")
        self.sentence.setWordWrap(True)
        self.sentence.setMinimumHeight(theme.px(SENTENCE_PX))
        self.experiment = QtWidgets.QComboBox()
        self.experiment.currentTextChanged.connect(lambda name: self.experiment.setToolTip(f"{name}\n{words.LOCKED}"))
        for experiment in experiments:
            self.offer(experiment)
        self.experiment.setAccessibleName(keys.with_key("choose"))
        self.experiment.setMinimumContentsLength(7)  # with more where there is room
        self.experiment.setSizePolicy(QtWidgets.QSizePolicy.Policy.Expanding, QtWidgets.QSizePolicy.Policy.Fixed)
        self.experiment.setMaximumWidth(theme.px(300))
        self.experiment.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.what.setAlignment(QtCore.Qt.AlignmentFlag.AlignRight | QtCore.Qt.AlignmentFlag.AlignVCenter)
        self.open, self.arm, self.run = (
            self._button(name, text) for name, text in (("open", words.OPEN), ("arm", words.ARM), ("run", words.RUN))
        )
        self.recover, self.report, self.take = (
            self._button(name, text) for name, text in (("recover", words.RECOVER), ("report", words.REPORT), ("take", words.TAKE))
        )
        for seldom in (self.recover, self.report, self.take):
            seldom.hide()
        self.stop = self._button("stop", words.STOP)
        self._lit: tuple[Lamp, ...] = ()
        self._at: tuple[str, str, bool, str] | None = None
        self._lay_out()

    def offer(self, experiment: str, *, first: bool = False) -> None:
        """One more to choose, shown by its name; ``first``: and choose it."""
        self.experiment.insertItem(0 if first else self.experiment.count(), Path(experiment).stem, experiment)
        self.experiment.setItemData(0 if first else self.experiment.count() - 1, experiment, QtCore.Qt.ItemDataRole.ToolTipRole)
        if first:
            self.experiment.setCurrentIndex(0)

    def choose(self, experiment: str) -> None:
        """That one, offered if it was not there."""
        at = self.experiment.findData(experiment)
        if at < 0:
            self.offer(experiment, first=True)
        else:
            self.experiment.setCurrentIndex(at)

    @property
    def offered(self) -> list[str]:
        """Files and names of experiments to choose from."""
        return [str(self.experiment.itemData(at)) for at in range(self.experiment.count())]

    @property
    def chosen(self) -> str:
        """File or name of the experiment."""
        return str(self.experiment.currentData())

    def _button(self, name: str, text: str) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(text)
        button.setToolTip(keys.with_key(name))
        button.setAccessibleName(keys.with_key(name))
        button.setObjectName(name)
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        above, below = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        for lamp in self._lamps:
            above.addWidget(lamp)
            above.addSpacing(10)
        above.addStretch(1)
        above.addWidget(self.clock)
        above.addStretch(1)
        above.setSpacing(5)
        above.addWidget(self.experiment, 4)
        for widget in (self.open, self.arm, self.run, self.take, self.recover, self.report, self.stop):
            above.addWidget(widget)
        for label in self._steps.values():
            below.addWidget(label)
        below.addSpacing(16)
        below.addWidget(self.sentence, 3)
        below.addWidget(self.what, 1)
        rows.addLayout(above)
        rows.addLayout(below)

    def show_now(self, deck: Deck, *, held: bool, mock: bool) -> None:
        """Where the session is, and which buttons do something; ``held``: the view stands still."""
        state, knowledge = deck.state, deck.knowledge
        sentence = deck.sentence() + (f"   {words.HELD_VIEW}" if held else "")
        self.show_step(STEP[state], sentence, state in ALARMING, words.NOW.get(state, ""))
        self.arm.setEnabled(state in OVER)
        self.run.setEnabled(state == "armed" and not deck.watching)
        self.take.setVisible(deck.watching)
        self.recover.setVisible(state in ("gone", "recovering"))
        self.recover.setEnabled(state == "gone")
        self.report.setVisible(state == "report")
        for choice in (self.experiment, self.open):
            choice.setEnabled(state in OVER)
        self.show_lamps(deck.lamps)
        if knowledge is None:
            self.show_session(0.0, words.NO_SESSION)
            return
        about, subject = knowledge.facts.about, knowledge.facts.subject
        mock = mock or bool(knowledge.status.get("mock"))
        what = words.what(about.name, subject, Path(about.session).name, mock)
        self.show_session(float(knowledge.status.get("seconds") or 0), what)

    def tell(self, sentence: str) -> None:
        """Below the state for a while, in nobody's way: it is gone with the next key."""
        below = self.sentence.mapToGlobal(QtCore.QPoint(0, self.sentence.height()))
        QtWidgets.QToolTip.showText(below, sentence, self.sentence)

    def show_session(self, seconds: float, what: str) -> None:
        """How long it is recorded, and what it is."""
        self.clock.setText(words.clock(seconds))
        self.what.setText(what)

    def show_lamps(self, lamps: Iterable[Lamp]) -> None:
        """Light them."""
        lamps = tuple(lamps)
        if lamps == self._lit:
            return
        self._lit = lamps
        small = QtGui.QFont(self.font())
        small.setPixelSize(theme.px(SMALL_PX))
        metrics = QtGui.QFontMetrics(small)
        for label, name, lamp in zip(self._lamps, words.LAMPS, lamps, strict=True):
            shape = words.SHAPES[lamp.level]
            shown = metrics.elidedText(lamp.words, QtCore.Qt.TextElideMode.ElideRight, theme.px(LAMP_PX))
            label.setToolTip("" if shown == lamp.words else lamp.words)
            label.setText(
                f"<span style='color:{theme.LEVELS[lamp.level]};font-size:{theme.px(20)}px'>{shape}</span> <b>{name}</b><br>"
                f"<span style='color:{theme.DIM};font-size:{theme.px(SMALL_PX)}px'>{escape(shown)}</span>"
            )

    def show_step(self, at: str, sentence: str, alarm: bool, instead: str = "") -> None:
        """Where the session is; ``instead``: the word for what it does there, when that is not the name of the step."""
        if (at, sentence, alarm, instead) == self._at:
            return
        self._at = (at, sentence, alarm, instead)
        order = list(words.STEPS)
        for step, label in self._steps.items():
            label.setText(instead if step == at and instead else words.STEPS[step])
            if step == at:
                fill = theme.BAD if alarm else theme.WARN if instead else step_colour(step)
                style = f"background: {fill}; color: {ink(fill)}; font-weight: bold"
            else:
                style = f"background: {theme.PANEL}; color: {theme.DIM if order.index(step) < order.index(at) else theme.OFF}"
            label.setStyleSheet(f"{style}; padding: {theme.px(5)}px {theme.px(12)}px; border-radius: 4px")
        self.sentence.setText(sentence)
        self.sentence.setStyleSheet(f"color: {theme.BAD_TEXT if alarm else theme.TEXT}")

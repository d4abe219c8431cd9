"""The top of the window: lamps, clock, what runs, the way of a session with the step it is at, and the buttons."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import theme, words
from wavestim.gui.lamps import Lamp

REACHED, AHEAD = theme.DIM, "#556070"
STEP_COLOURS = dict(
    zip(words.STEPS, (theme.TEXT, theme.TARGET, theme.TARGET, theme.WARN, theme.LIGHT, theme.TEXT, theme.GOOD), strict=True)
)


class Header(QtWidgets.QWidget):  # type: ignore[misc]
    """See the module. ``arm run stop recover report open`` are buttons, ``experiment`` the choice."""

    def __init__(self, experiments: Iterable[str]) -> None:
        super().__init__()
        self._lamps = [QtWidgets.QLabel() for _ in words.LAMPS]
        self._steps = {step: QtWidgets.QLabel(text) for step, text in words.STEPS.items()}
        self.clock, self.what, self.sentence = QtWidgets.QLabel("00:00:00"), QtWidgets.QLabel(words.NO_SESSION), QtWidgets.QLabel()
        self.clock.setObjectName("clock")
        self.sentence.setObjectName("sentence")
        self.sentence.setWordWrap(True)
        self.experiment = QtWidgets.QComboBox()
        for experiment in experiments:
            self.offer(experiment)
        self.experiment.setToolTip(words.LOCKED)
        self.experiment.setMinimumContentsLength(10)
        self.experiment.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.what.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        self.open, self.arm, self.run = (
            self._button(name, text) for name, text in (("open", words.OPEN), ("arm", words.ARM), ("run", words.RUN))
        )
        self.recover, self.report = self._button("recover", words.RECOVER), self._button("report", words.REPORT)
        self.stop = self._button("stop", words.STOP)
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
    def chosen(self) -> str:
        """File or name of the experiment."""
        return str(self.experiment.currentData())

    def _button(self, name: str, text: str) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(text)
        button.setObjectName(name)
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        return button

    def _lay_out(self) -> None:
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        above, below = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        for lamp in self._lamps:
            above.addWidget(lamp)
            above.addSpacing(16)
        above.addStretch(1)
        above.addWidget(self.clock)
        above.addSpacing(12)
        above.addWidget(self.what, 4)
        for widget in (self.experiment, self.open, self.arm, self.run, self.recover, self.report, self.stop):
            above.addWidget(widget)
        for label in self._steps.values():
            below.addWidget(label)
        below.addSpacing(16)
        below.addWidget(self.sentence, 1)
        rows.addLayout(above)
        rows.addLayout(below)

    def show_lamps(self, lamps: Iterable[Lamp]) -> None:
        """Light them."""
        for label, name, lamp in zip(self._lamps, words.LAMPS, lamps, strict=True):
            label.setText(
                f"<span style='color:{theme.LEVELS[lamp.level]};font-size:20px'>●</span> <b>{name}</b><br>"
                f"<span style='color:{theme.DIM};font-size:11px'>{lamp.words}</span>"
            )

    def show_step(self, at: str, sentence: str, alarm: bool) -> None:
        """Where the session is."""
        order = list(words.STEPS)
        for step, label in self._steps.items():
            if step == at:
                style = f"background: {theme.BAD if alarm else STEP_COLOURS[step]}; color: #000; font-weight: bold"
            else:
                style = f"background: {theme.PANEL}; color: {REACHED if order.index(step) < order.index(at) else AHEAD}"
            label.setStyleSheet(f"{style}; padding: 5px 12px; border-radius: 4px; font-size: 13px")
        self.sentence.setText(sentence)
        self.sentence.setStyleSheet(f"color: {theme.LINES['bad'] if alarm else STEP_COLOURS[at]}")

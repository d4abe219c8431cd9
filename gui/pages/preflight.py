"""The rig tried before tissue: every check with its light, what was seen, and what to do. Red stands against ARM."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import theme
from wavestim.gui.deck import Deck
from wavestim.gui.pages.page import Page
from wavestim.gui.preflight import Check, Known, known_of
from wavestim.gui.steps import OVER
from wavestim.gui.widgets.checks import Checks
from wavestim.gui.words import preflight as words

LOOK_FRAMES = 30
"""So often it is looked whether the file, or the verdict on it, is another one."""


class PreflightPage(Page):
    """See the module.

    Parameters
    ----------
    deck : Deck
    chosen : callable
        The experiment that is chosen.
    mock : on the mock rig.
    """

    title = words.TITLE

    def __init__(self, deck: Deck, chosen: Callable[[], str], *, mock: bool) -> None:
        super().__init__()
        self._deck, self._chosen, self._mock = deck, chosen, mock
        self._known, self._known_of = Known(), ""
        self.run, self.cancel = QtWidgets.QPushButton(words.RUN), QtWidgets.QPushButton(words.CANCEL)
        self.flash, self.quick = QtWidgets.QCheckBox(words.FLASH), QtWidgets.QCheckBox(words.QUICK)
        for widget, tip in (
            (self.run, words.RUN_HELP),
            (self.cancel, words.CANCEL_HELP),
            (self.flash, words.FLASH_HELP),
            (self.quick, words.QUICK_HELP),
        ):
            widget.setToolTip(tip)
            widget.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        self.flash.setVisible(not mock)
        self.quick.setVisible(mock)
        self.progress, self.experiment = QtWidgets.QProgressBar(), QtWidgets.QLabel()
        self.progress.setRange(0, 100)
        self.headline, self.note = QtWidgets.QLabel(), QtWidgets.QLabel()
        self.headline.setObjectName("sentence")
        for label in (self.headline, self.note):
            label.setWordWrap(True)
        self.checks = Checks()
        self.cancel.clicked.connect(lambda: deck.stop())
        self._lay_out()

    def turn(self, frame: int) -> None:
        """One frame."""
        if frame % LOOK_FRAMES == 0 or self._known_of != self._chosen():
            self._known, self._known_of = known_of(self._chosen(), mock=self._mock), self._chosen()
        running = self._deck.state == "preflight"
        self.run.setEnabled(self._deck.state in OVER)
        self.cancel.setEnabled(running)
        for choice in (self.flash, self.quick):
            choice.setEnabled(not running)
        self.experiment.setText(words.CHOSEN.format(Path(self._chosen()).stem))
        self.experiment.setToolTip(self._chosen())
        self.progress.setVisible(running)
        self._tell(running)

    def start(self) -> None:
        """Try the rig."""
        self._deck.try_rig(self._chosen(), mock=self._mock, flash=self.flash.isChecked(), quick=self.quick.isChecked())

    def _tell(self, running: bool) -> None:
        found = self._deck.preflight
        if running and found is not None:
            self.progress.setValue(round(100 * found.part))
            self.progress.setFormat(words.progress(found.stage, found.part))
            self._show("", "", theme.DIM, ())
        elif found is not None and found.experiment == self._chosen():
            self.run.setText(words.AGAIN_BUTTON)
            standing = [Check(check.check, "red", f"{words.STANDING}: {check.what}", check.do) for check in found.standing]
            stale = bool(found.sha256 and self._known.sha256 and found.sha256 != self._known.sha256)
            at = f"{found.ended_at:%H:%M}" if found.ended_at is not None else ""
            checks = (*standing, *found.checks)
            head = words.headline(found.level, at, [check.level for check in checks]) if found.level else found.verdict
            self._show(head, words.CHANGED if stale else "", _colour(found.level), checks)
        elif self._known.level:
            self._show(words.earlier(self._known.level, self._known.at), "", _colour(self._known.level), self._known.red)
        else:
            self._show(words.NEVER, "", theme.DIM, ())

    def _show(self, headline: str, note: str, colour: str, checks: tuple[Check, ...]) -> None:
        """Its verdict, what has to be said beside it, its checks."""
        if self._deck.state not in (*OVER, "preflight"):
            note = f"{note}  {words.LOCKED}".strip()
        if headline != self.headline.text():
            self.headline.setText(headline)
        self.headline.setStyleSheet(f"color: {colour}")
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.checks.tell(checks)

    def _lay_out(self) -> None:
        line = QtWidgets.QHBoxLayout()
        line.setSpacing(10)
        for widget in (self.run, self.cancel, self.flash, self.quick, self.experiment):
            line.addWidget(widget)
        line.addWidget(self.progress, 1)
        line.addStretch(1)
        self.note.setStyleSheet(f"color: {theme.WARN}; font-weight: bold")
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        rows.addLayout(line)
        rows.addWidget(self.headline)
        rows.addWidget(self.note)
        rows.addWidget(self.checks, 1)


def _colour(level: str) -> str:
    return {"green": theme.GOOD, "amber": theme.WARN, "red": theme.LINES["bad"]}.get(level, theme.WARN)

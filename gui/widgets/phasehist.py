"""The phase that the wave had at the site when light came on: as the model knew it, with how it turned out, and the wanted one."""

from __future__ import annotations

import pyqtgraph as pg
from pyqtgraph.Qt import QtWidgets
from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.phasebook import ALL
from wavestim.gui.rings import Angles
from wavestim.gui.widgets.polar import Polar, outline
from wavestim.gui.words import live

TARGET_HALF_DEG = 2.0
BOOKS = ("known", "after", "at_end")


class PhaseAtLight(Polar):
    """See the module. ``condition`` is the one that is shown.

    Parameters
    ----------
    afterwards : bool
        How it turned out is shown here; otherwise it is told beside, pulse by pulse.
    """

    def __init__(self, *, afterwards: bool = True) -> None:
        super().__init__(words.PHASE, theme.LIGHT, live.PHASE_NOTE if afterwards else live.PHASE_THEN_NOTE)
        self._n_books = len(BOOKS) if afterwards else 1
        help = live.PHASE_HELP if afterwards else live.PHASE_THEN_HELP
        self._note.setToolTip(help)
        self.condition = ALL
        self.choice = self.add_choice({ALL: live.ALL_CONDITIONS}, live.PHASE_TIP, self.choose, chosen=ALL)
        self._after = pg.PlotCurveItem(pen=pg.mkPen(theme.TEXT, width=1.5))
        self.plot.addItem(self._after)
        self.says.hide()  # the lines below say it
        self._lines = QtWidgets.QLabel()
        self._lines.setObjectName("note")
        self._lines.setToolTip(help)
        self._lines.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        self.body.insertWidget(self.body.count() - 1, self._lines)
        self._drawn: tuple[object, ...] = ()

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        self._target_deg = facts.target_deg
        self.aim(facts.target_deg, TARGET_HALF_DEG)
        while self.choice.count() > 1:
            self.choice.removeItem(1)
        for name in facts.lit:
            self.choice.addItem(name, name)
        self.choose(ALL)

    def choose(self, condition: str) -> None:
        """Show the pulses of one condition, or all."""
        self.condition, self._shown, self._drawn = condition, -1, ()
        self.choice.setCurrentIndex(max(self.choice.findData(condition), 0))

    def show_now(self, knowledge: Knowledge) -> None:
        """Draw."""
        known, after, at_end = (knowledge.phases.of(book, self.condition) for book in BOOKS)
        drawn = known.total, after.total, at_end.total
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.show_angles(known)
        truth = after if after.total or not at_end.total else at_end
        self._after.setData(*(outline(truth) if truth.total else ([], [])))
        told = list(zip(live.BOOKS, (known, after, at_end), strict=True))[: self._n_books]
        self._lines.setText("<br>".join(self._line(*named) for named in told))

    def _line(self, name: str, angles: Angles) -> str:
        return live.phase_line(name, angles.mean_deg, angles.sd_deg, angles.total, self._target_deg)

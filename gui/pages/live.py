"""The session that runs: is there a wave, which way does it go, is the phase hit, how far is it."""

from __future__ import annotations

from pyqtgraph.Qt import QtWidgets
from wavestim.gui import words
from wavestim.gui.deck import Deck
from wavestim.gui.pages.page import Page
from wavestim.gui.widgets.latency import Latency
from wavestim.gui.widgets.log import Log
from wavestim.gui.widgets.phasehist import PhaseAtLight
from wavestim.gui.widgets.probemap import ProbeMap
from wavestim.gui.widgets.progress import Progress
from wavestim.gui.widgets.rose import DirectionRose
from wavestim.gui.widgets.traces import Traces
from wavestim.gui.widgets.trends import Trends

SLOW_FRAMES = 6
"""What changes slowly is drawn in every sixth frame."""


class LivePage(Page):
    """See the module.

    Parameters
    ----------
    deck : Deck
    """

    title = words.LIVE

    def __init__(self, deck: Deck) -> None:
        super().__init__()
        self._deck = deck
        self.map, self.traces = ProbeMap(), Traces()
        self.rose, self.phase = DirectionRose(), PhaseAtLight()
        self.trends, self.latency, self.progress, self.log = Trends(), Latency(), Progress(), Log()
        self._fast, self._slow = (self.map, self.traces), (self.rose, self.phase, self.trends, self.latency, self.progress)
        self._known: object = None
        self.held = False
        """What is drawn stands still; the log goes on."""
        self._lay_out()

    def hold(self) -> None:
        """What is drawn stands still, or goes on."""
        self.held = not self.held

    def turn(self, frame: int) -> None:
        """One frame."""
        knowledge, slow = self._deck.knowledge, frame % SLOW_FRAMES == 0
        if knowledge is not None:
            if knowledge is not self._known:
                self._known = knowledge
                for widget in (*self._fast, *self._slow):
                    widget.begin(knowledge.facts)
            if not self.held:
                for widget in (*self._fast, *(self._slow if slow else ())):
                    widget.show_now(knowledge)
        if slow:
            self.log.show_log(self._deck.log)

    def _lay_out(self) -> None:
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
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

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
from wavestim.gui.widgets.store import Store
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
        self.trends, self.latency, self.progress, self.log, self.store = Trends(), Latency(), Progress(), Log(), Store()
        self._fast = (self.map, self.traces)
        self._slow = (self.rose, self.phase, self.trends, self.latency, self.progress, self.store)
        self._known: object = None
        self.held = False
        """What is drawn stands still; the log goes on."""
        self._lay_out()

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
            self.log.show_log(self._deck.log, complete=knowledge is None or knowledge.complete)

    def _lay_out(self) -> None:
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(6)
        for widget, row, column, height, width in (
            (self.map, 0, 0, 3, 1),
            (self.rose, 0, 1, 3, 1),
            (self.phase, 0, 2, 3, 1),
            (self.progress, 0, 3, 1, 1),
            (self.store, 1, 3, 1, 1),
            (self.log, 2, 3, 3, 1),
            (self.traces, 3, 0, 3, 2),
            (self.trends, 3, 2, 3, 1),
            (self.latency, 5, 3, 1, 1),
        ):
            widget.setMinimumSize(200, 70)
            grid.addWidget(widget, row, column, height, width)
        for column, stretch in enumerate((5, 4, 4, 5)):
            grid.setColumnStretch(column, stretch)
        for row, stretch in enumerate((6, 3, 3, 3, 3, 6)):
            grid.setRowStretch(row, stretch)

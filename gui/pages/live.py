"""The session that runs: is there a wave, which way does it go, is the phase hit, how far is it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

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
from wavestim.gui.widgets.splits import Split
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

    def actions(self) -> dict[str, Callable[[], object]]:
        """Panels wider, narrower, higher, lower; the view held."""
        grow = {"wider": (False, 1), "narrower": (False, -1), "higher": (True, 1), "lower": (True, -1)}
        return {"hold": self.hold, **{name: partial(self._grow, *how) for name, how in grow.items()}}

    def hold(self) -> None:
        """What is drawn stands still, or goes on; state, lamps and log always do."""
        self.held = not self.held

    def kept(self) -> dict[str, Any]:
        """Sizes of the panels."""
        return {"sizes": self._split.kept()}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Sizes that were kept."""
        sizes = kept.get("sizes")
        self._split.restore(sizes if isinstance(sizes, Mapping) else {})

    def reset_layout(self) -> None:
        """Panels as they were at first."""
        self._split.reset()

    def _grow(self, down: bool, sign: int) -> None:
        """The panel with the focus."""
        focus = QtWidgets.QApplication.focusWidget()
        if focus is not None and self.isAncestorOf(focus):
            self._split.grow(focus, down, sign)

    def _lay_out(self) -> None:
        above = Split("above", (self.map, 5), (self.rose, 4), (self.phase, 4))
        below = Split("below", (self.traces, 9), (self.trends, 4))
        beside = Split("beside", (self.progress, 1), (self.log, 2), (self.latency, 1), down=True)
        self._split = Split("all", (Split("main", (above, 1), (below, 1), down=True), 13), (beside, 5))
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self._split)

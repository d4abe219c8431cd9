"""The session that runs: is there a wave, which way does it go, is the phase hit, how far is it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from pyqtgraph.Qt import QtWidgets
from wavestim.gui import words
from wavestim.gui.deck import Deck
from wavestim.gui.eventlog import EventLog
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.pages.page import SLOW_FRAMES, Page
from wavestim.gui.tracing import FILTERS, SECONDS
from wavestim.gui.viewing import View
from wavestim.gui.widgets.latency import Latency
from wavestim.gui.widgets.log import Log
from wavestim.gui.widgets.phasehist import PhaseAtLight
from wavestim.gui.widgets.probemap import ProbeMap
from wavestim.gui.widgets.progress import Progress
from wavestim.gui.widgets.rose import DirectionRose
from wavestim.gui.widgets.splits import Split
from wavestim.gui.widgets.store import Store
from wavestim.gui.widgets.traces import Traces
from wavestim.gui.widgets.trends import Trends


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
        self._known: Knowledge | None = None
        self.held = False
        """What is drawn stands still; the log goes on."""
        self._lay_out()

    def turn(self, frame: int) -> None:
        """One frame."""
        knowledge, slow = self._deck.knowledge, frame % SLOW_FRAMES == 0
        if knowledge is None and self._known is not None:  # what was shown is of a session that is no longer open
            self.show_session(Knowledge(self._known.facts, EventLog()))
            self._known = None
        elif knowledge is not None and knowledge is not self._known:
            self.show_session(knowledge)
            self._known = knowledge
        elif knowledge is not None and not self.held:
            for widget in (*self._fast, *(self._slow if slow else ())):
                widget.show_now(knowledge)
        if slow:
            self.log.show_log(self._deck.log, complete=knowledge is None or knowledge.complete)

    def show_session(self, knowledge: Knowledge) -> None:
        """Begin with another one."""
        for widget in (*self._fast, *self._slow):
            widget.begin(knowledge.facts)
            widget.show_now(knowledge)

    def actions(self) -> dict[str, Callable[[], object]]:
        """Panels wider, narrower, higher, lower; the view held."""
        grow = {"wider": (False, 1), "narrower": (False, -1), "higher": (True, 1), "lower": (True, -1)}
        return {"hold": self.hold, **{name: partial(self._grow, *how) for name, how in grow.items()}}

    def hold(self) -> None:
        """What is drawn stands still, or goes on; state, lamps and log always do."""
        self.held = not self.held

    def kept(self) -> dict[str, Any]:
        """Sizes of the panels, and how probe, traces and trends are looked at."""
        traces = {"seconds": self.traces.view.seconds, "filter": self.traces.view.filter}
        return {"sizes": self._split.kept(), "probe": asdict(self.map.view), "traces": traces, "whole": self.trends.whole}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """What was kept; what is none of the choices there are is passed over."""
        sizes, probe, traces = (_mapping(kept.get(name)) for name in ("sizes", "probe", "traces"))
        self._split.restore(sizes)
        if probe.get("turns") in range(4):
            self.map.look(View(int(probe["turns"]), probe.get("mirrored") is True, probe.get("flow") is True))
        if traces.get("seconds") in SECONDS and traces.get("filter") in FILTERS:
            self.traces.look(replace(self.traces.view, seconds=traces["seconds"], filter=traces["filter"]))
        self.trends.look(whole=kept.get("whole") is True)

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
        beside = Split("beside", (self.progress, 5), (self.store, 3), (self.log, 8), (self.latency, 4), down=True)
        self._split = Split("all", (Split("main", (above, 1), (below, 1), down=True), 13), (beside, 5))
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self._split)


def _mapping(kept: object) -> Mapping[str, Any]:
    return kept if isinstance(kept, Mapping) else {}

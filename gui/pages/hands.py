"""Hands on the session that runs: light by hand, dose and warming, and the mock rig, with the log beside them."""

from __future__ import annotations

from pyqtgraph.Qt import QtGui, QtWidgets
from wavestim.gui.deck import Deck
from wavestim.gui.pages.page import SLOW_FRAMES, Page
from wavestim.gui.widgets.gauges import Gauges
from wavestim.gui.widgets.log import Log
from wavestim.gui.widgets.manual import ManualPanel
from wavestim.gui.widgets.mockrig import MockPanel
from wavestim.gui.words import hands


class HandsPage(Page):
    """See the module.

    Parameters
    ----------
    deck : Deck
    """

    title = hands.HANDS

    def __init__(self, deck: Deck) -> None:
        super().__init__()
        self._deck = deck
        self.manual, self.mock = ManualPanel(deck.order), MockPanel(deck.order)
        self.gauges, self.log = Gauges(), Log()
        self._known: object = None
        self._lay_out()
        for keys, do in (("Ctrl+L", self.manual.toggle), ("Ctrl+H", self.manual.turn_hold)):
            shortcut = QtWidgets.QShortcut(QtGui.QKeySequence(keys), self)  # of the window, while the page is shown
            shortcut.setWhatsThis(hands.KEYS[keys])
            shortcut.activated.connect(do)

    def turn(self, frame: int) -> None:
        """One frame."""
        if frame % SLOW_FRAMES:
            return
        knowledge = self._deck.knowledge
        if knowledge is not None and knowledge is not self._known:
            self._known = knowledge
            self.manual.begin(knowledge.facts)
            self.mock.begin(knowledge.facts.about.n_channels)
        self.manual.show_state(self._deck.state, knowledge)
        status = knowledge.status if knowledge is not None else {}
        self.gauges.show_light(status.get("light") or {})
        told = status.get("mock")
        self.mock.setVisible(bool(told))
        if told:
            self.mock.show_mock(told)
        self.log.show_log(self._deck.log, complete=knowledge is None or knowledge.complete)

    def leave(self) -> bool:
        """Nobody forgets that light is in the hand."""
        if self.manual.overridden:
            self.manual.toggle()
        return True

    def _lay_out(self) -> None:
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        middle = QtWidgets.QVBoxLayout()
        middle.setSpacing(6)
        middle.addWidget(self.gauges)
        middle.addWidget(self.log, 1)
        row.addWidget(self.manual, 5)
        row.addLayout(middle, 4)
        row.addWidget(self.mock, 5)
        self.mock.hide()

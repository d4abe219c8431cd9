"""Is it recorded, and for how long will it be: buffers, what was lost on the way, and the disk."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import theme
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.words import live


class Store(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(live.STORE)
        self.setToolTip(live.STORE_TIP)
        self.text = QtWidgets.QLabel()
        self.text.setWordWrap(True)
        self.text.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self.fill(self.text)
        self._said = ""

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""

    def show_now(self, knowledge: Knowledge) -> None:
        """Write."""
        buffered, bad = live.buffers(knowledge.status)
        text = live.store(knowledge.status, f"<span style='color:{theme.LINES['bad']}'>⚠ {buffered}</span>" if bad else buffered)
        if text != self._said:
            self._said = text
            self.text.setText(text)

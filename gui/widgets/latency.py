"""How long from a block to the frame on the line, with the moment at which it would have been too late."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import still_plot

DECADES = ((1, "10 µs"), (2, "100 µs"), (3, "1 ms"), (4, "10 ms"), (5, "100 ms"), (6, "1 s"))


class Latency(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.LATENCY, words.LATENCY_HELP)
        self.plot = still_plot()
        self.plot.hideAxis("left")
        self.plot.getAxis("bottom").setTicks([DECADES])
        self.plot.setXRange(1, 6, padding=0.02)
        self._bars = pg.BarGraphItem(x0=[], x1=[], height=[], brush=theme.DATA, pen=theme.PANEL)
        self._deadline = pg.InfiniteLine(
            angle=90, pen=pg.mkPen(theme.TARGET, width=2), label=words.DEADLINE, labelOpts={"position": 0.85, "color": theme.TARGET}
        )
        self._deadline.hide()
        self.plot.addItem(self._bars)
        self.plot.addItem(self._deadline)
        self.fill(self.plot)
        self._shown = -1

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        self._shown = -1

    def show_now(self, knowledge: Knowledge) -> None:
        """Draw."""
        latency, deadline = knowledge.pulses.latency, knowledge.pulses.deadline
        if latency.total == self._shown:
            return
        self._shown = latency.total
        self.says.setText(words.latency(latency.part(0.5), latency.part(0.99), latency.total))
        edges = np.log10(latency.edges)
        self._bars.setOpts(x0=edges[:-1], x1=edges[1:], height=latency.counts / max(int(latency.counts.max()), 1))
        usual = deadline.part(0.5)
        self._deadline.setVisible(math.isfinite(usual))
        if math.isfinite(usual):
            self._deadline.setValue(math.log10(usual))

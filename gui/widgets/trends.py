"""Speed, frequency, plane-wave measure and certainty over the last minute; a gap is where they were undetermined."""

from __future__ import annotations

import pyqtgraph as pg
from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import TREND_S, Knowledge
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import cover, keep_still

LIMITS = ((0, None), (0, None), (0, 1), (0, 180))


class Trends(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.TREND)
        self.view = pg.GraphicsLayoutWidget()
        cover(self.view)
        self.view.ci.setContentsMargins(0, 0, 0, 0)
        self.view.ci.setSpacing(0)
        self._curves, self._plots = [], []
        small = theme.small()
        for row, name in enumerate(words.TRENDS):
            plot = self.view.addPlot(row=row, col=0, enableMenu=False)
            keep_still(plot)
            plot.getAxis("left").setWidth(38)
            label = pg.LabelItem(name, color=theme.DIM, size=f"{theme.px(11)}px", parent=plot.vb)
            label.anchor(itemPos=(0, 0), parentPos=(0, 0), offset=(2, -4))
            plot.setXRange(-TREND_S, 0, padding=0)
            plot.getAxis("left").setTickFont(small)
            plot.showGrid(x=True, y=True, alpha=0.15)
            if row < len(words.TRENDS) - 1:
                plot.getAxis("bottom").setStyle(showValues=False)
            self._curves.append(plot.plot(pen=pg.mkPen(theme.DATA, width=1.5), connect="finite"))
            self._plots.append(plot)
        self._plots[2].setYRange(0, 1, padding=0.05)
        self._plots[3].setYRange(0, 120, padding=0.05)
        self._limit = pg.InfiniteLine(angle=0, pen=pg.mkPen(theme.TARGET, width=2))
        self._plots[3].addItem(self._limit)
        self.fill(self.view)

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        self._limit.setValue(facts.max_sd_deg)
        for curve in self._curves:
            curve.setData([], [])

    def show_now(self, knowledge: Knowledge) -> None:
        """Draw."""
        rows = knowledge.trends.view()
        if not len(rows):
            return
        at_s = rows[:, 0] - rows[-1, 0]
        for i, curve in enumerate(self._curves):
            curve.setData(at_s, rows[:, i + 1])
        sd = rows[-1, 4]
        self.says.setText(words.certainty(sd, knowledge.facts.max_sd_deg, knowledge.known))

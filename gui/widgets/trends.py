"""Speed, frequency, plane-wave measure and certainty over the last minute or the whole session; a gap is where they were undetermined."""

from __future__ import annotations

import pyqtgraph as pg
from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import TREND_S, Knowledge
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import cover, keep_still
from wavestim.gui.words import live


class Trends(Panel):
    """See the module. ``whole`` is chosen, or the last minute."""

    def __init__(self) -> None:
        super().__init__(live.TREND)
        self.whole = False
        self.span = self.add_button(live.SPANS[False], live.SPAN_TIP, self._toggle, key="W")
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
            plot.getAxis("left").setTickFont(small)
            plot.getAxis("left").setStyle(showValues=False)  # until there is something
            plot.showGrid(x=True, y=True, alpha=0.15)
            if row < len(words.TRENDS) - 1:
                plot.getAxis("bottom").setStyle(showValues=False)
            self._curves.append(plot.plot(pen=pg.mkPen(theme.DATA, width=1), connect="finite"))
            self._plots.append(plot)
        self._plots[2].setYRange(0, 1.5, padding=0.05)  # its name stands above a plane wave
        self._plots[2].getAxis("left").setTicks([[(0, "0"), (0.5, "0.5"), (1, "1")]])
        self._plots[3].setYRange(0, 120, padding=0.05)
        self._bottom = self._plots[-1].getAxis("bottom")
        self._bottom.setStyle(tickTextOffset=1)
        self._limit = pg.InfiniteLine(angle=0, pen=pg.mkPen(theme.TARGET, width=2))
        self._limit.hide()
        self._plots[3].addItem(self._limit)
        self.fill(self.view)
        self.look(whole=False)

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        self._limit.setValue(facts.max_sd_deg)
        self._limit.show()
        for curve, plot in zip(self._curves, self._plots, strict=True):
            curve.setData([], [])
            plot.getAxis("left").setStyle(showValues=True)
        self.says.setText("")

    def look(self, *, whole: bool) -> None:
        """The whole session, or the last minute."""
        self.whole = whole
        self.span.setText(live.SPANS[whole])
        self._range(-TREND_S, 0.0, "s")

    def show_now(self, knowledge: Knowledge) -> None:
        """Draw."""
        rows = knowledge.whole.view() if self.whole else knowledge.trends.view()
        if not len(rows):
            return
        if self.whole:
            end_s = max(float(rows[-1, 0]), 1.0)
            _, per, unit = next(step for step in live.TIME_UNITS if end_s >= step[0])
            at = rows[:, 0] / per
            self._range(0.0, end_s / per, unit)
        else:
            at = rows[:, 0] - rows[-1, 0]
        for i, curve in enumerate(self._curves):
            curve.setData(at, rows[:, i + 1])
        self.says.setText(words.certainty(float(knowledge.sd_deg[knowledge.site]), knowledge.facts.max_sd_deg, knowledge.known))

    def _toggle(self) -> None:
        self.look(whole=not self.whole)

    def _range(self, low: float, high: float, unit: str) -> None:
        for plot in self._plots:
            plot.setXRange(low, high, padding=0)
        if self._bottom.labelText != unit:
            self._bottom.setLabel(unit)

"""The newest two seconds of some electrodes, stacked, drawn as one path, with a tick wherever light, or its sham, came on."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import TRACES_S, Knowledge
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import still_plot

MOST = 24
POINTS = 500
"""Of each trace; more than there are pixels costs time and shows nothing."""


class Traces(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.TRACES)
        self.plot = still_plot()
        self.plot.getAxis("bottom").setLabel("s")
        self.plot.getAxis("left").setStyle(showValues=True, tickLength=0)
        self.light = pg.PlotCurveItem(pen=pg.mkPen(theme.LIGHT, width=2), connect="pairs", antialias=False)
        self.sham = pg.PlotCurveItem(pen=pg.mkPen(theme.TARGET, width=1), connect="pairs", antialias=False)
        self.curve = pg.PlotCurveItem(pen=pg.mkPen(theme.DATA, width=1), connect="finite", antialias=False)
        for item in (self.light, self.sham, self.curve):
            self.plot.addItem(item)
        self.fill(self.plot)
        self._scale_uv = 0.0

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        good = [i for i in range(facts.about.n_channels) if i not in facts.bad]
        step = -(-len(good) // MOST)
        self._channels = np.array(good[::step])
        n = len(self._channels)
        self.plot.getAxis("left").setTicks([[(i, f"{c}") for i, c in enumerate(self._channels)][:: -(-n // 8)]])
        self.plot.setRange(xRange=(-TRACES_S, 0), yRange=(-1, n), padding=0)
        self._scale_uv = 0.0

    def show_now(self, knowledge: Knowledge) -> None:
        """Draw."""
        rows = knowledge.traces.view()
        if len(rows) < 2:
            return
        step = max(1, len(rows) // POINTS)
        start = -knowledge.traces.total % step  # the same samples from frame to frame, so that nothing flickers
        uv = rows[start::step, self._channels]
        at_s = (np.arange(start, len(rows), step) - len(rows) + 1) / knowledge.fs_hz
        spread = float(np.nanpercentile(np.abs(uv - np.nanmedian(uv, axis=0)), 98)) if np.isfinite(uv).any() else 1.0
        if not 0.6 < spread / (self._scale_uv or 1e-9) < 1.6:
            self._scale_uv = max(spread, 1e-6)
        n, m = uv.shape
        y = np.full((m, n + 1), np.nan, np.float32)
        y[:, :n] = (uv - np.nanmedian(uv, axis=0)).T / (1.6 * self._scale_uv) + np.arange(m)[:, None]
        x = np.broadcast_to(np.append(at_s, np.nan), (m, n + 1))
        self.curve.setData(x.ravel(), y.ravel())
        self._show_light(knowledge, m)
        self.says.setText(words.scale(1.6 * self._scale_uv, m, knowledge.facts.about.n_channels))

    def _show_light(self, knowledge: Knowledge, n: int) -> None:
        for item, dark in ((self.light, False), (self.sham, True)):
            at = [(s.sample - knowledge.last_sample) / knowledge.fs_hz for s in knowledge.pulses.recent if s.dark == dark]
            shown = np.repeat([x for x in at if x >= -TRACES_S], 2)
            item.setData(shown, np.tile([-1.0, float(n)], len(shown) // 2))

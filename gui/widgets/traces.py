"""Traces of some electrodes, stacked, drawn as one path, with a tick wherever light, or its sham, came on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.tracing import FILTERS, SECONDS, TraceView, Tracing, centred, chosen, fitting_uv
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import still_plot
from wavestim.gui.words import live

FITTED_FRAMES = 10
"""The scale that fits is looked for in every tenth frame."""


class Traces(Panel):
    """See the module. ``view`` is what is chosen."""

    def __init__(self) -> None:
        super().__init__(words.TRACES)
        self.view = TraceView()
        self._facts: Facts | None = None
        self._tracing: Tracing | None = None
        self._channels = np.zeros(0, np.intp)
        self._fits_uv, self._frame, self._wrong = 0.0, 0, ""
        self._controls()
        self.plot = still_plot()
        self.plot.getAxis("bottom").setLabel("s")
        self.plot.getAxis("left").setStyle(showValues=True, tickLength=0)
        self.plot.getAxis("left").setTicks([[]])
        self.plot.setRange(xRange=(-self.view.seconds, 0), padding=0)
        self.light = pg.PlotCurveItem(pen=pg.mkPen(theme.LIGHT, width=2), connect="pairs", antialias=False)
        self.sham = pg.PlotCurveItem(pen=pg.mkPen(theme.TARGET, width=1), connect="pairs", antialias=False)
        self.curve = pg.PlotCurveItem(pen=pg.mkPen(theme.DATA, width=1), connect="finite", antialias=False)
        for item in (self.light, self.sham, self.curve):
            self.plot.addItem(item)
        self.fill(self.plot)

    def _controls(self) -> None:
        self.channels = self.add_choice(live.CHANNELS, live.CHANNELS_TIP, lambda value: self._choose(value), chosen=self.view.channels)
        self.channels.setEditable(True)
        self.channels.setInsertPolicy(QtWidgets.QComboBox.InsertPolicy.NoInsert)
        self.channels.setMaximumWidth(120)
        self.channels.lineEdit().returnPressed.connect(self._typed)
        filters: dict[str, str] = {name: live.FILTERS[name] for name in FILTERS}
        self.filter = self.add_choice(filters, live.FILTER_TIP, self._filter, chosen=self.view.filter)
        seconds = {f"{s:g}": f"{s:g} s" for s in SECONDS}
        self.seconds = self.add_choice(seconds, live.SECONDS_TIP, self._past, chosen=f"{self.view.seconds:g}")
        self.smaller = self.add_button(live.SMALLER, live.SMALLER_TIP, lambda: self._scale(larger=False), key="-")
        self.larger = self.add_button(live.LARGER, live.LARGER_TIP, lambda: self._scale(larger=True), key="+")
        self.auto = self.add_button(live.AUTO, live.AUTO_TIP, self._auto, key="A", down=True)

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        self._facts, self._tracing, self._fits_uv = facts, None, 0.0
        for item in (self.curve, self.light, self.sham):
            item.setData([], [])
        self.look(self.view)

    def look(self, view: TraceView) -> None:
        """Show something else; a choice of electrodes that cannot be is said, and the one before stays."""
        self.auto.setChecked(view.scale_uv is None)
        if self._facts is None:
            self.view = view
            return
        try:
            channels = chosen(view.channels, np.asarray(self._facts.about.positions_mm), self._facts.bad, self._facts.site)
        except ValueError as error:
            self._complain(str(error))
            return
        self._complain("")
        self.view, self._channels, self._tracing, self._fits_uv, self._frame = view, channels, None, 0.0, 0
        self.filter.setCurrentIndex(self.filter.findData(view.filter))
        self.seconds.setCurrentIndex(self.seconds.findData(f"{view.seconds:g}"))
        self.channels.setEditText(live.CHANNELS.get(view.channels, view.channels))
        n = len(channels)
        self.plot.getAxis("left").setTicks([[(i, f"{c}") for i, c in enumerate(channels)][:: max(1, -(-n // 8))]])
        self.plot.setRange(xRange=(-view.seconds, 0), yRange=(-1, n), padding=0)

    def show_now(self, knowledge: Knowledge) -> None:
        """Draw."""
        if self._tracing is None:
            self._tracing = Tracing(knowledge.traces, self._channels, self.view.filter, knowledge.facts.band_hz)
        self._tracing.follow()
        at_s, uv = self._tracing.shown(self.view.seconds)
        n, m = uv.shape
        if n < 2 or not m:
            return
        if self._frame % FITTED_FRAMES == 0:
            self._fits_uv = fitting_uv(uv, self._fits_uv)
        self._frame += 1
        y = np.full((m, n + 1), np.nan, np.float32)
        y[:, :n] = centred(uv).T / self._line_uv + np.arange(m)[:, None]
        x = np.broadcast_to(np.append(at_s, np.nan), (m, n + 1))
        self.curve.setData(x.ravel(), y.ravel())
        self._show_light(knowledge, m)
        self.says.setText(self._wrong or words.scale(self._line_uv, m, knowledge.facts.about.n_channels))

    @property
    def _line_uv(self) -> float:
        return self.view.scale_uv or self._fits_uv or 1.0

    def _show_light(self, knowledge: Knowledge, n: int) -> None:
        for item, dark in ((self.light, False), (self.sham, True)):
            at = [(s.sample - knowledge.last_sample) / knowledge.fs_hz for s in knowledge.pulses.recent if s.dark == dark]
            shown = np.repeat([x for x in at if x >= -self.view.seconds], 2)
            item.setData(shown, np.tile([-1.0, float(n)], len(shown) // 2))

    def _filter(self, name: str) -> None:
        self.look(replace(self.view, filter=next(known for known in FILTERS if known == name)))

    def _past(self, seconds: str) -> None:
        self.look(replace(self.view, seconds=float(seconds)))

    def _scale(self, *, larger: bool) -> None:
        self._keep(self.view.scaled(self._line_uv, larger=larger))

    def _auto(self) -> None:
        self._keep(replace(self.view, scale_uv=None if self.auto.isChecked() else self._line_uv))

    def _keep(self, view: TraceView) -> None:
        """Another scale of the same traces."""
        self.view = view
        self.auto.setChecked(view.scale_uv is None)

    def _typed(self) -> None:
        text = self.channels.currentText()
        self._choose(next((value for value, said in live.CHANNELS.items() if said == text), text))
        self.setFocus(QtCore.Qt.FocusReason.OtherFocusReason)

    def _choose(self, channels: str | None) -> None:
        self.look(replace(self.view, channels=channels or self.channels.currentText()))

    def _complain(self, sentence: str) -> None:
        """Until something else is chosen."""
        self._wrong = sentence
        self.channels.setToolTip(sentence or live.CHANNELS_TIP)
        self.channels.setStyleSheet(f"border-color: {theme.BAD}; color: {theme.LINES['bad']}" if sentence else "")
        if sentence:
            self.says.setText(sentence)

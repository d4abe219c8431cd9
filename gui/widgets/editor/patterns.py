"""The pattern of a condition on the probe, in slow motion: LEDs at their places, when each of them is on, which way the light goes."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.controller.session.sketch import Sketch
from wavestim.gui import theme
from wavestim.gui.editor.moments import Shown, shown
from wavestim.gui.widgets.editor.fieldrow import Combo
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import still_plot
from wavestim.gui.widgets.probemap import pitch_mm
from wavestim.gui.words import editor as words

SLOWER = 50.0
FRAME_US = 33_000.0
REST_US = 20_000.0
"""Of the pattern's own time, dark, before it comes again."""


class Arrow:
    """From the middle of the probe to where something goes."""

    def __init__(self, plot: pg.PlotWidget, colour: str) -> None:
        self._shaft = pg.PlotCurveItem(pen=pg.mkPen(colour, width=4))
        self._head = pg.ArrowItem(angle=0, headLen=22, tipAngle=50, brush=colour, pen=pg.mkPen(theme.GROUND, width=1))
        for item in (self._shaft, self._head):
            plot.addItem(item)
        self.point(None, np.zeros(2), 1.0)

    def point(self, deg: float | None, centre: NDArray[np.float64], reach: float, aside: float = 0.0) -> None:
        """Nowhere hides it; ``aside``: so far to the left of the middle."""
        for item in (self._shaft, self._head):
            item.setVisible(deg is not None)
        if deg is None:
            return
        along = np.array([math.cos(math.radians(deg)), math.sin(math.radians(deg))])
        middle = centre + aside * np.array([-along[1], along[0]])
        tail, neck, tip = middle - 0.8 * reach * along, middle + 0.7 * reach * along, middle + 0.8 * reach * along
        self._shaft.setData([tail[0], neck[0]], [tail[1], neck[1]])
        self._head.setStyle(angle=180 - deg)
        self._head.setPos(*tip)


class Patterns(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.PATTERN, words.PATTERN_HELP)
        self._sketch: Sketch | None = None
        self.shown: Shown | None = None
        self.at_us = 0.0
        self.playing = True
        self.condition = Combo()
        self.condition.setToolTip(words.CONDITION)
        self.direction, self.speed = QtWidgets.QSpinBox(), QtWidgets.QSpinBox()
        for box, low, high, step, value, unit in (
            (self.direction, -180, 180, 15, 0, "°"),
            (self.speed, 10, 2000, 20, 200, " mm/s"),
        ):
            box.setRange(low, high)
            box.setSingleStep(step)
            box.setValue(value)
            box.setSuffix(unit)
            box.setToolTip(words.WAVE_HELP)
            box.valueChanged.connect(self._choose)
        self.direction.setWrapping(True)
        self.play = QtWidgets.QToolButton()
        self.play.setToolTip(words.PLAY_HELP)
        self.play.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        self.play.clicked.connect(lambda: self.set_playing(not self.playing))
        self.moment = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self.moment.setRange(0, 1000)
        self.moment.setToolTip(words.MOMENT_HELP)
        self.moment.valueChanged.connect(self._moved)
        self.condition.activated.connect(self._choose)
        self.plot = still_plot()
        self.plot.setAspectLocked(True)
        for side in ("bottom", "left"):
            self.plot.getAxis(side).setTickFont(theme.small())
        self._electrodes = pg.ScatterPlotItem(pxMode=False, pen=None, brush=theme.DIM)
        self._site = pg.ScatterPlotItem(pxMode=False, brush=None, pen=pg.mkPen(theme.TARGET, width=2))
        self.leds = pg.ScatterPlotItem(pxMode=False, symbol="s")
        for item in (self._electrodes, self._site, self.leds):
            self.plot.addItem(item)
        self._light, self._wave = Arrow(self.plot, theme.LIGHT), Arrow(self.plot, theme.TARGET)
        self._drawn: object = None
        self._lay_out()
        self.set_playing(True)
        self.says.setText(words.NO_PATTERN)

    def set_playing(self, playing: bool) -> None:
        """Play or hold."""
        self.playing = playing
        self.play.setText(words.PAUSE if playing else words.PLAY)

    def begin(self, sketch: Sketch | None) -> None:
        """The patterns of an experiment; None while there are none."""
        self._sketch, self._drawn = sketch, None
        if sketch is None:
            self.shown = None
            self.says.setText(words.NO_PATTERN)
            self.time.setText("")
            self.leds.setData([], [])
            for arrow in (self._light, self._wave):
                arrow.point(None, np.zeros(2), 1.0)
            return
        names = [arm.name for arm in sketch.plan.conditions]
        if names != [self.condition.itemText(i) for i in range(self.condition.count())]:
            at = max(self.condition.currentIndex(), 0)
            self.condition.clear()
            self.condition.addItems(names)
            self.condition.setCurrentIndex(min(at, len(names) - 1))
        places = sketch.positions_mm
        self._pitch = pitch_mm(places)
        every = np.concatenate([places, sketch.leds_mm])
        low, high = every.min(axis=0) - 0.7 * self._pitch, every.max(axis=0) + 0.7 * self._pitch
        self._centre, self._reach = places.mean(axis=0), max(float((high - low).max()) / 2, self._pitch)
        self._electrodes.setData(x=places[:, 0], y=places[:, 1], size=0.35 * self._pitch)
        self._site.setData(x=places[[sketch.site], 0], y=places[[sketch.site], 1], size=0.7 * self._pitch)
        self.plot.setRange(xRange=(low[0], high[0]), yRange=(low[1], high[1]), padding=0.02)
        self._choose()

    def turn(self) -> None:
        """One frame."""
        if self.shown is None:
            return
        if self.playing and self.isVisible():
            self.at_us += FRAME_US / SLOWER
            if self.at_us > self.shown.duration_us + REST_US:
                self.at_us = 0.0
            self.moment.blockSignals(True)
            self.moment.setValue(round(1000 * self.at_us / max(self.shown.duration_us, 1)))
            self.moment.blockSignals(False)
        self._draw(self.shown)

    def _choose(self) -> None:
        if self._sketch is None or self.condition.currentIndex() < 0:
            return
        direction = float(self.direction.value())
        found = shown(self._sketch, self.condition.currentIndex(), direction, float(self.speed.value()))
        if self.shown is None or found.name != self.shown.name:
            self.at_us = 0.0
        self.shown, self._drawn = found, None
        for box in (self.direction, self.speed):
            box.setEnabled(found.by_wave)
        self.says.setText(words.pattern(found.name, len(found.spans_us), found.dark))
        self._light.point(found.heading_deg, self._centre, self._reach)
        self._wave.point(direction if found.by_wave else None, self._centre, 0.5 * self._reach, 0.9 * self._pitch)
        self._draw(found)

    def _moved(self, part: int) -> None:
        if self.shown is not None:
            self.set_playing(False)
            self.at_us = min(part / 1000 * self.shown.duration_us, max(self.shown.duration_us - 1.0, 0.0))
            self._draw(self.shown)

    def _draw(self, found: Shown) -> None:
        lit, was = (frozenset(), frozenset()) if found.dark else (found.lit(self.at_us), found.was_lit(self.at_us))
        said = words.moment(min(self.at_us, found.duration_us), found.duration_us, SLOWER, len(lit))
        self.time.setText(said)
        if self._drawn == (lit, was) or self._sketch is None:
            return
        self._drawn = (lit, was)
        leds, none = self._sketch.leds_mm, pg.mkBrush(None)
        on, dim = pg.mkBrush(theme.LIGHT), pg.mkBrush(dimmed(theme.LIGHT, theme.PANEL))
        brushes = [on if led in lit else dim if led in was else none for led in range(len(leds))]
        pen = pg.mkPen(theme.DIM if found.dark else theme.LIGHT, width=1.5)
        self.leds.setData(x=leds[:, 0], y=leds[:, 1], size=0.6 * self._pitch, pen=pen, brush=brushes)

    def _lay_out(self) -> None:
        above, below = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        above.addWidget(self.condition, 1)
        for text, box in ((words.WAVE_TO, self.direction), (words.WAVE_AT, self.speed)):
            above.addWidget(QtWidgets.QLabel(text))
            above.addWidget(box)
        self.time = QtWidgets.QLabel()
        self.time.setObjectName("note")
        below.addWidget(self.play)
        below.addWidget(self.moment, 1)
        self.body.addLayout(above)
        self.fill(self.plot)
        self.body.insertLayout(self.body.count() - 1, below)
        self.body.insertWidget(self.body.count() - 1, self.time)


def dimmed(colour: str, ground: str) -> QtGui.QColor:
    """A colour that sinks into what is behind it, in either theme."""
    over, under = QtGui.QColor(colour), QtGui.QColor(ground)
    parts = zip(over.getRgb()[:3], under.getRgb()[:3], strict=True)
    return QtGui.QColor(*(round(0.35 * a + 0.65 * b) for a, b in parts))

"""Counts by angle as wedges on a circle, with a target; 0 is to the right, angles grow counter-clockwise."""

from __future__ import annotations

import math

import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui import theme, words
from wavestim.gui.rings import Angles
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import still_plot

OUTER = 1.38
MARKS = ((0, "0°"), (90, "90°"), (180, "180°"), (-90, "-90°"))


class Polar(Panel):
    """A rose.

    Parameters
    ----------
    title, note : see ``Panel``.
    colour : of the wedges.
    """

    def __init__(self, title: str, colour: str, note: str = "") -> None:
        super().__init__(title, note)
        self.plot = still_plot()
        self.plot.setAspectLocked(True)
        self.plot.hideAxis("left")
        self.plot.hideAxis("bottom")
        self.plot.setRange(xRange=(-OUTER, OUTER), yRange=(-OUTER, OUTER), padding=0)
        self._target, self._wedges = QtWidgets.QGraphicsPathItem(), QtWidgets.QGraphicsPathItem()
        self._target.setPen(pg.mkPen(theme.TARGET, width=2))
        wanted = QtGui.QColor(theme.TARGET)
        wanted.setAlpha(50)
        self._target.setBrush(wanted)
        self._wedges.setPen(pg.mkPen(theme.PANEL, width=1))
        self._wedges.setBrush(pg.mkBrush(colour))
        for radius in (0.5, 1.0):
            circle = QtWidgets.QGraphicsEllipseItem(-radius, -radius, 2 * radius, 2 * radius)
            circle.setPen(pg.mkPen(theme.LINE))
            self.plot.addItem(circle)
        self._mean = pg.PlotCurveItem(pen=pg.mkPen(theme.TEXT, width=3))
        for item in (self._target, self._wedges, self._mean):
            self.plot.addItem(item)
        for at_deg, text in MARKS:
            mark = pg.TextItem(text, color=theme.DIM, anchor=(0.5, 0.5))
            mark.setPos(1.17 * math.cos(math.radians(at_deg)), 1.12 * math.sin(math.radians(at_deg)))
            self.plot.addItem(mark)
        self.fill(self.plot)
        self._shown = -1

    def aim(self, at_deg: float | None, tolerance_deg: float) -> None:
        """Draw the target as a sector; None: there is none."""
        self._shown = -1
        self._target.setPath(QtGui.QPainterPath() if at_deg is None else wedge(at_deg, max(tolerance_deg, 1.0), 1.0))

    def show_angles(self, angles: Angles) -> None:
        """Draw what was counted."""
        if angles.total == self._shown:
            return
        self._shown = angles.total
        self.says.setText(words.mean_and_spread(angles.mean_deg, angles.sd_deg, angles.total))
        self._wedges.setPath(wedges(angles))
        at = math.radians(angles.mean_deg)
        self._mean.setData(*(([0, math.cos(at)], [0, math.sin(at)]) if angles.total else ([], [])))


def wedges(angles: Angles) -> QtGui.QPainterPath:
    """A sector for each that was counted, its area as the count."""
    path, most, width_deg = QtGui.QPainterPath(), max(int(angles.counts.max()), 1), 360 / len(angles.counts)
    for i, count in enumerate(angles.counts.tolist()):
        if count:
            path.addPath(wedge(i * width_deg, width_deg / 2, math.sqrt(count / most)))
    return path


def outline(angles: Angles) -> tuple[list[float], list[float]]:
    """x and y of a line around the sectors of what was counted."""
    n, most = len(angles.counts), max(int(angles.counts.max()), 1)
    x, y = [], []
    for i, count in enumerate([*angles.counts.tolist(), int(angles.counts[0])]):
        radius = math.sqrt(count / most)
        for edge in (-0.5, 0.5):
            at = 2 * math.pi * (i + edge) / n
            x.append(radius * math.cos(at))
            y.append(radius * math.sin(at))
    return x, y


def wedge(at_deg: float, half_deg: float, radius: float) -> QtGui.QPainterPath:
    """A sector around an angle, in a plot whose y grows upwards."""
    path = QtGui.QPainterPath()
    path.moveTo(0, 0)
    around = QtCore.QRectF(-radius, -radius, 2 * radius, 2 * radius)
    path.arcTo(around, -(at_deg - half_deg), -2 * half_deg)  # Qt's angles run the other way in such a plot
    path.closeSubpath()
    return path

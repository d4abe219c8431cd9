"""Plots that are looked at and not dragged, so that a frame costs little: axes are drawn once and kept as a picture, nothing has a menu."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike, NDArray
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets


def still_plot() -> pg.PlotWidget:
    """A plot without mouse, menu and buttons."""
    plot = pg.PlotWidget(enableMenu=False)
    keep_still(plot.getPlotItem())
    cover(plot)
    return plot


def cover(view: QtWidgets.QGraphicsView) -> None:
    """What lies below a view need not be painted: it is filled, to its last row and column, where its background ends short of them."""
    view.viewport().setAutoFillBackground(True)


def keep_still(plot: pg.PlotItem) -> None:
    """The same for a plot that is part of a view."""
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    for side in ("left", "bottom"):
        plot.getAxis(side).enableAutoSIPrefix(False)  # units are part of the words
        plot.getAxis(side).setCacheMode(QtWidgets.QGraphicsItem.CacheMode.DeviceCoordinateCache)


class Spots(pg.GraphicsObject):
    """Discs or squares in the units of the plot, each with its brush and pen: quicker than a scatter plot whose spots change every frame.

    Parameters
    ----------
    square : squares, not discs.
    """

    def __init__(self, *, square: bool = False) -> None:
        super().__init__()
        self._square = square
        self._spots: list[tuple[QtCore.QRectF, QtGui.QBrush, QtGui.QPen]] = []
        self._bounds = QtCore.QRectF()

    def setData(
        self, *, x: ArrayLike, y: ArrayLike, size: ArrayLike, brush: Sequence[QtGui.QBrush], pen: Sequence[QtGui.QPen] | QtGui.QPen
    ) -> None:
        """Places, sizes, and how each is filled and outlined."""
        n = len(brush)
        left, below, wide = np.asarray(x, np.float64), np.asarray(y, np.float64), np.broadcast_to(np.asarray(size, np.float64), n)
        pens = [pen] * n if isinstance(pen, QtGui.QPen) else pen
        self._spots = [
            (QtCore.QRectF(a - w / 2, b - w / 2, w, w), fill, line)
            for a, b, w, fill, line in zip(left.tolist(), below.tolist(), wide.tolist(), brush, pens, strict=True)
        ]
        most = float(wide.max(initial=0.0))
        bounds = (
            QtCore.QRectF()
            if not n
            else QtCore.QRectF(left.min(), below.min(), np.ptp(left), np.ptp(below)).adjusted(-most, -most, most, most)
        )
        if bounds != self._bounds:
            self.prepareGeometryChange()
            self._bounds = bounds
        self.update()

    @property
    def places(self) -> NDArray[np.float64]:
        """Middles of the spots (n, 2)."""
        return np.array([[where.center().x(), where.center().y()] for where, _, _ in self._spots]).reshape(-1, 2)

    def boundingRect(self) -> QtCore.QRectF:
        """Around all of them."""
        return self._bounds

    def paint(self, painter: QtGui.QPainter, *_: object) -> None:
        """Draw in pixels: Qt draws a disc seven times as fast when nothing has to be transformed."""
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        to_pixels = painter.transform()
        painter.resetTransform()
        draw = painter.drawRect if self._square else painter.drawEllipse
        filled: QtGui.QBrush | None = None
        outlined: QtGui.QPen | None = None
        for where, brush, pen in self._spots:
            if brush is not filled:
                painter.setBrush(brush)
                filled = brush
            if pen is not outlined:
                painter.setPen(pen)
                outlined = pen
            draw(to_pixels.mapRect(where))
        painter.setTransform(to_pixels)

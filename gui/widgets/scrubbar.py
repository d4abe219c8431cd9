"""The whole length of a replay with its pulses, vetoes, pauses, gaps and markers: drag to a moment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui import theme
from wavestim.gui.replay.timeline import LIGHT, OTHER, SHAM, Timeline
from wavestim.gui.words import replay as words
from wavestim.gui.words.codes import marker

HEIGHT, MARGIN = 58, 8
NEAR_PX = 5
TICKS_S = (0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200)
LABEL_PX = 90


class ScrubBar(QtWidgets.QWidget):
    """See the module.

    Parameters
    ----------
    moved : callable
        Called with the sample of the moment that is wanted.
    """

    def __init__(self, moved: Callable[[float], None]) -> None:
        super().__init__()
        self._moved = moved
        self._timeline = Timeline()
        self._at = self._made_to = 0.0
        self._drawn: QtGui.QPixmap | None = None
        self.setFixedHeight(HEIGHT)
        self.setMouseTracking(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setCursor(QtCore.Qt.CursorShape.PointingHandCursor)
        self.setToolTip(words.SCRUB_HELP)

    def show_now(self, timeline: Timeline, at: float, made_to: float) -> None:
        """What there is, the moment that is shown, and how far the engine has run."""
        if timeline is not self._timeline:
            self._timeline, self._drawn = timeline, None
        if (at, made_to) != (self._at, self._made_to) or self._drawn is None:
            self._at, self._made_to = at, made_to
            self.update()

    def x_of(self, sample: float) -> float:
        """Where a sample is drawn."""
        whole = max(self._timeline.last - self._timeline.first, 1.0)
        part: float = (sample - self._timeline.first) / whole
        return MARGIN + part * float(self.width() - 2 * MARGIN)

    def sample_at(self, x: float) -> float:
        """The sample that is drawn there."""
        part = (x - MARGIN) / max(self.width() - 2 * MARGIN, 1)
        return float(round(self._timeline.clamped(self._timeline.first + part * (self._timeline.last - self._timeline.first))))

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        """To that moment."""
        if event.button() == QtCore.Qt.MouseButton.LeftButton:
            self._moved(self.sample_at(event.pos().x()))

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        """While dragged, to that moment; otherwise what is there."""
        sample = self.sample_at(event.pos().x())
        if event.buttons() & QtCore.Qt.MouseButton.LeftButton:
            self._moved(sample)
            return
        near = self._timeline.near(sample, NEAR_PX * (self.sample_at(1.0 + MARGIN) - self.sample_at(MARGIN)))
        told = words.clock(self._timeline.seconds(sample)) + (f" · {marker(near[1], near[2])}" if near is not None else "")
        QtWidgets.QToolTip.showText(event.globalPos(), f"{told}\n{words.SCRUB_HELP}", self)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Drawn anew."""
        self._drawn = None

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """The marks as they were drawn once; the moment on top."""
        painter = QtGui.QPainter(self)
        if self._drawn is None:
            self._drawn = self._draw()
        painter.drawPixmap(0, 0, self._drawn)
        painter.fillRect(QtCore.QRectF(MARGIN, HEIGHT - 21, self.x_of(self._made_to) - MARGIN, 3), QtGui.QColor(theme.GOOD))
        x = self.x_of(self._at)
        painter.setPen(QtGui.QPen(QtGui.QColor(theme.TEXT), 2))
        painter.drawLine(QtCore.QPointF(x, 2), QtCore.QPointF(x, HEIGHT - 16))
        painter.setBrush(QtGui.QColor(theme.TEXT))
        painter.drawEllipse(QtCore.QPointF(x, 4), 4, 4)
        if self.hasFocus():
            painter.setPen(QtGui.QColor(theme.DIM))
            painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _draw(self) -> QtGui.QPixmap:
        """Everything that does not move."""
        ratio = self.devicePixelRatioF()
        drawn = QtGui.QPixmap(round(self.width() * ratio), round(HEIGHT * ratio))
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(QtGui.QColor(theme.PANEL))
        painter = QtGui.QPainter(drawn)
        self._draw_spans(painter)
        self._draw_counts(painter)
        for at, _, _ in self._timeline.named:
            x = self.x_of(at)
            painter.setPen(QtGui.QColor(theme.TEXT))
            painter.drawLine(QtCore.QPointF(x, 2), QtCore.QPointF(x, 9))
        self._draw_times(painter)
        painter.end()
        return drawn

    def _draw_spans(self, painter: QtGui.QPainter) -> None:
        for spans, colour in ((self._timeline.pauses, theme.WARN), (self._timeline.gaps, theme.BAD)):
            brush = QtGui.QBrush(QtGui.QColor(colour), QtCore.Qt.BrushStyle.BDiagPattern)
            for begin, end in spans.tolist():
                a, b = self.x_of(begin), self.x_of(end)
                painter.fillRect(QtCore.QRectF(a, 10, max(b - a, 2), HEIGHT - 32), brush)

    def _draw_counts(self, painter: QtGui.QPainter) -> None:
        """One column to a pixel: what came is tall, what did not is short."""
        t, bins = self._timeline, max(1, self.width() - 2 * MARGIN)
        rows = (
            (t.veto_at, theme.DIM, 6),
            (t.pulse_at[t.pulse_what == LIGHT], theme.LIGHT, 24),
            (t.pulse_at[t.pulse_what == SHAM], theme.TARGET, 16),
            (t.pulse_at[t.pulse_what == OTHER], theme.BAD, 10),
        )
        bottom = HEIGHT - 22
        for at, colour, height in rows:
            painter.setPen(QtGui.QColor(colour))
            for i in np.flatnonzero(t.binned(at, bins)).tolist():
                painter.drawLine(MARGIN + i, bottom - height, MARGIN + i, bottom)

    def _draw_times(self, painter: QtGui.QPainter) -> None:
        t = self._timeline
        length_s = max(t.seconds(t.last), 1e-9)
        fitting = (self.width() - 2 * MARGIN) / LABEL_PX
        step = next((s for s in TICKS_S if length_s / s <= fitting), TICKS_S[-1])
        painter.setFont(theme.small())
        painter.setPen(QtGui.QColor(theme.DIM))
        for i in range(int(length_s / step) + 1):
            x = self.x_of(t.first + i * step * t.fs_hz)
            text = words.clock(i * step)
            painter.drawLine(QtCore.QPointF(x, HEIGHT - 18), QtCore.QPointF(x, HEIGHT - 14))
            left = min(max(x - 40, 0.0), self.width() - 80.0)
            painter.drawText(QtCore.QRectF(left, HEIGHT - 15, 80, 14), QtCore.Qt.AlignmentFlag.AlignCenter, text if step < 1 else text[:-4])

"""Dose and warming of the worst place, as bars against their limits; each says in words how near the limit is."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui import doses, theme
from wavestim.gui.doses import Gauge
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.words import hands


class Bar(QtWidgets.QWidget):
    """One bar; hatched where there is nothing to show."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(16)
        self.setMaximumHeight(22)
        self.shown = doses.UNKNOWN

    def show_gauge(self, gauge: Gauge) -> None:
        """Draw."""
        if gauge != self.shown:
            self.shown = gauge
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """The part that is used, and where it gets near."""
        painter, box = QtGui.QPainter(self), self.rect().adjusted(0, 0, -1, -1)
        painter.fillRect(box, QtGui.QColor(theme.GROUND))
        if self.shown.part is None:
            painter.fillRect(box, QtGui.QBrush(QtGui.QColor(theme.LINE), QtCore.Qt.BrushStyle.BDiagPattern))
        else:
            used = QtCore.QRectF(box.left(), box.top(), box.width() * self.shown.part, box.height())
            painter.fillRect(used, QtGui.QColor(theme.LEVELS[self.shown.level]))
            for at in (doses.NEAR, doses.FULL):
                x = box.left() + round(box.width() * at)
                painter.setPen(QtGui.QColor(theme.TEXT))
                painter.drawLine(x, box.top(), x, box.bottom())
        painter.setPen(QtGui.QColor(theme.LINE))
        painter.drawRect(box)
        painter.end()


class Gauges(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(hands.GAUGES)
        content = self.room()
        rows = QtWidgets.QVBoxLayout(content)
        rows.setContentsMargins(0, 4, 0, 0)
        self.bars, self.texts = {}, {}
        for name, help_text in ((hands.DOSE, hands.DOSE_HELP), (hands.WARMTH, hands.WARMTH_HELP)):
            title, bar, text = QtWidgets.QLabel(name), Bar(), QtWidgets.QLabel(hands.NOT_MEASURED)
            text.setWordWrap(True)
            for widget in (title, bar, text):
                widget.setToolTip(help_text)
                rows.addWidget(widget)
            self.bars[name], self.texts[name] = bar, text
        self.unmeasured = QtWidgets.QLabel()
        self.unmeasured.setWordWrap(True)
        rows.addWidget(self.unmeasured)
        rows.addStretch(1)

    def show_light(self, light: Mapping[str, Any]) -> None:
        """``light`` of a status; empty: nothing is known."""
        for name, gauge in ((hands.DOSE, doses.dose(light)), (hands.WARMTH, doses.warmth(light))):
            self.bars[name].show_gauge(gauge)
            colour = theme.LINES.get({"warn": "warn", "bad": "bad"}.get(gauge.level, "plain"), theme.TEXT)
            self.texts[name].setText(f"<span style='color:{colour}'>{escape(gauge.words)}</span>")
        said = str(light.get("unmeasured", ""))
        self.unmeasured.setText(f"<span style='color:{theme.LINES['warn']}'>{escape(said)}</span>" if said else "")

"""A label that ends in … where it has no room, and then says all of it as its tooltip."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets


class Elided(QtWidgets.QLabel):
    """Plain text that never widens what it is in.

    Parameters
    ----------
    text : one line or several.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        self._full = self._help = ""
        self.setText(text)

    def setToolTip(self, text: str) -> None:
        """Help, which stands below what had no room."""
        self._help = text
        self._fit()

    def text(self) -> str:
        """All of it."""
        return self._full

    def setText(self, text: str) -> None:
        """Show as much of it as there is room for."""
        if text != self._full:
            self._full = text
            self._fit()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """There is more room, or less."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        metrics, width, right = self.fontMetrics(), self.contentsRect().width(), QtCore.Qt.TextElideMode.ElideRight
        shown = "\n".join(metrics.elidedText(line, right, width) for line in self._full.split("\n"))
        super().setText(shown)
        parts = ("" if shown == self._full else self._full, self._help)
        super().setToolTip("\n".join(part for part in parts if part))

"""A button that Return presses: Space holds the view, wherever the focus is."""

from __future__ import annotations

from collections.abc import Callable

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets


class Button(QtWidgets.QPushButton):
    """See the module.

    Parameters
    ----------
    text, help : what it says, and what it does.
    do : called when it is pressed.
    """

    def __init__(self, text: str, help: str, do: Callable[[], object]) -> None:
        super().__init__(text)
        self.setToolTip(help)
        self.clicked.connect(lambda _=False: do())

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Return is a click; held down it is one."""
        if event.key() in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.click()
        else:
            super().keyPressEvent(event)

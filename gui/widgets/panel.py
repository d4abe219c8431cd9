"""A framed part of the window with a title, what it says now, and room for a drawing."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui.widgets.elided import Elided


class Panel(QtWidgets.QFrame):  # type: ignore[misc]
    """A frame.

    Parameters
    ----------
    title : what it shows.
    note : how to read it.
    """

    def __init__(self, title: str, note: str = "") -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(title)
        self.setAccessibleDescription(note)
        self.body = QtWidgets.QVBoxLayout(self)
        self.body.setContentsMargins(8, 5, 8, 6)
        self.body.setSpacing(2)
        line = QtWidgets.QHBoxLayout()
        name = QtWidgets.QLabel(title)
        name.setObjectName("title")
        self.says = Elided()
        self.says.setAlignment(QtCore.Qt.AlignmentFlag.AlignRight)
        line.addWidget(name)
        line.addWidget(self.says, 1)
        self.body.addLayout(line)
        self._note = Elided(note)
        self._note.setObjectName("note")

    def fill(self, content: QtWidgets.QWidget) -> None:
        """Put the drawing in, with the note below; the panel takes the focus for it, unless keys scroll it."""
        if isinstance(content, QtWidgets.QTextEdit):
            self.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
            content.setAccessibleName(self.accessibleName())
        else:
            content.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        self.body.addWidget(content, 1)
        if self._note.text():
            self.body.addWidget(self._note)

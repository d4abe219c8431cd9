"""A framed part of the window with a title, what it says now, and room for a drawing."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import theme


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
        self.body = QtWidgets.QVBoxLayout(self)
        self.body.setContentsMargins(8, 5, 8, 6)
        self.body.setSpacing(2)
        line = QtWidgets.QHBoxLayout()
        name = QtWidgets.QLabel(title)
        name.setObjectName("title")
        self.says = QtWidgets.QLabel("")
        self.says.setAlignment(QtCore.Qt.AlignmentFlag.AlignRight)
        self.says.setSizePolicy(  # a long word is cut off rather than the window widened
            QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred
        )
        line.addWidget(name)
        line.addWidget(self.says, 1)
        self.body.addLayout(line)
        self._note = QtWidgets.QLabel(note)
        self._note.setObjectName("note")
        self._note.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        if note:
            self._note.setToolTip(note)

    def room(self) -> QtWidgets.QWidget:
        """Fill it with something to lay out widgets in, which is returned."""
        room = QtWidgets.QWidget()
        room.setObjectName("room")
        room.setStyleSheet(f"#room {{ background: {theme.PANEL}; }}")
        self.fill(room)
        return room

    def fill(self, content: QtWidgets.QWidget) -> None:
        """Put the drawing in, with the note below."""
        self.body.addWidget(content, 1)
        if self._note.text():
            self.body.addWidget(self._note)

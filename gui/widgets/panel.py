"""A framed part of the window with a title, what it says now, and room for a drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui import theme
from wavestim.gui.widgets.elided import Elided


class Panel(QtWidgets.QFrame):
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
        self.head = line = QtWidgets.QHBoxLayout()
        name = QtWidgets.QLabel(title)
        name.setObjectName("title")
        self.says = Elided()
        self.says.setAlignment(QtCore.Qt.AlignmentFlag.AlignRight)
        line.addWidget(name)
        line.addWidget(self.says, 1)
        self.body.addLayout(line)
        self._note = Elided(note)
        self._note.setObjectName("note")

    def add_button(
        self, text: str, tip: str, do: Callable[[], object], *, key: str = "", down: bool | None = None
    ) -> QtWidgets.QPushButton:
        """A small button in the title line, with a key of its own while the page is shown; ``down``: it stays down, and is so now."""
        self._make_room()
        button = QtWidgets.QPushButton(text)
        button.setObjectName("small")
        button.setToolTip(tip)
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        if down is not None:
            button.setCheckable(True)
            button.setChecked(down)
        button.clicked.connect(lambda _=False: do())
        if key:
            shortcut = QtWidgets.QShortcut(QtGui.QKeySequence(key), self)
            shortcut.setWhatsThis(tip.removesuffix(f" ({key})"))
            shortcut.activated.connect(button.click)
        self.head.addWidget(button)
        return button

    def add_choice(self, choices: Mapping[str, str], tip: str, do: Callable[[str], object], *, chosen: str) -> QtWidgets.QComboBox:
        """A choice in the title line: words by what they stand for."""
        self._make_room()
        box = QtWidgets.QComboBox()
        box.setObjectName("small")
        box.setToolTip(tip)
        box.setAccessibleName(tip)
        for value, text in choices.items():
            box.addItem(text, value)
        box.setCurrentIndex(list(choices).index(chosen))
        box.activated.connect(lambda at: do(box.itemData(at)))
        self.head.addWidget(box)
        return box

    def _make_room(self) -> None:
        """Where there is something to press, what it says has a line of its own."""
        if self.head.indexOf(self.says) >= 0:
            self.head.removeWidget(self.says)
            self.head.addStretch(1)
            self.says.setAlignment(QtCore.Qt.AlignmentFlag.AlignLeft)
            self.body.insertWidget(1, self.says)

    def room(self) -> QtWidgets.QWidget:
        """Fill it with something to lay out widgets in, which is returned."""
        room = QtWidgets.QWidget()
        room.setObjectName("room")
        room.setStyleSheet(f"#room {{ background: {theme.PANEL}; }}")
        self.fill(room)
        return room

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

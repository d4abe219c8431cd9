"""What can be done with the experiment as a whole, how much is wrong with it, and which file it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pyqtgraph.Qt import QtWidgets
from wavestim.controller.experiment import example_names
from wavestim.gui.widgets.editor.sections import button
from wavestim.gui.words import editor as words


class Files(Protocol):
    """Who opens and saves."""

    def new(self, example: str | None = None) -> None: ...
    def choose_file(self) -> None: ...
    def save(self) -> None: ...
    def save_as(self) -> None: ...


class Tools(QtWidgets.QWidget):
    """See the module.

    Parameters
    ----------
    files : Files
    undo, redo : callable
    count : QLabel
        Of what is wrong.
    """

    def __init__(self, files: Files, undo: Callable[[], object], redo: Callable[[], object], count: QtWidgets.QLabel) -> None:
        super().__init__()
        self.new: QtWidgets.QToolButton = button(words.NEW, words.NEW_HELP, lambda: self.new.showMenu())
        menu = QtWidgets.QMenu(self.new)
        menu.addAction(words.EMPTY, lambda: files.new())
        for example in example_names():
            menu.addAction(words.copied(example), lambda example=example: files.new(example))
        self.new.setMenu(menu)
        self.new.setPopupMode(QtWidgets.QToolButton.ToolButtonPopupMode.InstantPopup)
        self.open = button(words.OPEN, words.OPEN_HELP, files.choose_file)
        self.save = button(words.SAVE, words.SAVE_HELP, files.save)
        self.save_as = button(words.SAVE_AS, words.SAVE_AS_HELP, files.save_as)
        self.undo = button(words.UNDO, words.UNDO_HELP, undo)
        self.redo = button(words.REDO, words.REDO_HELP, redo)
        self.name = QtWidgets.QLabel()
        self.name.setObjectName("title")
        self.name.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        self._all = (self.new, self.open, self.save, self.save_as, self.undo, self.redo)
        line = QtWidgets.QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(6)
        for one in self._all:
            line.addWidget(one)
        line.addSpacing(10)
        line.addWidget(count)
        line.addSpacing(10)
        line.addWidget(self.name, 1)

    def lock(self, locked: bool) -> None:
        """Nothing can be done."""
        for one in self._all:
            one.setEnabled(not locked)

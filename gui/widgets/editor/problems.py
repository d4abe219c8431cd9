"""How much is wrong, and each thing in a line: a click, or Enter, goes to its field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.controller.experiment.problems import Problem
from wavestim.gui import theme
from wavestim.gui.words import editor as words

SHOWN = 3
Signal: Any = QtCore.Signal


class Problems(QtWidgets.QWidget):
    """See the module; ``asked`` for the place of one."""

    asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.count = QtWidgets.QLabel()
        self.list = QtWidgets.QListWidget()
        self.list.setObjectName("problems")
        self.list.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._go)
        self.list.itemActivated.connect(self._go)
        self._told: tuple[Problem, ...] | None = None
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(2)
        rows.addWidget(self.list)
        self.list.hide()

    def tell(self, problems: Sequence[Problem], looking: bool = False) -> None:
        """What is wrong now."""
        said = words.LOOKING if looking else words.count(len(problems))
        colour = theme.DIM if looking else theme.LINES["bad"] if problems else theme.GOOD
        self.count.setText(said)
        self.count.setStyleSheet(f"color: {colour}; font-weight: bold")
        if self._told == tuple(problems):
            return
        self._told = tuple(problems)
        self.list.clear()
        for problem in problems:
            item = QtWidgets.QListWidgetItem(words.problem(problem.sentence, problem.line))
            item.setData(QtCore.Qt.ItemDataRole.UserRole, problem)
            item.setToolTip(problem.sentence)
            self.list.addItem(item)
        self.list.setVisible(bool(problems))
        row = self.list.sizeHintForRow(0) if problems else 0
        self.list.setFixedHeight(row * min(len(problems), SHOWN) + 6)

    def _go(self, item: Any) -> None:
        self.asked.emit(item.data(QtCore.Qt.ItemDataRole.UserRole))

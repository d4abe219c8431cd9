"""The checks of a preflight: a shape, a word and a colour for each, what was seen, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui import theme
from wavestim.gui.preflight import Check
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.words import preflight as words


class Checks(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.TITLE)
        self.table = QtWidgets.QTableWidget(0, len(words.HEADS))
        self.table.setObjectName("checks")
        self.table.setHorizontalHeaderLabels(words.HEADS)
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setWordWrap(True)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(QtCore.Qt.AlignmentFlag.AlignLeft)
        for column in (0, 1):
            header.setSectionResizeMode(column, QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        for column in (2, 3):
            header.setSectionResizeMode(column, QtWidgets.QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().setSectionResizeMode(QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        self.fill(self.table)
        self._told: tuple[Check, ...] = ()

    def tell(self, checks: Sequence[Check]) -> None:
        """Show them, what is wrong on top."""
        checks = sorted(checks, key=lambda check: words.WORST_FIRST.index(check.level))
        if tuple(checks) == self._told:
            return
        self._told = tuple(checks)
        colours = {"green": theme.GOOD, "amber": theme.WARN, "red": theme.LINES["bad"]}
        bold = self.table.font()
        bold.setBold(True)
        self.table.setRowCount(len(checks))
        for row, check in enumerate(checks):
            for column, text in enumerate((words.LEVELS[check.level], check.check, check.what, check.do)):
                item = QtWidgets.QTableWidgetItem(text)
                item.setToolTip(text)
                item.setTextAlignment(int(QtCore.Qt.AlignmentFlag.AlignTop | QtCore.Qt.AlignmentFlag.AlignLeft))
                if column == 0:
                    item.setForeground(QtGui.QColor(colours[check.level]))
                if column < 2 and check.level != "green":
                    item.setFont(bold)
                self.table.setItem(row, column, item)

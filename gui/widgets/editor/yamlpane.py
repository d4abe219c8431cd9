"""The text itself: typed by hand, or changed by the form as if by hand, so that every change can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui import theme
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.words import editor as words

Signal: Any = QtCore.Signal


class _Numbers(QtWidgets.QWidget):
    """The numbers of the lines."""

    def __init__(self, pane: Text) -> None:
        super().__init__(pane)
        self._pane = pane

    def paintEvent(self, event: Any) -> None:
        """Draw those that are seen."""
        self._pane.paint_numbers(event)


class Text(QtWidgets.QPlainTextEdit):
    """Plain text with the numbers of its lines."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("yaml")
        self.setFont(theme.mono())
        self.setLineWrapMode(QtWidgets.QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self._numbers = _Numbers(self)
        self._wide = self.fontMetrics().horizontalAdvance("0000") + 8
        self.setViewportMargins(self._wide, 0, 0, 0)
        self.updateRequest.connect(lambda rect, dy: self._numbers.scroll(0, dy) if dy else self._numbers.update())
        self._marked: frozenset[int] = frozenset()

    def resizeEvent(self, event: Any) -> None:
        """Keep the numbers beside the text."""
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._numbers.setGeometry(inside.left(), inside.top(), self._wide, inside.height())

    def paint_numbers(self, event: Any) -> None:
        """Of the lines that are seen."""
        painter = QtGui.QPainter(self._numbers)
        painter.fillRect(event.rect(), QtGui.QColor(theme.GROUND))
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        top, height = self.blockBoundingGeometry(block).translated(self.contentOffset()).top(), self.fontMetrics().height()
        while block.isValid() and top <= event.rect().bottom():
            line = block.blockNumber() + 1
            painter.setPen(QtGui.QColor(theme.LINES["bad"] if line in self._marked else theme.DIM))
            mark = "▲" if line in self._marked else ""
            painter.drawText(0, int(top), self._wide - 6, height, QtCore.Qt.AlignmentFlag.AlignRight, f"{mark}{line}")
            top += self.blockBoundingRect(block).height()
            block = block.next()
        painter.end()

    def mark(self, lines: Sequence[int]) -> None:
        """Lines on which something is wrong."""
        self._marked = frozenset(lines)
        self._numbers.update()


class YamlPane(Panel):
    """See the module; ``typed`` is told of every change by hand."""

    typed = Signal()

    def __init__(self) -> None:
        super().__init__(words.YAML, words.YAML_HELP)
        self.text = Text()
        self.fill(self.text)
        self._ours = False
        self.text.textChanged.connect(lambda: None if self._ours else self.typed.emit())

    @property
    def content(self) -> str:
        """The text."""
        return str(self.text.toPlainText())

    def begin(self, text: str) -> None:
        """Another document: there is nothing to take back."""
        self._ours = True
        self.text.setPlainText(text)
        self._ours = False

    def change_to(self, text: str) -> None:
        """What differs is replaced, as one step that can be taken back."""
        before = self.content
        if text == before:
            return
        begin = next((i for i, (a, b) in enumerate(zip(before, text, strict=False)) if a != b), min(len(before), len(text)))
        most = min(len(before), len(text)) - begin
        end = next((i for i in range(most) if before[-1 - i] != text[-1 - i]), most)
        self._ours = True
        cursor = self.text.textCursor()
        cursor.beginEditBlock()
        cursor.setPosition(_units(before[:begin]))
        cursor.setPosition(_units(before[: len(before) - end]), QtGui.QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(text[begin : len(text) - end])
        cursor.endEditBlock()
        self._ours = False

    def go_to(self, line: int) -> None:
        """Show a line, and put the cursor there."""
        block = self.text.document().findBlockByNumber(line - 1)
        if block.isValid():
            cursor = self.text.textCursor()
            cursor.setPosition(block.position())
            self.text.setTextCursor(cursor)
            self.text.centerCursor()
            self.text.setFocus(QtCore.Qt.FocusReason.ShortcutFocusReason)


def _units(text: str) -> int:
    """Length as Qt counts it: UTF-16."""
    return len(text.encode("utf-16-le")) // 2

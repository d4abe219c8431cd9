"""What happened and why light was withheld, in words, newest below."""

from __future__ import annotations

from html import escape

from pyqtgraph.Qt import QtWidgets
from wavestim.gui import theme, words
from wavestim.gui.eventlog import EventLog
from wavestim.gui.widgets.panel import Panel

SHOWN = 60


class Log(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.LOG)
        self._text = QtWidgets.QTextEdit()
        self._text.setReadOnly(True)
        self.fill(self._text)
        self._shown: tuple[int, int] = (0, -1)

    def show_log(self, log: EventLog) -> None:
        """Write."""
        if self._shown == (id(log), log.changes):
            return
        self._shown = (id(log), log.changes)
        lines = [
            f"<span style='color:{theme.DIM}'>{words.clock(max(line.at_s, 0))}</span>&nbsp; "
            f"<span style='color:{theme.LINES[line.level]}'>{escape(line.text)}{f' ×{line.times}' if line.times > 1 else ''}</span>"
            for line in list(log.lines)[-SHOWN:]
        ]
        self._text.setHtml("<br>".join(lines))
        bar = self._text.verticalScrollBar()
        bar.setValue(bar.maximum())

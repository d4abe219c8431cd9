"""What happened and why light was withheld, in words, newest below."""

from __future__ import annotations

from html import escape

from pyqtgraph.Qt import QtWidgets
from wavestim.gui import theme, words
from wavestim.gui.eventlog import EventLog
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.words import live

SHOWN = 200


class Log(Panel):
    """See the module. ``only`` is what is listed."""

    def __init__(self) -> None:
        super().__init__(words.LOG)
        self.only = "all"
        self.choice = self.add_choice(live.LOG_CHOICES, live.LOG_TIP, self.choose, chosen=self.only)
        self._text = QtWidgets.QTextEdit()
        self._text.setReadOnly(True)
        self.fill(self._text)
        self._shown: tuple[object, ...] = ()
        self._follows, bar = True, self._text.verticalScrollBar()
        """Nobody scrolled away from the end."""
        bar.actionTriggered.connect(lambda _: self._scrolled())
        bar.rangeChanged.connect(lambda _, most: bar.setValue(most) if self._follows else None)

    def choose(self, only: str) -> None:
        """List one of :data:`wavestim.gui.eventlog.LEVELS`."""
        self.only = only

    def show_log(self, log: EventLog, *, complete: bool) -> None:
        """Write; ``complete``: nothing of what came before is missing."""
        self.says.setText("" if complete else live.CATCHING_UP)
        if self._shown == (id(log), log.changes, self.only):
            return
        self._shown = (id(log), log.changes, self.only)
        lines = [
            f"<span style='color:{theme.DIM}'>{words.clock(max(line.at_s, 0))}</span>&nbsp; "
            f"<span style='color:{theme.LINES[line.level]}'>{escape(line.text)}{f' ×{line.times}' if line.times > 1 else ''}</span>"
            for line in log.only(self.only)[-SHOWN:]
        ]
        bar = self._text.verticalScrollBar()
        at = bar.value()
        self._text.setHtml("<br>".join(lines))
        bar.setValue(bar.maximum() if self._follows else at)

    def _scrolled(self) -> None:
        bar = self._text.verticalScrollBar()
        self._follows = bar.sliderPosition() >= bar.maximum() - 4

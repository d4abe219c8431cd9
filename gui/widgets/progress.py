"""How far the session is: pulses by what became of them, and how many each condition has had."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.widgets.panel import Panel

BAR = 14
"""Squares of the longest bar."""


class Progress(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.PROGRESS)
        self._text = QtWidgets.QLabel()
        self._text.setWordWrap(True)
        self._text.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self.fill(self._text)
        self._said = ""

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""

    def show_now(self, knowledge: Knowledge) -> None:
        """Write."""
        status, counts = knowledge.status, knowledge.pulses
        self.says.setText(words.course(status))
        pulses = status.get("pulses") or {}
        most = max([*counts.conditions.values(), 1])
        rows = "".join(_row(name, counts.conditions[name], most, bool(leds)) for name, leds in knowledge.facts.lit.items())
        told = " · ".join(f"<b>{pulses.get(name, 0)}</b> {name}" for name in ("fired", "dark", "missed", "refused"))
        text = f"<p>{told} · <b>{sum(counts.vetoes.values())}</b> {words.WITHHELD}</p><table cellspacing=2>{rows}</table>"
        if text != self._said:
            self._said = text
            self._text.setText(text)


def _row(name: str, count: int, most: int, lit: bool) -> str:
    """One condition, with a bar."""
    bar = f"<span style='color:{theme.LIGHT if lit else theme.TARGET}'>{'■' * round(BAR * count / most)}</span>"
    return f"<tr><td>{name}&nbsp;</td><td align=right><b>{count}</b>&nbsp;</td><td>{bar}</td></tr>"

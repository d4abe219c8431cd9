"""How far the session is: pulses by what became of them, how many each condition has had and will have, and what is left."""

from __future__ import annotations

from html import escape

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.timeleft import time_left_s
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.words import live

USUAL, SELDOM = ("fired", "dark", "missed", "refused"), ("cut", "lost")
"""What becomes of pulses; some are told only when there is one."""
BAR = 14
"""Squares of the longest bar."""


class Progress(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.PROGRESS)
        self._text = QtWidgets.QLabel()
        self._text.setWordWrap(True)
        self._text.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        scroll = QtWidgets.QScrollArea()  # of many conditions
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scroll.setWidget(self._text)
        self.fill(scroll)
        self._said = ""

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""

    def show_now(self, knowledge: Knowledge) -> None:
        """Write."""
        status, counts, plan = knowledge.status, knowledge.pulses, knowledge.facts.plan
        left = live.left(time_left_s(plan, status, counts.conditions, knowledge.running_s) if knowledge.fresh else None)
        self.says.setText(" · ".join(part for part in (words.course(status), left) if part))
        most = max([*counts.conditions.values(), *plan.conditions.values(), 1])
        rows = "".join(
            _row(name, counts.conditions[name], plan.conditions.get(name), most, bool(leds)) for name, leds in knowledge.facts.lit.items()
        )
        became = [(counts.verdicts[name], name) for name in (*USUAL, *SELDOM) if name in USUAL or counts.verdicts[name]]
        told = " · ".join(f"<b>{n}</b>&nbsp;{name}" for n, name in [*became, (counts.vetoes.total(), words.WITHHELD)])
        text = f"<p>{told}</p><table cellspacing=2>{rows}</table>"
        if text != self._said:
            self._said = text
            self._text.setText(text)


def _row(name: str, count: int, of: int | None, most: int, lit: bool) -> str:
    """One condition, with a bar that is hollow as far as it is still to come."""
    full = round(BAR * count / most)
    hollow = max(round(BAR * of / most) - full, 0) if of is not None else 0
    bar = f"<span style='color:{theme.LIGHT if lit else theme.TARGET}'>{'■' * full}{'□' * hollow}</span>"
    told = f"<td align=right style='white-space: nowrap'><b>{live.count(count, of)}</b>&nbsp;</td>"
    return f"<tr><td>{escape(name)}&nbsp;</td>{told}<td>{bar}</td></tr>"

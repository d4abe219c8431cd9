"""The moment that is looked at: what the engine knew, the truth found afterwards beside it, and what happened around it."""

from __future__ import annotations

from html import escape

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import theme
from wavestim.gui.replay.desk import ReplayDesk
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.words import replay as words


class Told(Panel):
    """A panel of text."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self._text = QtWidgets.QTextEdit()
        self._text.setReadOnly(True)
        self._text.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        self.fill(self._text)

    def clear(self) -> None:
        """Nothing is open."""
        self.says.setText("")
        self.write("")

    def write(self, html: str) -> bool:
        """Write what is new, and say whether it was; what was scrolled to stays."""
        if self._text.property("told") == html:
            return False
        self._text.setProperty("told", html)
        bar = self._text.verticalScrollBar()
        at = bar.value()
        self._text.setHtml(html)
        bar.setValue(at)
        return True


class MomentPanel(Told):
    """What was known, and the truth."""

    def __init__(self) -> None:
        super().__init__(words.MOMENT)

    def show_now(self, desk: ReplayDesk) -> None:
        """Write."""
        knowledge, moment = desk.knowledge, desk.moment
        if knowledge is None or not moment:
            return
        rows = words.moment_rows(moment, knowledge.tick, knowledge.kind, desk.truth, desk.truth_of)
        head = "".join(f"<td style='color:{theme.DIM}'>{name}&nbsp;&nbsp;</td>" for name in words.MOMENT_HEADS)
        lines = "".join(
            f"<tr><td style='color:{theme.DIM}'>{name}&nbsp;&nbsp;</td><td><b>{knew}</b>&nbsp;&nbsp;</td>"
            f"<td style='color:{theme.GOOD}'>{true}&nbsp;&nbsp;</td><td>{apart}</td></tr>"
            for name, knew, true, apart in rows
        )
        how = words.HOW[str(desk.truth.get("how", ""))] if desk.truth else ""
        self.says.setText(words.LIGHT[str(moment["light"])] if moment["made"] else words.NOT_MADE)
        self.write(f"<table cellspacing=1><tr>{head}</tr>{lines}</table><p style='color:{theme.DIM}'>{words.TRUTH}: {escape(how)}</p>")


class PulsePanel(Told):
    """The pulse that was decided on last: as it was forecast, and as it was."""

    def __init__(self) -> None:
        super().__init__(words.PULSE)

    def show_now(self, desk: ReplayDesk) -> None:
        """Write."""
        if not desk.moment:
            return
        pulse, told = desk.moment["pulse"], f"<p>{words.NO_PULSE}</p>"
        if pulse is not None:
            recording = desk.kind == "recording"
            lines = words.pulse_lines(pulse, desk.moment["sample"], desk.timeline.fs_hz, desk.pulse_truth, recording)
            rows = "".join(f"<tr><td style='color:{theme.DIM}'>{name}&nbsp;&nbsp;</td><td>{escape(say)}</td></tr>" for name, say in lines)
            told = f"<table cellspacing=1>{rows}</table>"
        self.write(told)


class AroundPanel(Told):
    """What happened within a second of the moment; what was yet to come is dim."""

    def __init__(self) -> None:
        super().__init__(words.AROUND)

    def show_now(self, desk: ReplayDesk) -> None:
        """Write."""
        if not desk.moment:
            return
        recording = desk.kind == "recording"
        lines = words.around_lines(desk.moment["around"], desk.moment["sample"], desk.timeline.fs_hz, recording)
        rows = [
            f"<tr><td align=right style='color:{theme.DIM}'>{when}&nbsp;&nbsp;</td>"
            f"<td style='color:{theme.TEXT if over else theme.DIM}'>{escape(what)}</td></tr>"
            for when, what, over in lines
        ]
        rows.insert(sum(over for _, _, over in lines), f"<tr><td></td><td><b>{words.NOW}</b></td></tr>")
        if self.write(f"<table cellspacing=1>{''.join(rows)}</table>" if lines else f"<p>{words.QUIET}</p>"):
            bar, part = self._text.verticalScrollBar(), sum(over for _, _, over in lines) / len(rows)
            bar.setValue(round(part * (bar.maximum() + bar.pageStep()) - bar.pageStep() / 2))

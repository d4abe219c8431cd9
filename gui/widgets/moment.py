"""The moment that is looked at: what the engine knew, the truth found afterwards beside it, and what happened around it."""

from __future__ import annotations

from html import escape

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import theme
from wavestim.gui import words as common
from wavestim.gui.replay.desk import ReplayDesk
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.words import replay as words


class MomentPanel(Panel):
    """What was known, and the truth."""

    def __init__(self) -> None:
        super().__init__(words.MOMENT)
        self._text = text_of(self)

    def show_now(self, desk: ReplayDesk) -> None:
        """Write."""
        knowledge, moment = desk.knowledge, desk.moment
        if knowledge is None or not moment:
            return
        rows = words.moment_rows(moment, knowledge.tick, knowledge.kind, desk.truth, desk.truth_of)
        head = "".join(f"<td style='color:{theme.DIM}'>{name}&nbsp;&nbsp;</td>" for name in ("", "the engine knew", "the truth", "apart"))
        lines = "".join(
            f"<tr><td style='color:{theme.DIM}'>{name}&nbsp;&nbsp;</td><td><b>{knew}</b>&nbsp;&nbsp;</td>"
            f"<td style='color:{theme.GOOD}'>{true}&nbsp;&nbsp;</td><td>{apart}</td></tr>"
            for name, knew, true, apart in rows
        )
        how = words.HOW[str(desk.truth.get("how", ""))] if desk.truth else ""
        self.says.setText(words.LIGHT[str(moment["light"])] if moment["made"] else words.NOT_MADE)
        write(self._text, f"<table cellspacing=1><tr>{head}</tr>{lines}</table><p style='color:{theme.DIM}'>Truth: {escape(how)}</p>")


class PulsePanel(Panel):
    """The pulse that was decided on last: as it was forecast, and as it was."""

    def __init__(self) -> None:
        super().__init__(words.PULSE)
        self._text = text_of(self)

    def show_now(self, desk: ReplayDesk) -> None:
        """Write."""
        if not desk.moment:
            return
        pulse, told = desk.moment["pulse"], f"<p>{words.NO_PULSE}</p>"
        if pulse is not None:
            recording = desk.opened["kind"] == "recording"
            lines = words.pulse_lines(pulse, desk.moment["sample"], desk.timeline.fs_hz, desk.pulse_truth, recording)
            rows = "".join(f"<tr><td style='color:{theme.DIM}'>{name}&nbsp;&nbsp;</td><td>{escape(say)}</td></tr>" for name, say in lines)
            told = f"<table cellspacing=1>{rows}</table>"
        write(self._text, told)


class AroundPanel(Panel):
    """What happened within a second of the moment; what was yet to come is dim."""

    def __init__(self) -> None:
        super().__init__(words.AROUND)
        self._text = text_of(self)

    def show_now(self, desk: ReplayDesk) -> None:
        """Write."""
        if not desk.moment:
            return
        recording = desk.opened["kind"] == "recording"
        lines = words.around_lines(desk.moment["around"], desk.moment["sample"], desk.timeline.fs_hz, common.VETOES, recording)
        rows = [
            f"<tr><td align=right style='color:{theme.DIM}'>{when}&nbsp;&nbsp;</td>"
            f"<td style='color:{theme.TEXT if over else theme.DIM}'>{escape(what)}</td></tr>"
            for when, what, over in lines
        ]
        rows.insert(sum(over for _, _, over in lines), f"<tr><td></td><td><b>{words.NOW}</b></td></tr>")
        if write(self._text, f"<table cellspacing=1>{''.join(rows)}</table>" if lines else f"<p>{words.QUIET}</p>"):
            bar, part = self._text.verticalScrollBar(), sum(over for _, _, over in lines) / len(rows)
            bar.setValue(round(part * (bar.maximum() + bar.pageStep()) - bar.pageStep() / 2))


def text_of(panel: Panel) -> QtWidgets.QTextEdit:
    """Text to read, in a panel."""
    text = QtWidgets.QTextEdit()
    text.setReadOnly(True)
    text.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
    panel.fill(text)
    return text


def write(text: QtWidgets.QTextEdit, html: str) -> bool:
    """Write what is new, and say whether it was; what was scrolled to stays."""
    if text.property("told") == html:
        return False
    text.setProperty("told", html)
    bar = text.verticalScrollBar()
    at = bar.value()
    text.setHtml(html)
    bar.setValue(at)
    return True

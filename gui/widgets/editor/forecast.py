"""What the light of every condition does, and what the three walls would refuse; or the sentence with which it is refused."""

from __future__ import annotations

from html import escape

import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.controller.experiment.limits import board_duty
from wavestim.gui import theme
from wavestim.gui.editor import forecast
from wavestim.gui.editor.working import Planned
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import still_plot
from wavestim.gui.words import editor as words

STYLES = (QtCore.Qt.PenStyle.SolidLine, QtCore.Qt.PenStyle.DashLine, QtCore.Qt.PenStyle.DotLine, QtCore.Qt.PenStyle.DashDotLine)


class Forecast(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.FORECAST)
        self.text = QtWidgets.QLabel()
        self.text.setWordWrap(True)
        self.text.setContentsMargins(0, 0, 0, 0)
        self.text.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self.text.setToolTip(words.HEADS_HELP)
        scroll = QtWidgets.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        scroll.setWidget(self.text)
        self.plot = still_plot()
        self.plot.setMinimumHeight(80)
        for side, label in (("bottom", words.SECONDS), ("left", words.WARMING)):
            self.plot.getAxis(side).setTickFont(theme.small())
            self.plot.getAxis(side).setLabel(label, **{"font-size": f"{theme.px(9)}px", "color": theme.DIM})
        self.plot.getPlotItem().layout.setContentsMargins(0, 5, 4, 0)
        self.body.addWidget(scroll, 3)
        self.body.addWidget(self.plot, 2)
        self.wait()

    def wait(self) -> None:
        """It is worked out."""
        self.says.setText(words.WORKING)

    def nothing(self) -> None:
        """There is no light to speak of."""
        self.says.setText("")
        self.text.setText(words.NO_PATTERN)
        self.plot.hide()

    def refuse(self, sentence: str) -> None:
        """Why there is none."""
        self.says.setText("")
        bad = theme.LINES["bad"]
        self.text.setText(f"<p style='color:{bad}'><b>▲ {words.NOT_ALLOWED}</b></p><p style='color:{bad}'>{escape(sentence)}</p>")
        self.plot.hide()

    def show_plan(self, planned: Planned) -> None:
        """What it does."""
        found, rows = planned.figures, forecast.rows(planned.figures)
        self.says.setText(words.period(found["period_ms"]))
        board = planned.rehearsal.board
        heads = "".join(f"<th align=right style='white-space:nowrap'>{head}</th>" for head in words.HEADS)
        lines = "".join(
            f"<tr><td>{escape(row.condition)}{f' ({words.DARK})' if row.dark else ''}</td>"
            + "".join(f"<td align=right>{cell}</td>" for cell in row.cells)
            + "</tr>"
            for row in rows
        )
        walls = words.walls(found["limits"], board.max_pulse_us / 1000, board_duty(board), board.max_lit)
        warned = f"<p style='color:{theme.WARN}'>▲ {escape(found['unmeasured'])}.</p>" if found["unmeasured"] else ""
        small = f"font-size:{theme.px(11)}px"
        table = f"<table cellspacing=1 cellpadding=2 style='{small};white-space:nowrap'><tr><td></td>{heads}</tr>{lines}</table>"
        self.text.setText(f"{table}<p style='{small};color:{theme.DIM}'>{walls}</p>{warned}")
        self._draw(found, rows)

    def _draw(self, found: dict[str, object], rows: list[forecast.Row]) -> None:
        self.plot.show()
        self.plot.clear()
        top = 0.0
        seen: list[tuple[float, ...]] = []
        for row in rows:
            if row.dark or row.forecast_mk in seen:
                continue
            pen = pg.mkPen(theme.DATA, width=2, style=STYLES[len(seen) % len(STYLES)])
            seen.append(row.forecast_mk)
            self.plot.plot(found["forecast_s"], row.forecast_mk, pen=pen)
            top = max(top, *row.forecast_mk)
        limits = found["limits"]
        assert isinstance(limits, dict)
        limit_mk = 1000.0 * limits["max_temperature_rise_c"]
        if limit_mk <= 1.5 * top:
            self.plot.addItem(pg.InfiniteLine(limit_mk, angle=0, pen=pg.mkPen(theme.BAD, width=1.5), label=words.LIMIT))
        self.plot.setYRange(0, max(1.1 * top, limit_mk if limit_mk <= 1.5 * top else 0.0, 1e-3), padding=0.02)

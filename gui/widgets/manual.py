"""Light by hand: the LEDs as a map to click, or what to fire from a list; one click is one pulse. Framed in red while it is in use."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui import theme
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.widgets.button import Button
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import still_plot
from wavestim.gui.widgets.probemap import pitch_mm
from wavestim.gui.words import hands

ALLOWED = ("armed", "held")
USUAL_MS = 5.0
SHINES_S = 0.4
"""A pulse lasts some ms; it is shown long enough to be seen."""


class ManualPanel(Panel):
    """See the module.

    Parameters
    ----------
    order : callable
        Gives an order to the session.
    """

    def __init__(self, order: Callable[..., None]) -> None:
        super().__init__(hands.MANUAL, hands.MANUAL_HELP)
        self._order = order
        self._facts: Facts | None = None
        self._leds_mm = np.zeros((0, 2))
        self._came, self._shines_to_s = 0, 0.0
        self._fired: tuple[int, ...] = ()
        self._offered: list[tuple[str, Any]] = []
        self._state, self._told = "idle", dict[str, Any]()
        self.overridden = False
        self.take = Button(hands.TAKE_OVER, hands.TAKE_OVER_HELP, self.toggle)
        self.hold = Button(hands.HOLD, hands.HOLD_HELP, self.turn_hold)
        self.fire = Button(hands.FIRE, hands.FIRE_HELP, self.fire_once)
        self.fire.setStyleSheet(f"QPushButton:enabled {{ color: {theme.LIGHT}; border-color: {theme.LIGHT}; }}")
        self.what, self.width = QtWidgets.QComboBox(), QtWidgets.QComboBox()
        self.what.setToolTip(hands.WHAT_HELP)
        self.width.setToolTip(hands.WIDTH_HELP)
        self.outcome = QtWidgets.QLabel("")
        self.outcome.setWordWrap(True)
        self.plot = still_plot()
        self.plot.setAspectLocked(True)
        for side in ("left", "bottom"):
            self.plot.hideAxis(side)
        self._electrodes = pg.ScatterPlotItem(pxMode=True, size=4, brush=theme.LINE, pen=None)
        self.leds = pg.ScatterPlotItem(pxMode=False, symbol="s")
        self.leds.sigClicked.connect(self._clicked)
        self._numbers: list[pg.TextItem] = []
        for item in (self._electrodes, self.leds):
            self.plot.addItem(item)
        self.what.currentIndexChanged.connect(self._draw)
        self._lay_out()
        self.show_state("idle", None)

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        self._facts = facts
        self._leds_mm = np.asarray(facts.about.leds_mm, np.float64).reshape(-1, 2)
        places = np.asarray(facts.about.positions_mm, np.float64).reshape(-1, 2)
        self._electrodes.setData(x=places[:, 0], y=places[:, 1])
        for text in self._numbers:
            self.plot.removeItem(text)
        self._numbers = [pg.TextItem(str(i), color=theme.DIM, anchor=(0.5, 0.5)) for i in range(len(self._leds_mm))]
        for text, place in zip(self._numbers, self._leds_mm, strict=True):
            self.plot.addItem(text)
            text.setPos(*place)
        self._came, self._told = 0, {}
        self._choices({})
        self.plot.autoRange(padding=0.12)

    def toggle(self) -> None:
        """Take over, or give back."""
        self._set(not self.overridden and self._state in ALLOWED)

    def turn_hold(self) -> None:
        """Hold the experiment, or let it go on."""
        if self._state == "running":
            self._order("pause")
        elif self._state == "held":
            self._set(False)
            self._order("resume")

    def fire_once(self) -> None:
        """What is chosen, once."""
        kind, value = self._chosen
        if not (self.overridden and kind and self.fire.isEnabled()):
            return
        self._fired = self._leds_of(kind, value)
        more = {"led": value, "width_ms": self.width.currentData()} if kind == "led" else {"condition": value}
        self._order("test", **more)

    def show_state(self, state: str, knowledge: Knowledge | None) -> None:
        """What may be done now, and what became of the last one."""
        self._state = state
        status: Mapping[str, Any] = knowledge.status.get("manual") or {} if knowledge is not None else {}
        if status.get("widths_ms") != self._told.get("widths_ms") or status.get("conditions") != self._told.get("conditions"):
            self._choices(status)
        self._told = dict(status)
        allowed = state in ALLOWED and bool(status)
        if self.overridden and not allowed:
            self._set(False)
        self.take.setEnabled(allowed)
        self.hold.setEnabled(state in ("running", "held"))
        self.hold.setText(hands.RESUME if state == "held" else hands.HOLD)
        for widget in (self.what, self.width):
            widget.setEnabled(self.what.count() > 0)
        self.fire.setEnabled(self.overridden and self.what.count() > 0 and not status.get("busy", False))
        if not self.overridden:
            self.says.setText(hands.NO_SESSION if knowledge is None else hands.NOT_ALLOWED.get(state, hands.NOT_NOW) or hands.READY)
        if knowledge is not None:
            by_hand = knowledge.pulses.by_hand
            self.outcome.setText("  ·  ".join(part for part in (by_hand.outcome, str(status.get("why_not", ""))) if part))
            if by_hand.came != self._came:
                self._came, self._shines_to_s = by_hand.came, time.monotonic() + SHINES_S
            self._draw()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Return fires what is chosen; held down it is one press."""
        if event.key() in (QtCore.Qt.Key.Key_Return, QtCore.Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.fire_once()
        else:
            super().keyPressEvent(event)

    def _set(self, overridden: bool) -> None:
        self.overridden = overridden
        self.take.setText(hands.GIVE_BACK if overridden else hands.TAKE_OVER)
        self.setStyleSheet(f"QFrame#panel {{ border: 3px solid {theme.BAD}; }}" if overridden else "")
        self.says.setStyleSheet(f"color: {theme.LINES['bad']}; font-weight: bold" if overridden else "")
        if overridden:
            self.setFocus()  # Return fires
            self.says.setText(hands.OVERRIDDEN)
            self.fire.setEnabled(self.what.count() > 0)

    def _choices(self, status: Mapping[str, Any]) -> None:
        was, wide = self.what.currentText(), self.width.currentText() or hands.width(USUAL_MS)
        self.what.clear()
        self.width.clear()
        widths = status.get("widths_ms") or ()
        for width in widths:
            self.width.addItem(hands.width(width), width)
        self._offered = [("led", led) for led in range(len(self._leds_mm))] if widths else []
        self._offered += [("condition", condition) for condition in status.get("conditions") or ()]
        self.what.addItems([hands.led(value) if kind == "led" else hands.pattern_of(value) for kind, value in self._offered])
        for box, before in ((self.what, was), (self.width, wide)):
            box.setCurrentIndex(max(box.findText(before), 0))

    def _clicked(self, item: object, points: list[Any], *more: object) -> None:
        """An LED of the map: chosen, and fired while it is taken over."""
        at = self.what.findText(hands.led(int(points[0].index())))
        if at >= 0:
            self.what.setCurrentIndex(at)
            self.fire_once()

    @property
    def _chosen(self) -> tuple[str, Any]:
        at = self.what.currentIndex()
        return self._offered[at] if 0 <= at < len(self._offered) else ("", "")

    def _leds_of(self, kind: str, value: Any) -> tuple[int, ...]:
        if kind == "led":
            return (int(value),)
        return () if self._facts is None else self._facts.lit.get(str(value), ())

    def _draw(self, *_: object) -> None:
        if not len(self._leds_mm):
            return
        chosen = self._leds_of(*self._chosen)
        shining = self._fired if time.monotonic() < self._shines_to_s else ()
        filled, hollow = pg.mkBrush(theme.LIGHT), pg.mkBrush(theme.PANEL)
        usual, picked = pg.mkPen(theme.LIGHT, width=1.5), pg.mkPen(theme.TARGET, width=4)
        n = range(len(self._leds_mm))
        self.leds.setData(
            x=self._leds_mm[:, 0],
            y=self._leds_mm[:, 1],
            size=0.6 * pitch_mm(self._leds_mm),
            pen=[picked if i in chosen else usual for i in n],
            brush=[filled if i in shining else hollow for i in n],
        )

    def _lay_out(self) -> None:
        content = self.room()
        rows = QtWidgets.QVBoxLayout(content)
        rows.setContentsMargins(0, 2, 0, 2)
        above, below = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        above.addWidget(self.take, 1)
        above.addWidget(self.hold, 1)
        for name, box, part in ((hands.WHAT, self.what, 3), (hands.WIDTH, self.width, 1)):
            label = QtWidgets.QLabel(name)
            label.setBuddy(box)
            box.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
            below.addWidget(label)
            below.addWidget(box, part)
        rows.addLayout(above)
        rows.addWidget(self.plot, 1)
        rows.addLayout(below)
        rows.addWidget(self.fire)
        rows.addWidget(self.outcome)

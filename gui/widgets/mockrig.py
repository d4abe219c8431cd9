"""The mock rig in the hand: sliders for the simulated cortex and buttons that break things, each with what should happen in words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui.widgets.button import Button
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.words import hands

SETTLES_S = 1.0
"""A slider that was moved stands where it is for so long, then it follows what the session says."""
SENT_EVERY_S = 0.2


@dataclass
class Knob:
    """A slider: its name in an order, its range in whole steps, and how it is said."""

    name: str
    key: str
    low: int
    high: int
    step: float
    said: Callable[[float], str]


KNOBS = (
    Knob(hands.DIRECTION, "direction_deg", -35, 36, 5.0, hands.degrees),
    Knob(hands.SPEED, "speed_mm_s", 1, 80, 10.0, hands.speed),
    Knob(hands.NOISE, "snr_db", -20, 20, 1.0, hands.decibel),
)


class Slider(QtWidgets.QSlider):
    """One knob; sends what it is set to, not more often than five times a second."""

    def __init__(self, knob: Knob, label: QtWidgets.QLabel) -> None:
        super().__init__(QtCore.Qt.Orientation.Horizontal)
        self.knob, self._label = knob, label
        self.setRange(knob.low, knob.high)
        self.setToolTip(hands.SLIDERS_HELP[knob.name])
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self._moved_s = self._sent_s = 0.0
        self._waits = self._follows = False
        self.valueChanged.connect(self._moved)

    @property
    def wanted(self) -> float:
        """What it is set to."""
        return float(self.value() * self.knob.step)

    def due(self, now_s: float) -> float | None:
        """What is to be sent now."""
        if not self._waits or now_s - self._sent_s < SENT_EVERY_S:
            return None
        self._waits, self._sent_s = False, now_s
        return self.wanted

    def follow(self, value: float, now_s: float) -> None:
        """What the session says, unless a hand is on it."""
        if self.isSliderDown() or self._waits or now_s - self._moved_s < SETTLES_S:
            return
        self._follows = True
        self.setValue(round(value / self.knob.step))
        self._follows = False
        self._label.setText(self.knob.said(value))

    def _moved(self, value: int) -> None:
        if not self._follows:
            self._waits, self._moved_s = True, time.monotonic()
            self._label.setText(self.knob.said(self.wanted))


class MockPanel(Panel):
    """See the module.

    Parameters
    ----------
    order : callable
        Gives an order to the session.
    """

    def __init__(self, order: Callable[..., None]) -> None:
        super().__init__(hands.MOCK, hands.MOCK_HELP)
        self._order = order
        self._told: Mapping[str, Any] = {}
        self.state = QtWidgets.QComboBox()
        self.state.setToolTip(hands.STATE_HELP)
        self.state.activated.connect(lambda _: self._order("mock", do="wave", state=self.state.currentText()))
        self.sliders: dict[str, Slider] = {}
        self.buttons: dict[str, Button] = {}
        self.channel, self.shows = QtWidgets.QSpinBox(), QtWidgets.QComboBox()
        for key, text in hands.SHOWS.items():
            self.shows.addItem(text, key)
        self.apply = Button(hands.APPLY, hands.CHANNEL_HELP, self._spoil)
        self._lay_out()

    def begin(self, n_channels: int) -> None:
        """A session with so many electrodes."""
        self.channel.setRange(0, max(n_channels - 1, 0))

    def show_mock(self, told: Mapping[str, Any]) -> None:
        """``mock`` of a status."""
        now_s, wave, streams = time.monotonic(), told.get("wave"), bool(told.get("streams"))
        if told.get("states") != self._told.get("states"):
            self.state.clear()
            self.state.addItems(told.get("states") or [])
        self._told = told
        self.says.setText(hands.RECORDING if wave is None and streams else "")
        self.state.setEnabled(wave is not None and streams)
        for key, slider in self.sliders.items():
            slider.setEnabled(wave is not None and streams)
            if wave is not None:
                value = slider.due(now_s)
                if value is not None:
                    self._order("mock", do="wave", **{key: value})
                slider.follow(float(wave[key]), now_s)
        if wave is not None and not self.state.hasFocus():
            self.state.setCurrentText(str(wave["state"]))
        for name, button in self.buttons.items():
            button.setEnabled(streams or (name == "unplug" and told.get("plugged") is not None))
        self.buttons["unplug"].setEnabled(told.get("plugged") is not None)
        self.buttons["unplug"].setText(hands.PLUG if told.get("plugged") is False else self._text("unplug"))
        self.buttons["leds"].setText(self._text("leds") if told.get("leds_in", True) else hands.LEDS_IN)
        self.apply.setEnabled(streams)

    def _press(self, name: str) -> None:
        sent = dict(next(sent for key, _, sent, _ in hands.ACTIONS if key == name))
        if name == "unplug" and self._told.get("plugged") is False:
            sent = {"do": "plug"}
        if name == "leds" and not self._told.get("leds_in", True):
            sent = {"do": "leds-in"}
        self._order("mock", **sent)

    def _spoil(self) -> None:
        self._order("mock", do="channel", channel=self.channel.value(), shows=self.shows.currentData())

    def _text(self, name: str) -> str:
        return next(text for key, text, _, _ in hands.ACTIONS if key == name)

    def _lay_out(self) -> None:
        content = self.room()
        grid = QtWidgets.QGridLayout(content)
        grid.setContentsMargins(0, 4, 0, 2)
        grid.setColumnStretch(1, 1)
        grid.addWidget(_label(hands.STATE, self.state), 0, 0)
        grid.addWidget(self.state, 0, 1, 1, 2)
        row = 1
        for knob in KNOBS:
            value = QtWidgets.QLabel(knob.said(0.0))
            value.setMinimumWidth(70)
            slider = self.sliders[knob.key] = Slider(knob, value)
            grid.addWidget(_label(knob.name, slider), row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(value, row, 2)
            row += 1
        for name, text, _, should in hands.ACTIONS:
            button = self.buttons[name] = Button(text, should, partial(self._press, name))
            grid.addWidget(button, row, 0)
            grid.addWidget(_says(should), row, 1, 1, 2)
            row += 1
        line = QtWidgets.QHBoxLayout()
        line.addWidget(_label(hands.CHANNEL, self.channel))
        line.addWidget(self.channel)
        line.addWidget(self.shows, 1)
        line.addWidget(self.apply)
        grid.addLayout(line, row, 0, 1, 3)
        grid.addWidget(_says(hands.CHANNEL_HELP), row + 1, 0, 1, 3)
        grid.setRowStretch(row + 2, 1)


def _label(text: str, buddy: QtWidgets.QWidget) -> QtWidgets.QLabel:
    label = QtWidgets.QLabel(text)
    label.setBuddy(buddy)
    return label


def _says(text: str) -> QtWidgets.QLabel:
    label = QtWidgets.QLabel(text)
    label.setObjectName("note")
    label.setWordWrap(True)
    return label

"""The probe from above: phase as hue, certainty as saturation, amplitude as size, direction as an arrow, LEDs that fill while lit."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import Spots, still_plot

PHASES = 64
LIT_S = 0.15
"""A pulse lasts some ms; it is shown long enough to be seen."""
AMPLITUDE_S = 0.3


class ProbeMap(Panel):
    """See the module."""

    def __init__(self) -> None:
        super().__init__(words.MAP, words.MAP_HELP)
        self.plot = still_plot()
        self.plot.setAspectLocked(True)
        self.plot.setLabel("bottom", "x", units=None)
        self.plot.getAxis("bottom").setLabel("mm")
        self.electrodes = Spots()
        self.leds = Spots(square=True)
        self._arrow = pg.PlotCurveItem(pen=pg.mkPen(theme.TEXT, width=6))
        self._head = pg.ArrowItem(angle=0, headLen=34, tipAngle=50, brush=theme.TEXT, pen=pg.mkPen(theme.GROUND, width=1))
        for item in (self.electrodes, self.leds, self._arrow, self._head):
            self.plot.addItem(item)
        self.fill(self.plot)
        shades = theme.phase_colours(PHASES)
        self._key = pg.ImageItem(np.roll(shades[None, :, -1], PHASES // 2, axis=1))
        self._key_texts = [pg.TextItem(text, color=theme.DIM, anchor=(0, 0.5)) for text in (words.TROUGH, words.PEAK, words.TROUGH)]
        for item in (self._key, *self._key_texts):
            self.plot.addItem(item)
        self._brushes = np.array([[pg.mkBrush(*colour) for colour in row] for row in shades.tolist()], dtype=object)
        self._key.hide()
        for text in self._key_texts:
            text.hide()
        self._hide_arrow()

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        self._facts = facts
        self._places = np.asarray(facts.about.positions_mm, np.float64).reshape(-1, 2)
        self._leds_mm = np.asarray(facts.about.leds_mm, np.float64).reshape(-1, 2)
        self._centre = self._places.mean(axis=0)
        self._pitch = pitch_mm(self._places)
        self._reach = max(float(np.ptp(self._places, axis=0).max()) / 2, self._pitch)
        self._bad = np.isin(np.arange(len(self._places)), list(facts.bad))
        low, high = self._places.min(axis=0) - 0.8 * self._pitch, self._places.max(axis=0) + 0.8 * self._pitch
        x, width, height = high[0] + 0.1 * self._reach, 0.1 * self._reach, high[1] - low[1]
        self._key.setRect(x, low[1], width, height)
        self._key.show()
        for part, text in zip((0.03, 0.5, 0.97), self._key_texts, strict=True):
            text.show()
            text.setPos(x + width, low[1] + part * height)
        self.plot.setRange(xRange=(low[0], x + 0.55 * self._reach), yRange=(low[1], high[1]), padding=0.01)
        self._hollow, self._none = pg.mkBrush(None), pg.mkPen(None)
        self._crossed, self._ring = pg.mkPen(theme.BAD, width=2), pg.mkPen(theme.GLOW_LINE, width=1.5)
        self._site_pen = pg.mkPen(theme.TARGET, width=3)

    def show_now(self, knowledge: Knowledge) -> None:
        """Draw."""
        self._show_electrodes(knowledge)
        self._show_leds(knowledge)
        if knowledge.known:
            self._show_arrow(float(knowledge.tick["direction_deg"]))
        else:
            self._hide_arrow()
        self.says.setText(words.wave_line(knowledge.tick, knowledge.known))

    def _show_electrodes(self, knowledge: Knowledge) -> None:
        at = np.round(np.asarray(knowledge.phase_rad, np.float64) / (2 * math.pi) * PHASES).astype(int) % PHASES
        sure = np.clip(1 - np.asarray(knowledge.sd_deg, np.float64) / 120, 0, 1) if knowledge.known else np.zeros(len(at))
        brushes = self._brushes[at, np.round(sure * (theme.SHADES - 1)).astype(int)]
        brushes[self._bad] = self._hollow
        pens = np.full(len(at), self._none, dtype=object)
        pens[self._bad] = self._crossed
        pens[knowledge.site] = self._site_pen
        sizes = self._pitch * self._relative_size(knowledge)
        self.electrodes.setData(x=self._places[:, 0], y=self._places[:, 1], brush=list(brushes), pen=list(pens), size=sizes)

    def _relative_size(self, knowledge: Knowledge) -> NDArray[np.floating]:
        """Diameter in units of the pitch, from the RMS of each electrode against the median of all."""
        recent = knowledge.traces.view()[-round(AMPLITUDE_S * knowledge.fs_hz) :]
        if len(recent) < 10:
            return np.full(len(self._places), 0.8)
        with np.errstate(invalid="ignore"):
            rms = np.nan_to_num(recent.std(axis=0), nan=0.0)
        usual = float(np.median(rms[~self._bad])) or 1.0
        sizes: NDArray[np.floating] = np.clip(0.8 * np.sqrt(rms / usual), 0.35, 1.0)
        return sizes

    def _show_leds(self, knowledge: Knowledge) -> None:
        if not len(self._leds_mm):
            return
        lit = np.zeros(len(self._leds_mm), bool)
        for shone in reversed(knowledge.pulses.recent):
            if knowledge.last_sample - shone.sample > LIT_S * knowledge.fs_hz:
                break
            if not shone.dark:
                lit[list(self._facts.lit.get(shone.condition, ()))] = True
        filled = pg.mkBrush(theme.GLOW)
        self.leds.setData(
            x=self._leds_mm[:, 0],
            y=self._leds_mm[:, 1],
            size=0.34 * self._pitch,
            pen=self._ring,
            brush=[filled if on else self._hollow for on in lit],
        )

    def _show_arrow(self, direction_deg: float) -> None:
        along = np.array([math.cos(math.radians(direction_deg)), math.sin(math.radians(direction_deg))])
        tail, tip = self._centre - 0.55 * self._reach * along, self._centre + 0.6 * self._reach * along
        neck = self._centre + 0.45 * self._reach * along
        self._arrow.setData([tail[0], neck[0]], [tail[1], neck[1]])
        self._head.setStyle(angle=180 - direction_deg)
        self._head.setPos(*tip)
        self._arrow.show()
        self._head.show()

    def _hide_arrow(self) -> None:
        self._arrow.hide()
        self._head.hide()


def pitch_mm(places_mm: NDArray[np.float64]) -> float:
    """The usual distance of an electrode to its nearest neighbour; 1 for a single one."""
    if len(places_mm) < 2:
        return 1.0
    some = places_mm[:: max(1, len(places_mm) // 200)]
    apart = np.linalg.norm(some[:, None] - places_mm[None], axis=2)
    apart[apart == 0] = np.inf
    return float(np.median(apart.min(axis=1)))

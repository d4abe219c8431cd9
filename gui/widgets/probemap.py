"""The probe from above: phase as hue, certainty as saturation, amplitude as size, direction as arrows, LEDs that fill while lit."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from wavestim.gui import theme, words
from wavestim.gui.facts import Facts
from wavestim.gui.flowfield import FlowField
from wavestim.gui.kinds import goes_one_way, moves
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.lightshow import lit_now, slowed
from wavestim.gui.viewing import View
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.widgets.plots import Spots, still_plot
from wavestim.gui.words import live

PHASES = 64
SHOWN_S = 0.4
AMPLITUDE_S = 0.3
MOST_ARROWS = 400
SURE_DEG = 70.0
"""What is less sure has no arrow."""
HEAD = math.radians(150)


class ProbeMap(Panel):
    """See the module. ``view`` is how it is looked at."""

    def __init__(self) -> None:
        super().__init__(words.MAP, live.map_note(0, 1))
        self.view = View()
        self._note.setToolTip(live.MAP_TIP)
        self._facts: Facts | None = None
        self.add_button(live.TURN, live.TURN_TIP, lambda: self.look(self.view.turn()), key="T")
        self.mirror = self.add_button(live.MIRROR, live.MIRROR_TIP, lambda: self.look(self.view.mirror()), key="M", down=False)
        self.flow = self.add_button(live.FLOW, live.FLOW_TIP, self._toggle_flow, key="F", down=self.view.flow)
        self.plot = still_plot()
        self.plot.setAspectLocked(True)
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setTickFont(theme.small())
            self.plot.getAxis(side).setStyle(showValues=False)  # until there is a probe
        self.electrodes = Spots()
        self.leds = Spots(square=True)
        self._under = pg.PlotCurveItem(pen=pg.mkPen(theme.GROUND, width=4), connect="pairs")
        self._over = pg.PlotCurveItem(pen=pg.mkPen(theme.TEXT, width=1.5), connect="pairs")
        self._arrow = pg.PlotCurveItem(pen=pg.mkPen(theme.TEXT, width=6))
        self._head = pg.ArrowItem(angle=0, headLen=34, tipAngle=50, brush=theme.TEXT, pen=pg.mkPen(theme.GROUND, width=1))
        for item in (self.electrodes, self._under, self._over, self.leds, self._arrow, self._head):
            self.plot.addItem(item)
        self.fill(self.plot)
        shades = theme.phase_colours(PHASES)
        self._key = pg.ImageItem(np.roll(shades[None, :, -1], PHASES // 2, axis=1))
        self._key_texts = [pg.TextItem(text, color=theme.DIM, anchor=(0, 0.5)) for text in (words.TROUGH, words.PEAK, words.TROUGH)]
        for item in (self._key, *self._key_texts):
            self.plot.addItem(item)
            item.hide()
        for text in self._key_texts:
            text.setFont(theme.small())
        self._brushes = np.array([[pg.mkBrush(*colour) for colour in row] for row in shades.tolist()], dtype=object)
        self._hide_arrow()

    def begin(self, facts: Facts) -> None:
        """A session of these facts."""
        self._facts = facts
        for side in ("left", "bottom"):
            self.plot.getAxis(side).setStyle(showValues=True)
        self._probe_mm = np.asarray(facts.about.positions_mm, np.float64).reshape(-1, 2)
        self._pitch = pitch_mm(self._probe_mm)
        self._bad = np.isin(np.arange(len(self._probe_mm)), list(facts.bad))
        self._field = FlowField(self._probe_mm, self._pitch, self._bad)
        self._arrows = np.flatnonzero(self._field.there)
        self._arrows = self._arrows[:: max(1, -(-len(self._arrows) // MOST_ARROWS))]
        self._hollow, self._none, self._filled = pg.mkBrush(None), pg.mkPen(None), pg.mkBrush(theme.GLOW)
        self._crossed, self._ring = pg.mkPen(theme.BAD, width=2), pg.mkPen(theme.GLOW_LINE, width=1.5)
        self._site_pen = pg.mkPen(theme.TARGET, width=3)
        self.look(self.view)

    def look(self, view: View) -> None:
        """Another view of the same probe."""
        self.view = view
        self.mirror.setChecked(view.mirrored)
        self.flow.setChecked(view.flow)
        if self._facts is None:
            return
        self._places = view.seen(self._probe_mm)
        self._leds_mm = view.seen(np.asarray(self._facts.about.leds_mm, np.float64).reshape(-1, 2))
        self._centre = self._places.mean(axis=0)
        self._reach = max(float(np.ptp(self._places, axis=0).max()) / 2, self._pitch)
        low, high = self._places.min(axis=0) - 0.8 * self._pitch, self._places.max(axis=0) + 0.8 * self._pitch
        x, width, height = high[0] + 0.1 * self._reach, 0.1 * self._reach, high[1] - low[1]
        self._key.setRect(x, low[1], width, height)
        for part, text in zip((0.03, 0.5, 0.97), self._key_texts, strict=True):
            text.setPos(x + width, low[1] + part * height)
        towards = [round(math.degrees(math.atan2(y, x)) / 90) % 4 for x, y in view.seen(np.eye(2))]
        self._note.setText(live.map_note(*towards))
        for item in (self._key, *self._key_texts):
            item.show()
        self.plot.setRange(xRange=(low[0], x + 0.55 * self._reach), yRange=(low[1], high[1]), padding=0.01)

    def show_now(self, knowledge: Knowledge) -> None:
        """Draw."""
        self._show_electrodes(knowledge)
        slower = self._show_leds(knowledge)
        self._show_flow(knowledge)
        if goes_one_way(knowledge.kind):
            at = math.radians(float(knowledge.tick["direction_deg"]))
            self._show_arrow(self.view.seen(np.array([[math.cos(at), math.sin(at)]]))[0])
        else:
            self._hide_arrow()
        self.says.setText(" · ".join(part for part in (slower, words.wave_line(knowledge.tick, knowledge.kind)) if part))

    def _toggle_flow(self) -> None:
        self.look(View(self.view.turns, self.view.mirrored, self.flow.isChecked()))

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
        recent = knowledge.traces.view()[-round(AMPLITUDE_S * knowledge.traces.rate_hz) :]
        if len(recent) < 10:
            return np.full(len(self._places), 0.8)
        with np.errstate(invalid="ignore"):
            rms = np.nan_to_num(recent.std(axis=0), nan=0.0)
        usual = float(np.median(rms[~self._bad])) or 1.0
        sizes: NDArray[np.floating] = np.clip(0.8 * np.sqrt(rms / usual), 0.35, 1.0)
        return sizes

    def _show_leds(self, knowledge: Knowledge) -> str:
        """The newest pattern as far as it has come; says how much slower that is than it was."""
        if not len(self._leds_mm) or self._facts is None:
            return ""
        lit, slower = np.zeros(len(self._leds_mm), bool), ""
        newest = next((shone for shone in reversed(knowledge.pulses.recent) if not shone.dark and knowledge.fresh), None)
        if newest is not None and 0 <= newest.slot < len(self._facts.patterns):
            since_ms = (knowledge.last_sample - newest.begin) / knowledge.fs_hz * 1000
            pattern = self._facts.patterns[newest.slot]
            lit[lit_now(pattern, since_ms)] = True
            slower = live.slower(slowed(pattern)) if lit.any() else ""
        elif newest is not None and knowledge.last_sample - newest.sample < SHOWN_S * knowledge.fs_hz:
            lit[list(self._facts.lit.get(newest.condition, ()))] = True
        self.leds.setData(
            x=self._leds_mm[:, 0],
            y=self._leds_mm[:, 1],
            size=0.34 * self._pitch,
            pen=self._ring,
            brush=[self._filled if on else self._hollow for on in lit],
        )
        return slower

    def _show_flow(self, knowledge: Knowledge) -> None:
        """One path for all arrows, once dark and broad, so that they are seen on any phase."""
        shown = self.view.flow and moves(knowledge.kind)
        for item in (self._under, self._over):
            item.setVisible(shown)
        if not shown:
            return
        towards = self.view.seen(self._field.directions(knowledge.phase_rad)[self._arrows])
        sure = np.isfinite(towards[:, 0]) & (np.asarray(knowledge.sd_deg)[self._arrows] < SURE_DEG)
        path = arrows(self._places[self._arrows[sure]], towards[sure], 0.62 * self._pitch)
        for item in (self._under, self._over):
            item.setData(path[:, 0], path[:, 1])

    def _show_arrow(self, along: NDArray[np.float64]) -> None:
        tail, tip = self._centre - 0.55 * self._reach * along, self._centre + 0.6 * self._reach * along
        neck = self._centre + 0.45 * self._reach * along
        self._arrow.setData([tail[0], neck[0]], [tail[1], neck[1]])
        length = min(34.0, 0.13 * min(self.plot.width(), self.plot.height()))
        self._head.setStyle(angle=180 - math.degrees(math.atan2(along[1], along[0])), headLen=length)
        self._head.setPos(*tip)
        self._arrow.show()
        self._head.show()

    def _hide_arrow(self) -> None:
        for item in (self._arrow, self._head):
            item.hide()


def arrows(places: NDArray[np.float64], towards: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Points (6 n, 2), two to a line: a shaft around each place and the two sides of its head."""
    tip, tail = places + length / 2 * towards, places - length / 2 * towards
    sides = []
    for turn in (HEAD, -HEAD):
        c, s = math.cos(turn), math.sin(turn)
        sides += [tip, tip + 0.4 * length * towards @ np.array([[c, s], [-s, c]])]
    return np.stack([tail, tip, *sides], axis=1).reshape(-1, 2)


def pitch_mm(places_mm: NDArray[np.float64]) -> float:
    """The usual distance of an electrode to its nearest neighbour; 1 for a single one."""
    if len(places_mm) < 2:
        return 1.0
    some = places_mm[:: max(1, len(places_mm) // 200)]
    apart = np.linalg.norm(some[:, None] - places_mm[None], axis=2)
    apart[apart == 0] = np.inf
    return float(np.median(apart.min(axis=1)))

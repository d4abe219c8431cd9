"""What the window knows of one session: fed by its messages and its journal, in a fixed amount of memory, without Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.records import CAME
from wavestim.gui import kinds
from wavestim.gui.byhand import MANUAL
from wavestim.gui.eventlog import EventLog
from wavestim.gui.facts import Facts
from wavestim.gui.joining import Row, Stream
from wavestim.gui.phasebook import PhaseBook
from wavestim.gui.pulsebook import PulseBook, Shone, number
from wavestim.gui.rings import LongRun, Rows
from wavestim.gui.signal import Signal
from wavestim.gui.words import codes

TREND_S, TREND_HZ = 60.0, 10.0
NEW = 256
"""Moments of light that wait for whoever looks at them afterwards."""
ALARMS = ("paused", "disarmed", "engine-ended", "engine-stands", "source-ended", "horizon-too-long", "not-resumed")
TABLES = ("decisions", "pulses", "markers", "waves")
"""What is both heard and read."""
SILENT_S = 1.0
"""Without samples for so long nothing is known of the wave."""


class Knowledge:
    """One session since its start.

    Parameters
    ----------
    facts : Facts
    log : EventLog
        Of the window, which is older than the session.

    Attributes
    ----------
    status, tick : the last of each; empty before the first.
    phase_rad, sd_deg : of every electrode at the last tick.
    traces : newest samples; ``last_sample`` is the counter of the newest.
    trends : time (s), speed, frequency, PGD, SD at the site over the last minute; NaN while undetermined.
    whole : the same over the whole session, in longer steps.
    pulses, phases : what was counted.
    streams : of each of :data:`TABLES`, how far it is known.
    running_s : when light was let come, s; NaN before.
    """

    def __init__(self, facts: Facts, log: EventLog) -> None:
        about = facts.about
        self.facts, self.fs_hz = facts, about.fs_hz
        self.log, self.pulses, self.phases = log, PulseBook(), PhaseBook()
        self.status: Mapping[str, Any] = {}
        self.tick: Mapping[str, Any] = {}
        self.phase_rad: NDArray[np.floating] = np.zeros(about.n_channels)
        self.sd_deg: NDArray[np.floating] = np.full(about.n_channels, 180.0)
        self.traces = Signal(about.fs_hz, about.n_channels)
        self.trends, self.whole = Rows(round(TREND_S * TREND_HZ), 5), LongRun(4)
        self.streams = {table: Stream(self.pulses.knows) if table == "pulses" else Stream() for table in TABLES}
        self.heard_s = self.told_s = -math.inf
        """When samples, and when a status, came last, on the clock of who feeds."""
        self.running_s = math.nan
        self.ended: str | None = None
        self.fresh = True
        """Samples come, as far as time was told; no light is drawn as lit without."""
        self.site = facts.site
        self._new: list[Shone] = []

    @property
    def known(self) -> bool:
        """There is a wave that can be described."""
        return kinds.known(self.kind)

    @property
    def kind(self) -> str:
        """Of the wave now."""
        return str(self.tick.get("kind", kinds.UNDETERMINED))

    @property
    def state(self) -> str:
        """What the session says it is; empty before its first word."""
        return str(self.status.get("state", ""))

    @property
    def last_sample(self) -> int:
        """Counter of the newest sample."""
        return self.traces.last_sample

    @property
    def last_s(self) -> float:
        """When that was, s of the session."""
        return self.last_sample / self.fs_hz

    @property
    def complete(self) -> bool:
        """Nothing is missing of what the session did so far."""
        return not any(stream.behind for stream in self.streams.values())

    def hear(self, topic: str, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        """One message; topics of a newer rig are passed over."""
        if topic in ("decisions", "pulses", "waves"):
            self._take(topic, self.streams[topic].heard(int(header["first"]), header["rows"]))
        elif topic == "marker":
            self._take("markers", self.streams["markers"].heard(int(header["index"]), [header]))
        else:
            take = getattr(self, f"_hear_{topic}", None)
            if take is not None:
                take(header, arrays, now_s)

    def read(self, table: str, first: int, rows: Sequence[Row], whole: bool) -> None:
        """Rows of the journal; ``whole``: it has no more now."""
        self._take(table, self.streams[table].read(first, rows, whole))

    def read_on(self) -> None:
        """The session is over: no samples come, and whatever the journal still has is to be read."""
        self.heard_s = -math.inf
        for stream in self.streams.values():
            stream.behind = True

    def turn(self, now_s: float) -> None:
        """Time goes on: what was known of a wave whose samples come no more is no longer true."""
        self.fresh = now_s - self.heard_s <= SILENT_S and self.ended is None
        if not self.fresh:
            self.tick = {}

    def new_light(self) -> list[Shone]:
        """Moments of light since the last call, the newest :data:`NEW` at most."""
        new, self._new = self._new, []
        return new

    def _take(self, table: str, pieces: Sequence[tuple[int, Sequence[Row]]]) -> None:
        take = getattr(self, f"_take_{table}")
        for first, rows in pieces:
            take(first, rows)

    def _hear_status(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        self.status, self.told_s = header, now_s
        self.streams["decisions"].told(int(header.get("decisions", 0)))
        self.streams["pulses"].told(sum((header.get("pulses") or {}).values()))

    def _hear_samples(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        self.traces.add(int(header["first"]), arrays["uv"])
        self.heard_s = now_s

    def _hear_tick(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        self.tick, self.phase_rad, self.sd_deg = header, arrays["phase_rad"], arrays["sd_deg"]

    def _hear_end(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        self.ended = str(header["reason"])
        self.log.say(self.last_s, codes.marker("ending", self.ended))
        self.read_on()

    def _take_decisions(self, first: int, rows: Sequence[Row]) -> None:
        self.pulses.decided(first, rows)
        for row in rows:
            self.site = int(row["site"])
            if row["verdict"] != "scheduled":
                self.log.say(row["sample"] / self.fs_hz, codes.veto(row["verdict"]), "veto")

    def _take_pulses(self, first: int, rows: Sequence[Row]) -> None:
        for row in rows:
            if row["verdict"] not in CAME:
                meant = self.pulses.meant(row)
                at = meant if math.isfinite(meant) else self.last_sample
                self.log.say(at / self.fs_hz, codes.verdict(row["verdict"], row["reason"]), "warn")
        self._new = [*self._new, *self.pulses.pulsed(rows)][-NEW:]

    def _take_markers(self, first: int, rows: Sequence[Row]) -> None:
        for row in rows:
            kind, at_s = row["kind"], number(row["sample"]) / self.fs_hz
            if kind == "running" and math.isnan(self.running_s):
                self.running_s = at_s
            self.log.say(at_s, codes.marker(kind, row["text"]), "bad" if kind in ALARMS else "plain")

    def _take_waves(self, first: int, rows: Sequence[Row]) -> None:
        self.note_waves(rows)

    def note_waves(self, rows: Sequence[Row]) -> None:
        """Rows of ``waves``: what the model knew of the wave, and of the phase at light-on."""
        for row in rows:
            if row["decision"] >= 0:
                if row["condition"] == MANUAL:  # aimed at nothing
                    continue
                self.phases.add("known", row["condition"], number(row["phase_deg"]))
                continue
            kind, at_s = row["wave_kind"], number(row["sample"]) / self.fs_hz
            means = {"speed_mm_s": kinds.goes_one_way, "frequency_hz": kinds.known, "pgd": kinds.known}
            wave = [number(row[key]) if says(kind) else math.nan for key, says in means.items()]
            self.trends.add([at_s, *wave, number(row["sd_deg"])])
            self.whole.add(at_s, [*wave, number(row["sd_deg"])])

"""What the window knows of one session: fed by its messages, in a fixed amount of memory, without Qt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.gui import words
from wavestim.gui.eventlog import EventLog
from wavestim.gui.facts import Facts
from wavestim.gui.pulsebook import PulseBook, Shone, number
from wavestim.gui.rings import Angles, Rows

TRACES_S = 2.0
TREND_S, TREND_HZ = 60.0, 10.0
TICKS = 120
"""Ticks that are kept, at most 60 a second: a pulse is told within two seconds of its light."""
UNKNOWN = ("undetermined", "none")
SECTORS = 36


class Knowledge:
    """One session, as far as it was heard.

    Parameters
    ----------
    facts : Facts
    log : EventLog
        Of the window, which is older than the session.

    Attributes
    ----------
    status, tick : the last of each; empty before the first.
    phase_rad, sd_deg : of every electrode at the last tick.
    traces : newest samples, uV, (n, channels); ``last_sample`` belongs to the last row.
    trends : time (s), speed, frequency, PGD, SD at the site; NaN while undetermined.
    at_light : phase at the site at light-on as the model knew it, degrees.
    """

    def __init__(self, facts: Facts, log: EventLog) -> None:
        about = facts.about
        self.facts, self.fs_hz = facts, about.fs_hz
        self.log, self.pulses = log, PulseBook()
        self.status: Mapping[str, Any] = {}
        self.tick: Mapping[str, Any] = {}
        self.phase_rad: NDArray[np.floating] = np.zeros(about.n_channels)
        self.sd_deg: NDArray[np.floating] = np.full(about.n_channels, 180.0)
        self.traces = Rows(round(TRACES_S * about.fs_hz), about.n_channels, np.float32)
        self.trends = Rows(round(TREND_S * TREND_HZ), 5)
        self.at_light = Angles(SECTORS)
        self.last_sample = -1
        self.heard_s = -math.inf
        """When samples came last, on the clock of who feeds."""
        self.ended: str | None = None
        self.site = facts.site
        self._ticks = Rows(TICKS, 2 + about.n_channels)
        self._waiting: list[Shone] = []

    @property
    def known(self) -> bool:
        """There is a wave that can be described."""
        return self.tick.get("kind", words.UNDETERMINED) not in UNKNOWN

    @property
    def state(self) -> str:
        """What the session says it is; empty before its first word."""
        return str(self.status.get("state", ""))

    def hear(self, topic: str, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        """One message; topics of a newer rig are passed over."""
        take = getattr(self, f"_hear_{topic}", None)
        if take is not None:
            take(header, arrays, now_s)

    def _hear_status(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        self.status = header

    def _hear_samples(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        block = arrays["uv"]
        first = int(header["first"])
        missing = first - self.last_sample - 1 if self.last_sample >= 0 else 0
        if missing > 0:
            self.traces.add(np.full((min(missing, round(TRACES_S * self.fs_hz)), block.shape[1]), np.nan))
        self.traces.add(block)
        self.last_sample, self.heard_s = first + len(block) - 1, now_s

    def _hear_tick(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        self.tick, self.phase_rad, self.sd_deg = header, arrays["phase_rad"], arrays["sd_deg"]
        sample = number(header["sample"])
        self._ticks.add(np.concatenate(([sample, number(header["frequency_hz"])], self.phase_rad)))
        at_s = sample / self.fs_hz
        if not len(self.trends) or at_s - self.trends.view()[-1, 0] >= 1 / TREND_HZ:
            wave = [number(header[key]) if self.known else math.nan for key in ("speed_mm_s", "frequency_hz", "pgd")]
            self.trends.add([at_s, *wave, float(self.sd_deg[self.site])])
        self._note_phases()

    def _hear_decisions(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        self.pulses.decided(int(header["first"]), header["rows"])
        for row in header["rows"]:
            self.site = int(row["site"])
            if row["verdict"] != "scheduled":
                self.log.say(row["sample"] / self.fs_hz, words.veto(row["verdict"]), "veto")

    def _hear_pulses(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        self._waiting = [*self._waiting, *self.pulses.pulsed(header["rows"])][-TICKS:]
        for row in header["rows"]:
            if row["verdict"] not in ("fired", "dark"):
                self.log.say(self.last_sample / self.fs_hz, words.verdict(row["verdict"], row["reason"]), "warn")
        self._note_phases()

    def _hear_marker(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        kind = header["kind"]
        bad = kind in ("paused", "disarmed", "engine-ended", "engine-stands", "source-ended", "horizon-too-long", "not-resumed")
        self.log.say(number(header["sample"]) / self.fs_hz, words.marker(kind, header["text"]), "bad" if bad else "plain")

    def _hear_end(self, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], now_s: float) -> None:
        self.ended = str(header["reason"])
        self.log.say(self.last_sample / self.fs_hz, words.marker("ending", self.ended))

    def _note_phases(self) -> None:
        """Phases at light-on, once the ticks have come so far; from the tick nearest to it, by the frequency known then."""
        ticks = self._ticks.view()
        if not len(ticks):
            return
        reached = float(ticks[-1, 0])
        due, self._waiting = [s for s in self._waiting if s.sample <= reached], [s for s in self._waiting if s.sample > reached]
        for shone in due:
            if shone.sample < ticks[0, 0]:  # the window was away
                continue
            sample, frequency_hz, *phases = ticks[int(np.argmin(np.abs(ticks[:, 0] - shone.sample)))]
            turned = 360 * frequency_hz * (shone.sample - sample) / self.fs_hz
            self.at_light.add(math.degrees(phases[shone.site]) + turned)

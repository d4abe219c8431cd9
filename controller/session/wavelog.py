"""What the model knew of the wave, for the journal: ten times a second, and at the moment at which each light, or its sham, came on.

A window that comes later, a replay and a report read it instead of making the engine run over hours of samples again.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.records import WAVE
from wavestim.realtime.forecast import forecast_records
from wavestim.realtime.records import KINDS

if TYPE_CHECKING:
    from wavestim.controller.session.clocks import ClockModel
    from wavestim.realtime.calibration import Calibration

ROWS_HZ = 10.0
TICKS, WAITING = 120, 256
"""Ticks that are kept, at most 60 a second, and decisions that wait for their light: it comes within two seconds."""
CAME = ("fired", "cut", "dark")
NO_REST = np.zeros((0, 0), np.complex64)
Tick = tuple[float, NDArray[np.float64], NDArray[np.float64]]


class WaveLog:
    """Of one session; is told of decisions and pulses (a ``Teller``).

    Parameters
    ----------
    fs_hz : float
    site : int
        Electrode whose phase is kept until a decision names one.
    """

    def __init__(self, fs_hz: float, site: int) -> None:
        self._fs_hz, self._site = fs_hz, site
        self._ticks: deque[Tick] = deque(maxlen=TICKS)
        self._decided: OrderedDict[int, tuple[float, int, str]] = OrderedDict()
        self._shone: deque[tuple[float, int, int, str]] = deque(maxlen=WAITING)
        self._next = -math.inf

    def decided(self, first_index: int, decisions: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``."""
        for i in np.flatnonzero(decisions["verdict"] == "scheduled").tolist():
            row = decisions[i]
            self._decided[first_index + i] = float(row["fire_sample"]), int(row["site"]), str(row["condition"])
            self._site = int(row["site"])
            if len(self._decided) > WAITING:
                self._decided.popitem(last=False)

    def pulsed(self, pulses: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``."""
        for row in pulses:
            decision = int(row["decision"])
            meant, site, condition = self._decided.pop(decision, (math.nan, 0, ""))
            if str(row["verdict"]) in CAME and math.isfinite(meant):
                acked = float(row["fire_sample"])
                self._shone.append((acked if math.isfinite(acked) else meant, decision, site, condition))

    def take(
        self, samples: NDArray[np.int64], records: NDArray[np.float64], waves: NDArray[np.float64], calibration: Calibration | None
    ) -> NDArray[np.void]:
        """Rows of :data:`WAVE` that are due.

        Parameters
        ----------
        samples, records, waves : what ``Telemetry.take`` gave.
        calibration : of the engine; without one nothing is known.
        """
        rows: list[tuple[Any, ...]] = []
        if calibration is None or not len(samples):
            return np.zeros(0, WAVE)
        for sample, record, wave in zip(samples.astype(np.float64), records, waves, strict=True):
            self._ticks.append((sample, record, wave))
            if sample >= self._next:
                self._next = sample + self._fs_hz / ROWS_HZ
                rows.append(self._row(self._ticks[-1], sample, -1, self._site, "", calibration))
        first, reached = self._ticks[0][0], self._ticks[-1][0]
        due = [shone for shone in self._shone if shone[0] <= reached]
        self._shone = deque((shone for shone in self._shone if shone[0] > reached), maxlen=WAITING)
        for at, decision, site, condition in due:
            if at >= first:
                nearest = min(self._ticks, key=lambda tick: abs(tick[0] - at))
                rows.append(self._row(nearest, at, decision, site, condition, calibration))
        return np.array(rows, WAVE)

    def _row(self, tick: Tick, at: float, decision: int, site: int, condition: str, calibration: Calibration) -> tuple[Any, ...]:
        sample, record, wave = tick
        direction, speed, wavelength, frequency, pgd, kind, amplitude = wave.tolist()[:7]
        phase, sd = forecast_records(record[None], calibration, np.zeros(1), NO_REST)
        degrees = math.degrees(phase[0, site]) + 360 * frequency * (at - sample) / self._fs_hz
        return (
            *(at, decision, condition, site, 180 - (180 - degrees) % 360, math.degrees(sd[0, site])),
            *(direction, speed, wavelength, frequency, pgd, amplitude, KINDS[int(kind)]),
        )

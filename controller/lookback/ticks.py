"""What the model knew, tick by tick, in a file that has no name: as long as the recording is, and only what is looked at is in memory."""

from __future__ import annotations

import os
import tempfile
import threading

import numpy as np
from numpy.typing import NDArray
from wavestim.realtime import Calibration
from wavestim.realtime.engine import TRACE_COLUMNS
from wavestim.realtime.forecast import RECORD_SIZE, forecast_records

TICK = np.dtype([("calibration", "i4"), ("wave", "f4", TRACE_COLUMNS), ("record", "f4", RECORD_SIZE)])
NOBODY = np.zeros((0, 0), np.complex64)
SITE = np.dtype([("sample", "i8"), ("phase_deg", "f4"), ("frequency_hz", "f4")])
"""What is kept in memory of every tick: 16 bytes."""
FREQUENCY = 3
"""Column of a wave."""


class Ticks:
    """Ticks by sample, oldest first. One thread adds, others read."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="wavestim-lookback-")  # noqa: SIM115 - it lives as long as this
        self._site = np.zeros(4096, SITE)
        self._n = 0
        self._lock = threading.Lock()
        self.calibrations: list[Calibration] = []

    def __len__(self) -> int:
        return self._n

    @property
    def site(self) -> NDArray[np.void]:
        """Rows of :data:`SITE`; not a copy."""
        with self._lock:
            return self._site[: self._n]

    def add(self, samples: NDArray[np.int64], ticks: NDArray[np.void], site_phase_deg: NDArray[np.floating]) -> None:
        """Ticks (rows of :data:`TICK`) of these samples, which rise."""
        self._file.seek(0, os.SEEK_END)
        self._file.write(ticks.tobytes())
        self._file.flush()
        with self._lock:
            n = self._n + len(ticks)
            if n > len(self._site):
                self._site = np.concatenate([self._site, np.zeros(max(n, len(self._site)), SITE)])
            new = self._site[self._n : n]
            new["sample"], new["phase_deg"], new["frequency_hz"] = samples, site_phase_deg, ticks["wave"][:, FREQUENCY]
            self._n = n

    def last_to(self, sample: float) -> int:
        """The newest tick at or before a sample; -1 when there is none."""
        return int(np.searchsorted(self.site["sample"], sample, side="right")) - 1

    def read(self, rows: NDArray[np.integer]) -> NDArray[np.void]:
        """Ticks by their number, which rise."""
        if not len(rows):
            return np.zeros(0, TICK)
        first, n = int(rows[0]), int(rows[-1]) - int(rows[0]) + 1
        if n <= 4 * len(rows):
            read = np.frombuffer(os.pread(self._file.fileno(), n * TICK.itemsize, first * TICK.itemsize), TICK)
            return np.asarray(read[rows - first])
        parts = [os.pread(self._file.fileno(), TICK.itemsize, int(row) * TICK.itemsize) for row in rows]
        return np.frombuffer(b"".join(parts), TICK)

    def phases(self, ticks: NDArray[np.void], ahead_s: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Phase (rad) and SD (degrees) of every electrode, (n, channels), so long after each tick, by the function the trigger uses."""
        m = len(self.calibrations[0].modes)
        phase, sd = np.zeros((len(ticks), m), np.float32), np.full((len(ticks), m), 180.0, np.float32)
        for number in np.unique(ticks["calibration"]):
            mine = np.flatnonzero(ticks["calibration"] == number)
            records = np.ascontiguousarray(ticks["record"][mine], dtype=np.float64)
            a, b = forecast_records(records, self.calibrations[number], np.ascontiguousarray(ahead_s[mine]), NOBODY)
            phase[mine], sd[mine] = a, np.degrees(b)
        return phase, sd

    def close(self) -> None:
        """The file is gone."""
        self._file.close()

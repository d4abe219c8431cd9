"""Clocks: sample ↔ host from when blocks arrive, and both maps together as the scheduler uses them. The board's clock: `deviceclock.py`.

An arrival can only be late, so the earliest arrivals carry the truth.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

MAX_RATE_ERROR = 300e-6


@dataclass(frozen=True)
class Line:
    """``y = y0 + (x - x0) * rate``, with its uncertainty in units of y."""

    x0: float
    y0: float
    rate: float
    uncertainty: float

    @overload
    def __call__(self, x: float) -> float: ...
    @overload
    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]: ...
    def __call__(self, x: float | NDArray[np.float64]) -> float | NDArray[np.float64]:
        return self.y0 + (x - self.x0) * self.rate


class SampleClock:
    """Sample → host time at which it was taken: the lower envelope of arrivals, less the constant delay that arrivals can't show."""

    def __init__(self, fs_hz: float, fixed_delay_ms: float = 0.0) -> None:
        self.period_ns = 1e9 / fs_hz
        self.fixed_delay_ns = fixed_delay_ms * 1e6
        self._buckets: deque[tuple[float, float]] = deque(maxlen=60)  # luckiest arrival of each second
        self._bucket_end = -np.inf
        self._from = 0
        self._told: tuple[int, int, int] | None = None

    def restart(self, sample: int) -> None:
        """The source was started again: from this sample on its counter stands elsewhere on the host's clock."""
        self._buckets.clear()
        self._from = sample
        self._told = None

    def add(self, first_sample: int, host_ns: NDArray[np.int64]) -> None:
        """Samples in a row, and when each was received. Those before the last restart say nothing any more."""
        before = min(max(0, self._from - first_sample), len(host_ns))
        first_sample, host_ns = first_sample + before, host_ns[before:]
        if not len(host_ns):
            return
        late = host_ns - (first_sample + np.arange(len(host_ns))) * self.period_ns
        luckiest = int(late.argmin())
        sample, least = float(first_sample + luckiest), float(late[luckiest])
        if sample * self.period_ns >= self._bucket_end or not self._buckets:
            self._buckets.append((sample, least))
            self._bucket_end = sample * self.period_ns + 1e9
        elif least < self._buckets[-1][1]:
            self._buckets[-1] = (sample, least)

    def told(self, sample: int, taken_ns: int, uncertainty_ns: int) -> None:
        """When the source says that a sample was taken: believed once two in a row agree, so that one wrong stamp moves nothing."""
        before, self._told = self._told, (sample, taken_ns, uncertainty_ns)
        if before is None:
            return
        expected_ns = before[1] + (sample - before[0]) * self.period_ns
        drift_ns = MAX_RATE_ERROR * abs(taken_ns - before[1])
        if abs(taken_ns - expected_ns) <= before[2] + uncertainty_ns + drift_ns:
            self.add(sample, np.array([taken_ns], dtype=np.int64))

    def fit(self) -> Line | None:
        """The line sample → host ns: the line below all arrivals that lies closest to them (Moon, Skelly & Towsley 1999, INFOCOM)."""
        if not self._buckets:
            return None
        s, late = np.array(self._buckets, dtype=np.float64).T
        x, y = s - s[-1], late - late[-1]
        slope = _lower_edge(x, y) if len(s) >= 10 else 0.0
        slope = float(np.clip(slope, -MAX_RATE_ERROR * self.period_ns, MAX_RATE_ERROR * self.period_ns))
        rest = y - slope * x
        floor = float(rest.min())
        host_ns = float(s[-1] * self.period_ns + late[-1] + floor - self.fixed_delay_ns)
        # a floor that a quarter of the seconds agree on is the floor
        return Line(float(s[-1]), host_ns, self.period_ns + slope, float(np.quantile(rest, 0.25)) - floor)


def _lower_edge(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Slope of the edge of the lower convex hull that lies under the mean of x; x rises."""
    hull: list[int] = []
    for i in range(len(x)):
        while len(hull) > 1 and (y[i] - y[hull[-2]]) * (x[hull[-1]] - x[hull[-2]]) <= (y[hull[-1]] - y[hull[-2]]) * (x[i] - x[hull[-2]]):
            hull.pop()
        hull.append(i)
    j = int(np.clip(np.searchsorted(x[hull], x.mean()), 1, len(hull) - 1))
    return float((y[hull[j]] - y[hull[j - 1]]) / (x[hull[j]] - x[hull[j - 1]]))


@dataclass(frozen=True)
class ClockModel:
    """Both lines together, as published and journalled."""

    sample_to_host: Line
    host_to_device: Line

    @property
    def uncertainty_ns(self) -> float:
        """How far off the board's time of a sample can be: both lines' parts."""
        return self.sample_to_host.uncertainty + self.host_to_device.uncertainty

    @property
    def device_ns_per_sample(self) -> float:
        return self.sample_to_host.rate * self.host_to_device.rate

    def device_ns(self, sample: float) -> float:
        """Device time of a sample."""
        return self.host_to_device(self.sample_to_host(sample))

    def sample(self, device_ns: float) -> float:
        """Sample time of a device time."""
        return self.sample_to_host.x0 + (device_ns - self.device_ns(self.sample_to_host.x0)) / self.device_ns_per_sample

    def as_dict(self) -> dict[str, float]:
        """Plain numbers for the journal."""
        s, d = self.sample_to_host, self.host_to_device
        return {
            "sample0": s.x0, "host_ns_at_sample0": s.y0, "ns_per_sample": s.rate,
            "host_ns0": d.x0, "device_ns_at_host0": d.y0, "device_per_host": d.rate, "uncertainty_ns": self.uncertainty_ns,
        }  # fmt: skip

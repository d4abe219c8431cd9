"""A sample counter for a stream that has none: LSL gives every sample a time stamp, and what was lost shows as a step in them. Pure.

Two kinds of stamp are met. Those of a device lie on a grid of whole sample periods; a step of k periods means that k - 1 samples are
missing, which is told at once and exactly. Those that a sender makes when it sends wander by a part of a chunk or more. Such a stamp can
only be late, so the earliest of every second tells: where it rises for good by more than it usually does, samples are missing, which is
told up to two seconds later. Which kind it is shows by itself: a grid has no steps by a part of a period.
"""

from __future__ import annotations

import itertools
import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

GRID = 0.2
"""Steps of a grid differ by less than this from a whole number of periods."""
REMEMBERED_S = 10.0
"""So long after the last step that was not of the grid, stamps count as wandering."""
AT_ONCE_S = 0.25
"""What wandering stamps jump by beyond three times their usual steps is missing for certain from here on, and told at once."""
BACK_S = 2.0
AHEAD_S = 3600.0
"""A stamp that is further behind or ahead than this is a mistake, or of another clock when the next ones follow it"""
CLOCK_S = 0.1
"""for so long."""
NO_TIME_S = 1e11
"""Some three thousand years: such a stamp is no number, either."""
WINDOW_S = 1.0
RATE_TOLERANCE = 0.05
KNOWN = 65536

Run = tuple[int, int, int]


class RateChangedError(ValueError):
    """The samples do not come at the rate that was said. ``rate_hz`` is what they come at."""

    def __init__(self, rate_hz: float) -> None:
        super().__init__(f"{rate_hz:.4g} samples a second")
        self.rate_hz = rate_hz


class StampCounter:
    """Gives samples their counter by their stamps.

    Parameters
    ----------
    fs_hz : float
        The rate that the stream says it has.

    Attributes
    ----------
    n_clocks : int
        How often the stamps went over to another clock. The first run of that clock follows on the sample before, whatever time has passed.
    """

    def __init__(self, fs_hz: float) -> None:
        self.fs_hz = fs_hz
        self.n_clocks = 0
        self._origin_s = self._last_s = math.nan
        self._next = 0
        self._level = 0.0  # stamp of the newest sample in periods, less its counter
        self._stray: float | None = None  # where the sample after a stamp that can't be would lie,
        self._n_stray = 0  # and how many there were in a row
        self._steps: deque[tuple[float, float]] = deque()  # (stamp, size) of steps off the grid, sizes falling
        self._known: list[dict[float, int]] = [{}, {}]
        self._seconds = _Seconds(fs_hz)

    @property
    def wander_ms(self) -> float:
        """The largest step off the grid of the last ten seconds; 0 for a grid."""
        return self._wander() / self.fs_hz * 1000

    @property
    def started(self) -> bool:
        """Whether a sample has come."""
        return not math.isnan(self._origin_s)

    @property
    def next(self) -> int:
        """Counter of the sample that is due."""
        return self._next

    @property
    def due_s(self) -> float | None:
        """The stamp of the sample that is due, where stamps lie on a grid and all is as it should be; otherwise None."""
        if not self.started or self._stray is not None or self._wander() > 0:
            return None
        return self._origin_s + (self._next + self._level) / self.fs_hz

    def at(self, stamp_s: float) -> float:
        """The counter at a moment of the sender's clock, by the newest sample."""
        return (stamp_s - self._origin_s) * self.fs_hz - self._level

    def place(self, stamps_s: NDArray[np.float64]) -> list[Run]:
        """Counters of samples in the order in which they came.

        Parameters
        ----------
        stamps_s : ndarray (n,)
            The sender's time stamps, as sent. One that is no number is taken for the follower of the one before.

        Returns
        -------
        list of (counter, start, stop)
            ``stamps_s[start:stop]`` are consecutive samples of which the first has that counter. Where it lies before the end of
            the run before, the samples came twice, or late.

        Raises
        ------
        RateChangedError
            When the samples of two seconds come at another rate than was said.
        """
        if len(stamps_s) == 0:
            return []
        stamps = _filled(np.asarray(stamps_s, dtype=np.float64), self._last_s, 1 / self.fs_hz)
        if math.isnan(self._origin_s):
            self._origin_s = float(stamps[0])
        at = (stamps - self._origin_s) * self.fs_hz
        off = at - np.arange(len(at))
        cuts = [0, *(np.flatnonzero(np.abs(np.diff(off)) > GRID) + 1).tolist(), len(at)]
        runs: list[Run] = []
        for start, stop in itertools.pairwise(cuts):
            counter = self._piece(stamps[start:stop], at[start:stop])
            if runs and runs[-1][0] + start - runs[-1][1] == counter:
                runs[-1] = (runs[-1][0], runs[-1][1], stop)
            else:
                runs.append((counter, start, stop))
        self._last_s = float(stamps[-1])
        return runs

    def _piece(self, stamps: NDArray[np.float64], at: NDArray[np.float64]) -> int:
        """Counter of the first of some samples whose stamps follow each other."""
        step = float(at[0]) - self._next - self._level
        if step > AHEAD_S * self.fs_hz or (step < -BACK_S * self.fs_hz and self._counter_of(float(stamps[0])) is None):
            follows = self._stray is not None and -0.5 < at[0] - self._stray < self.fs_hz
            self._n_stray = self._n_stray + len(at) if follows else len(at)
            self._stray = float(at[-1]) + 1
            if self._n_stray < CLOCK_S * self.fs_hz:
                self._next += len(at)
                return self._next - len(at)
            self.n_clocks += 1
            self._level, step = float(at[0]) - self._next, 0.0
            self._seconds = _Seconds(self.fs_hz)
        self._stray = None
        counter = self._next if abs(step) <= GRID else self._stepped(float(stamps[0]), step)
        end = counter + len(at)
        self._remember(stamps, counter)
        if end > self._next:
            level = float(at[-1]) - (end - 1)
            missing = self._seconds.add(stamps, level, wandering=self._wander() > 0)
            self._next, self._level = end + missing, level - missing
        return counter

    def _stepped(self, stamp_s: float, step: float) -> int:
        known = self._counter_of(stamp_s)
        if known is not None:
            return known
        wander, whole = self._wander(), round(step)
        if wander == 0 and whole != 0 and abs(step - whole) <= GRID:
            return max(0, self._next + whole)
        if wander > 0 and step > 3 * wander + (0.5 if wander < 0.5 else AT_ONCE_S * self.fs_hz):
            return self._next + whole
        while self._steps and self._steps[-1][1] <= abs(step):
            self._steps.pop()
        self._steps.append((stamp_s, abs(step)))
        return self._next

    def _wander(self) -> float:
        while self._steps and not -BACK_S <= self._last_s - self._steps[0][0] <= REMEMBERED_S:
            self._steps.popleft()
        return self._steps[0][1] if self._steps else 0.0

    def _counter_of(self, stamp_s: float) -> int | None:
        """Of a sample that had this very stamp, not long ago."""
        return self._known[1].get(stamp_s, self._known[0].get(stamp_s))

    def _remember(self, stamps: NDArray[np.float64], counter: int) -> None:
        if len(self._known[1]) > KNOWN // 2:
            self._known = [self._known[1], {}]
        self._known[1].update(zip(stamps.tolist(), range(counter, counter + len(stamps)), strict=True))


class _Seconds:
    """What every second of stamps shows: samples that went missing among wandering stamps, and another rate."""

    def __init__(self, fs_hz: float) -> None:
        self.fs_hz = fs_hz
        self._least: float | None = None
        self._rises: deque[float] = deque(maxlen=15)
        self._wrong = 0
        self._begin()

    def _begin(self) -> None:
        self._levels: list[float] = []
        self._stamps: list[NDArray[np.float64]] = []
        self._n = 0

    def add(self, stamps: NDArray[np.float64], level: float, *, wandering: bool) -> int:
        """Samples that follow each other; returns how many turn out to be missing before the next one."""
        self._levels.append(level)
        self._stamps.append(stamps)
        self._n += len(stamps)
        if self._n < self.fs_hz / 4 or stamps[-1] - self._stamps[0][0] < WINDOW_S:
            return 0
        self._check_rate(np.concatenate(self._stamps))
        least = min(self._levels)
        self._begin()
        missing = 0
        if self._least is not None:
            rise = least - self._least
            usual = float(np.median(self._rises)) if len(self._rises) >= 3 else 0.0
            spread = 1.4826 * float(np.median(np.abs(np.array(self._rises) - usual))) if self._rises else 0.0
            if wandering and rise - usual > max(0.5, 4 * spread):
                missing = max(1, round(rise - usual))
            self._rises.append(rise - missing)
        self._least = least - missing
        return missing

    def _check_rate(self, stamps: NDArray[np.float64]) -> None:
        """Both the mean and the usual step must be off: neither what is lost nor what is sent in bursts is another rate."""
        mean_hz = (len(stamps) - 1) / float(stamps[-1] - stamps[0])
        step = float(np.median(np.diff(stamps))) * self.fs_hz
        wrong = abs(mean_hz / self.fs_hz - 1) > RATE_TOLERANCE and abs(step - 1) > RATE_TOLERANCE
        self._wrong = self._wrong + 1 if wrong else 0
        if self._wrong == 2:
            raise RateChangedError(mean_hz)


def _filled(stamps: NDArray[np.float64], before_s: float, period_s: float) -> NDArray[np.float64]:
    """Stamps that are no numbers become the followers of those before."""
    bad = np.flatnonzero(~(np.abs(stamps) < NO_TIME_S))
    if len(bad) == 0:
        return stamps
    out = stamps.copy()
    for i in bad:
        previous = float(out[i - 1]) if i else before_s
        out[i] = previous + period_s if math.isfinite(previous) else 0.0
    return out

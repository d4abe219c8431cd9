"""Numbers over time in a fixed amount of memory: the newest rows of what comes in."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Rows:
    """The newest ``length`` rows.

    Parameters
    ----------
    length : int
        Rows that are kept.
    width : int
        Numbers in a row.
    dtype : numpy dtype
    """

    def __init__(self, length: int, width: int, dtype: type[np.floating] = np.float64) -> None:
        self._kept = np.full((2 * length, width), np.nan, dtype)
        self._length, self._end = length, 0
        self.total = 0
        """Rows that ever came."""

    @property
    def nbytes(self) -> int:
        """Of memory."""
        return self._kept.nbytes

    def __len__(self) -> int:
        return min(self._end, self._length)

    def add(self, rows: ArrayLike) -> None:
        """One row or several, (n, width)."""
        new = np.atleast_2d(np.asarray(rows, self._kept.dtype))
        self.total += len(new)
        new = new[-self._length :]
        if self._end + len(new) > len(self._kept):  # once in a while, so that the newest lie in one piece
            keep = self.view().copy()
            self._kept[: len(keep)] = keep
            self._end = len(keep)
        self._kept[self._end : self._end + len(new)] = new
        self._end += len(new)

    def view(self) -> NDArray[np.floating]:
        """The rows, oldest first, (n, width); not a copy."""
        return self._kept[max(0, self._end - self._length) : self._end]


class LongRun:
    """Values over the whole session in bins of equal time, which double in length whenever the memory is full.

    Parameters
    ----------
    columns : int
        Values at a time.
    bins : int
        That are kept, at most; even.
    width_s : float
        Of a bin at the beginning.
    """

    def __init__(self, columns: int, bins: int = 600, width_s: float = 0.5) -> None:
        self.width_s, self._first_s = width_s, math.nan
        self._sums, self._counts = np.zeros((bins, columns)), np.zeros((bins, columns), np.int64)
        self._used = 0

    @property
    def nbytes(self) -> int:
        """Of memory."""
        return self._sums.nbytes + self._counts.nbytes

    def add(self, at_s: float, values: ArrayLike) -> None:
        """Values at a time, which is not before the first; what is no number is left out."""
        if math.isnan(self._first_s):
            self._first_s = at_s
        while (at := max(int((at_s - self._first_s) / self.width_s), 0)) >= len(self._sums):
            for kept in (self._sums, self._counts):
                kept[: len(kept) // 2] = kept[::2] + kept[1::2]
                kept[len(kept) // 2 :] = 0
            self.width_s, self._used = 2 * self.width_s, (self._used + 1) // 2
        value = np.asarray(values, np.float64)
        there = np.isfinite(value)
        self._sums[at, there] += value[there]
        self._counts[at] += there
        self._used = max(self._used, at + 1)

    def view(self) -> NDArray[np.floating]:
        """(n, 1 + columns): middle of each bin (s) and the means in it; NaN where there was none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            means = self._sums[: self._used] / self._counts[: self._used]
        return np.column_stack([self._first_s + (np.arange(self._used) + 0.5) * self.width_s, means])


class Histogram:
    """Counts in bins with fixed edges; what lies outside goes to the outermost.

    Parameters
    ----------
    edges : array
        Rising, one more than bins.
    """

    def __init__(self, edges: ArrayLike) -> None:
        self.edges = np.asarray(edges, np.float64)
        self.counts = np.zeros(len(self.edges) - 1, np.int64)

    def add(self, value: float) -> None:
        """One value; what is no number is left out."""
        if np.isfinite(value):
            at = int(np.searchsorted(self.edges, value, "right")) - 1
            self.counts[min(max(at, 0), len(self.counts) - 1)] += 1

    def add_all(self, values: ArrayLike) -> None:
        """Many at once, as :meth:`add`."""
        known = np.asarray(values, np.float64)
        at = np.searchsorted(self.edges, known[np.isfinite(known)], "right") - 1
        self.counts += np.bincount(np.clip(at, 0, len(self.counts) - 1), minlength=len(self.counts))

    @property
    def total(self) -> int:
        """Values that are counted."""
        return int(self.counts.sum())

    def part(self, fraction: float) -> float:
        """The middle of the bin below which that part of the values lies; NaN without any."""
        if not self.total:
            return float("nan")
        at = int(np.searchsorted(np.cumsum(self.counts), fraction * self.total))
        return float(self.edges[at : at + 2].mean())


class Angles:
    """Directions or phases: how often each sector, their mean and spread over all that came.

    Parameters
    ----------
    sectors : int
        Of equal width; the first is centred on 0.
    """

    def __init__(self, sectors: int) -> None:
        self.counts = np.zeros(sectors, np.int64)
        self._sum = 0j

    def add(self, angle_deg: float) -> None:
        """One angle; what is no number is left out."""
        if np.isfinite(angle_deg):
            n = len(self.counts)
            self.counts[round(angle_deg / 360 * n) % n] += 1
            self._sum += np.exp(1j * np.radians(angle_deg))

    def add_all(self, angles_deg: ArrayLike) -> None:
        """Many at once, as :meth:`add`."""
        known = np.asarray(angles_deg, np.float64)
        known, n = known[np.isfinite(known)], len(self.counts)
        self.counts += np.bincount(np.round(known / 360 * n).astype(np.int64) % n, minlength=n)
        self._sum += complex(np.exp(1j * np.radians(known)).sum())

    @property
    def total(self) -> int:
        """Angles that are counted."""
        return int(self.counts.sum())

    @property
    def mean_deg(self) -> float:
        """Circular mean in (-180, 180]; NaN without any."""
        return float(np.degrees(np.angle(self._sum))) if self.total else float("nan")

    @property
    def sd_deg(self) -> float:
        """Circular SD, at most 180; NaN without any."""
        if not self.total:
            return float("nan")
        r = min(abs(self._sum) / self.total, 1.0)
        return float(min(np.degrees(np.sqrt(2 * abs(np.log(r)))), 180.0)) if r > 0 else 180.0

"""Samples by their counter, read where they are asked for; what is missing is NaN."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.rows import Samples

Block = NDArray[np.float32]


class Stretch(NamedTuple):
    """Consecutive samples: the first row, its counter, how many."""

    row: int
    first: int
    n: int


class Reel:
    """Samples of a session or a recording.

    Parameters
    ----------
    read : callable
        Rows from one to another, (n, channels) uV.
    stretches : list of Stretch
        In the order of rows.
    n_channels : int

    Attributes
    ----------
    first, end : int
        Counter of the first sample, and the one after the last.
    gaps : list of (first missing sample, how many)
    runs_back : int or None
        Sample at which the counter began anew, as after a restart of the source; what follows is not shown.
    """

    def __init__(self, read: Callable[[int, int], Block], stretches: list[Stretch], n_channels: int) -> None:
        self._read, self.n_channels = read, n_channels
        ends = [s.first + s.n for s in stretches]
        back = next((i for i in range(1, len(stretches)) if stretches[i].first < ends[i - 1]), len(stretches))
        self.runs_back = stretches[back].first if back < len(stretches) else None
        self.stretches = stretches[:back]
        self.first = self.stretches[0].first if self.stretches else 0
        self.end = ends[back - 1] if self.stretches else 0
        self.gaps = [(ends[i - 1], stretches[i].first - ends[i - 1]) for i in range(1, back)]

    def window(self, first: int, n: int) -> Block:
        """(n, channels) uV from this counter on; NaN where there is nothing."""
        out = np.full((n, self.n_channels), np.nan, np.float32)
        for s in self.stretches:
            a, b = max(first, s.first), min(first + n, s.first + s.n)
            if a < b:
                out[a - first : b - first] = self._read(s.row + a - s.first, s.row + b - s.first)
        return out

    def blocks(self, since: int, size: int, until: int | None = None) -> Iterator[tuple[int, Block]]:
        """(counter of the first sample, block) of at most ``size`` samples, never across a gap, from one counter to before another."""
        for s in self.stretches:
            stop = s.first + s.n if until is None else min(s.first + s.n, until)
            for first in range(max(since, s.first), stop, size):
                last = min(first + size, stop)
                yield first, self._read(s.row + first - s.first, s.row + last - s.first)


def stretches_of(samples: Samples) -> list[Stretch]:
    """Where a session's samples lie."""
    out, row, first = [], 0, int(samples.first_sample)
    for end, missing in samples.gaps:
        out.append(Stretch(row, first, end - first))
        row, first = row + end - first, end + missing
    n = samples.shape[0] - row
    return [*out, Stretch(row, first, n)] if n else out

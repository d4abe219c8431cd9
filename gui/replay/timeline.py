"""The line of time of what is replayed: where pulses, pauses, markers and gaps are, and the way from one pulse to the next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LIGHT, SHAM, OTHER = 0, 1, 2
"""Of a pulse: light, a dark one, one that did not come."""
CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)")


def _none() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True)
class Timeline:
    """See the module; times are in samples of the source.

    Attributes
    ----------
    first, end : of the samples; ``end`` is after the last.
    pulse_at, pulse_what : when, and LIGHT, SHAM or OTHER.
    veto_at : decisions that were withheld.
    gaps, pauses : (n, 2) from, to.
    named : (sample, kind, text) of markers.
    """

    fs_hz: float = 1.0
    first: float = 0.0
    end: float = 0.0
    pulse_at: Floats = field(default_factory=_none)
    pulse_what: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    veto_at: Floats = field(default_factory=_none)
    gaps: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    pauses: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    named: tuple[tuple[float, str, str], ...] = ()

    @property
    def last(self) -> float:
        """The last moment that can be shown."""
        return max(self.first, self.end - 1)

    def clamped(self, sample: float) -> float:
        """A moment that can be shown."""
        return min(max(sample, self.first), self.last)

    def seconds(self, sample: float) -> float:
        """Since the first sample."""
        return (sample - self.first) / self.fs_hz

    def sample(self, seconds: float) -> float:
        """At so many seconds from the first, as near as can be shown."""
        return self.clamped(self.first + seconds * self.fs_hz)

    def pulse_beside(self, sample: float, step: int) -> float | None:
        """The pulse after (1) or before (-1) a moment, on a whole sample; None when there is none."""
        at = np.ceil(self.pulse_at)  # it is told at the first sample after it
        i = int(np.searchsorted(at, sample, side="right" if step > 0 else "left"))
        i += 0 if step > 0 else -1
        return self.clamped(float(at[i])) if 0 <= i < len(at) else None

    def near(self, sample: float, within: float) -> tuple[float, str, str] | None:
        """The marker nearest to a moment, when it is within so many samples."""
        found = min(self.named, key=lambda mark: abs(mark[0] - sample), default=None)
        return found if found is not None and abs(found[0] - sample) <= within else None

    def binned(self, at: Floats, bins: int) -> NDArray[np.int64]:
        """How many of these moments lie in each of so many equal parts of the whole."""
        counts: NDArray[np.int64] = np.histogram(at, bins, (self.first, max(self.end, self.first + 1)))[0]
        return counts


def timeline(fs_hz: float, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Timeline:
    """From an answer ``marks``."""
    named = tuple((float(at), str(kind), str(text)) for at, kind, text in header["named"])
    return Timeline(fs_hz, float(header["first"]), float(header["end"]), named=named, **{name: arrays[name] for name in arrays})


def seconds_said(text: str) -> float | None:
    """Seconds of a time as people write it: ``90``, ``1:30``, ``1:02:30.250``; None when it is none."""
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + float(seconds)

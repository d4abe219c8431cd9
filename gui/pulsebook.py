"""What became of decisions: pulses joined to the decisions they belong to, counted, and the phase that the wave had when light came on."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from wavestim.gui.byhand import ByHand
from wavestim.gui.rings import Angles, Histogram

WAITING = 256
"""Decisions that wait for their pulse; a pulse follows its decision within a second."""
KEPT = 64
"""Moments of light that are kept for the traces and the map."""
CAME = ("fired", "cut", "dark")
LATENCY_US = np.logspace(1, 6, 51)
LATENCY_PARTS = ("queue_us", "compute_us", "serial_us")


@dataclass(frozen=True)
class Shone:
    """One moment of light, or of the dark pulse that stands for it."""

    sample: float
    site: int
    condition: str
    dark: bool


@dataclass
class PulseBook:
    """Of one session, from when the window was attached.

    Attributes
    ----------
    verdicts : pulses by what became of them.
    vetoes : decisions that made no pulse, by reason.
    conditions : pulses that came out, by condition.
    recent : the newest moments of light.
    latency : block received to frame written, us.
    deadline : what was left before it would have been too late, with the latency: us after the block came.
    directions : of the wave at decisions that made a pulse.
    by_hand : light that a person asked for, which counts nowhere else.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    vetoes: Counter[str] = field(default_factory=Counter)
    conditions: Counter[str] = field(default_factory=Counter)
    recent: deque[Shone] = field(default_factory=lambda: deque(maxlen=KEPT))
    latency: Histogram = field(default_factory=lambda: Histogram(LATENCY_US))
    deadline: Histogram = field(default_factory=lambda: Histogram(LATENCY_US))
    directions: Angles = field(default_factory=lambda: Angles(36))
    by_hand: ByHand = field(default_factory=ByHand)
    _waiting: OrderedDict[int, Mapping[str, Any]] = field(default_factory=OrderedDict)

    def decided(self, first: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows of the topic ``decisions``."""
        for i, row in enumerate(rows):
            if self.by_hand.decided(first + i, row):
                continue
            if row["verdict"] != "scheduled":
                self.vetoes[row["verdict"]] += 1
                continue
            self.directions.add(number(row["direction_deg"]))
            self._waiting[first + i] = row
            if len(self._waiting) > WAITING:
                self._waiting.popitem(last=False)

    def pulsed(self, rows: Iterable[Mapping[str, Any]]) -> list[Shone]:
        """Rows of the topic ``pulses``; returns those that came out."""
        came = []
        for row in rows:
            if self.by_hand.pulsed(row):
                continue
            self.verdicts[row["verdict"]] += 1
            decision = self._waiting.pop(row["decision"], None)
            latency = sum(number(row[name]) for name in LATENCY_PARTS)
            self.latency.add(latency)
            self.deadline.add(latency + number(row["margin_us"]))
            if row["verdict"] not in CAME or decision is None:
                continue
            self.conditions[decision["condition"]] += 1
            at = number(row["fire_sample"])
            shone = Shone(
                at if math.isfinite(at) else number(decision["fire_sample"]), decision["site"], decision["condition"], bool(row["dark"])
            )
            self.recent.append(shone)
            came.append(shone)
        return came


def number(value: float | None) -> float:
    """A number of a message, in which what is none is null."""
    return math.nan if value is None else float(value)

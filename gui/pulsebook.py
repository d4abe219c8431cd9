"""What became of decisions: pulses joined to the decisions they belong to, and counted."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from wavestim.controller.record.records import CAME
from wavestim.gui.byhand import MANUAL, ByHand
from wavestim.gui.kinds import goes_one_way
from wavestim.gui.rings import Angles, Histogram

WAITING = 256
"""Decisions that wait for their pulse; a pulse follows its decision within a second."""
KEPT = 64
"""Moments of light that are kept for the traces and the map."""
LATENCY_US = np.logspace(1, 6, 51)
LATENCY_PARTS = ("queue_us", "compute_us", "serial_us")


@dataclass(frozen=True)
class Shone:
    """One moment of light, or of the dark pulse that stands for it.

    Attributes
    ----------
    sample : light-on at the site.
    site : electrode.
    condition : its name.
    dark : it is a sham or a catch.
    begin : the first light of the pattern, sample.
    slot : which pattern.
    """

    sample: float
    site: int
    condition: str
    dark: bool
    begin: float = math.nan
    slot: int = -1


@dataclass
class PulseBook:
    """Of one session.

    Attributes
    ----------
    verdicts : pulses by what became of them.
    vetoes : decisions that made no pulse, by reason.
    conditions : pulses that came out, by condition.
    recent : the newest moments of light.
    latency : block received to frame written, us.
    deadline : of those that came out, what was left before it would have been too late, with the latency: us after the block came.
    directions : of the wave at decisions that made a pulse, where it had one.
    by_hand : light that a person asked for; it is among the recent, and counts nowhere else.
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

    def knows(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """What was decided is known for each of these rows of pulses."""
        return all(row["decision"] < 0 or row["decision"] in self._waiting or self.by_hand.asked(row["decision"]) for row in rows)

    def meant(self, row: Mapping[str, Any]) -> float:
        """The sample at which the light of this row of pulses was meant to come; NaN when nobody knows."""
        return number(self._waiting.get(row["decision"], row).get("meant_sample"))

    def decided(self, first: int, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows of decisions, the first of which has that row in the journal."""
        for i, row in enumerate(rows):
            if self.by_hand.decided(first + i, row):
                continue
            if row["verdict"] != "scheduled":
                self.vetoes[row["verdict"]] += 1
                continue
            if goes_one_way(row["wave_kind"]):
                self.directions.add(number(row["direction_deg"]))
            self._waiting[first + i] = {**row, "meant_sample": row["fire_sample"]}
            if len(self._waiting) > WAITING:
                self._waiting.popitem(last=False)

    def pulsed(self, rows: Iterable[Mapping[str, Any]]) -> list[Shone]:
        """Rows of pulses, as they were heard or with what was decided, as they are read; returns those that came out."""
        came = []
        for row in rows:
            if self.by_hand.pulsed(row) or row.get("condition") == MANUAL:
                if row["verdict"] in CAME:
                    self.recent.append(_shone(row, {**self.by_hand.decision, **row}))
                continue
            self.verdicts[row["verdict"]] += 1
            decision = self._waiting.pop(row["decision"], None)
            if decision is None:
                decision = row if row.get("condition") is not None else None
            latency = sum(number(row[name]) for name in LATENCY_PARTS)
            self.latency.add(latency)
            if row["verdict"] in CAME:  # the others were not written, or had no clock to be late by
                self.deadline.add(latency + number(row["margin_us"]))
            if row["verdict"] not in CAME or decision is None:
                continue
            self.conditions[decision["condition"]] += 1
            shone = _shone(row, decision)
            self.recent.append(shone)
            came.append(shone)
        return came


def _shone(row: Mapping[str, Any], decision: Mapping[str, Any]) -> Shone:
    acked, meant = number(row["fire_sample"]), number(decision.get("meant_sample"))
    begin, at = number(decision.get("start_sample")), acked if math.isfinite(acked) else meant
    return Shone(
        sample=at,
        site=int(decision["site"]),
        condition=decision["condition"],
        dark=bool(row["dark"]),
        begin=begin + at - meant if math.isfinite(begin) else at,
        slot=int(decision.get("slot", -1)),
    )


def number(value: float | None) -> float:
    """A number of a message, in which what is none is null."""
    return math.nan if value is None else float(value)

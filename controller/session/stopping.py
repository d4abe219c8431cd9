"""When a session ends by itself: its stop rules held against what has come out so far. The same at both paces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment import Experiment
from wavestim.realtime.records import MANUAL

TAIL_S = 1.0
"""After the last decision: what is queued comes out, and the wave after the last light is recorded."""
LEAST_PULSES, LEAST_S = 20, 10.0
"""Before so many pulses, or seconds, no part of them is judged."""
CAME = ("fired", "cut", "dark")


class Tally:
    """Pulses so far by what became of them.

    Parameters
    ----------
    dark : sequence of str
        Names of conditions that are dark anyway.
    """

    def __init__(self, dark: Sequence[str]) -> None:
        self._dark = frozenset(dark)
        self._waiting: dict[int, tuple[str, bool]] = {}
        self.came = self.failed = 0
        self.by_condition: Counter[str] = Counter()
        """That came out, catch trials left out."""

    def decided(self, first_index: int, decisions: NDArray[np.void]) -> None:
        """New decisions, the first of which has that row in the journal."""
        for i in np.flatnonzero((decisions["verdict"] == "scheduled") & (decisions["condition"] != MANUAL)).tolist():
            row = decisions[i]
            name = str(row["condition"])
            self._waiting[first_index + i] = name, bool(row["dark"]) and name not in self._dark

    def pulsed(self, pulses: NDArray[np.void]) -> None:
        """What became of them."""
        for row in pulses:
            decision = int(row["decision"])
            if decision not in self._waiting:  # light by hand
                continue
            name, is_catch = self._waiting.pop(decision)
            if str(row["verdict"]) not in CAME:
                self.failed += 1
                continue
            self.came += 1
            if not is_catch:
                self.by_condition[name] += 1


@dataclass(frozen=True)
class Ending:
    """Why a session ends by itself; ``failed``: not because all is done."""

    reason: str
    failed: bool = False


def ending(experiment: Experiment, tally: Tally, *, done_s: float, trials: int, samples: int, dropped: int) -> Ending | None:
    """Whether the session has come to its end.

    Parameters
    ----------
    experiment : Experiment
    tally : Tally
    done_s : float
        Seconds of samples so far.
    trials : int
        That are done.
    samples, dropped : int
        That came, and that are missing.
    """
    stop, schedule = experiment.stop, experiment.schedule
    per_block, counted = schedule.trials_per_block or 0, experiment.trigger.policy.kind != "replayed"
    if schedule.blocks is not None and counted and trials >= schedule.blocks * per_block:
        return Ending(f"schedule.blocks: all {schedule.blocks} blocks are done")
    if stop.after_s is not None and done_s + TAIL_S >= stop.after_s:
        return Ending(f"stop.after_s: {stop.after_s:g} s are recorded")
    if stop.after_pulses is not None and tally.came >= stop.after_pulses:
        return Ending(f"stop.after_pulses: {tally.came} pulses have come out")
    each = stop.after_pulses_per_condition
    if each is not None and all(tally.by_condition[c.name] >= each for c in experiment.conditions):
        return Ending(f"stop.after_pulses_per_condition: every condition has come out {each} times")
    ended = tally.came + tally.failed
    if stop.max_missed_fraction is not None and ended >= LEAST_PULSES and tally.failed > stop.max_missed_fraction * ended:
        return Ending(f"stop.max_missed_fraction: {tally.failed} of {ended} pulses came too late or were refused", failed=True)
    if stop.max_dropped_fraction is not None and done_s >= LEAST_S and dropped > stop.max_dropped_fraction * (samples + dropped):
        return Ending(f"stop.max_dropped_fraction: {dropped} of {samples + dropped} samples are missing", failed=True)
    return None

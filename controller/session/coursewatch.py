"""Watches the course of a running session: journals the blocks that are done, ends it by its rules, and says how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment import Experiment
from wavestim.controller.session.stopping import Ending, Tally, ending

if TYPE_CHECKING:
    from wavestim.controller.record.journal import Journal
    from wavestim.controller.session.clocks import ClockModel
    from wavestim.realtime.engine import Engine


class CourseWatch:
    """One session's course; is told of decisions and pulses (a ``Teller``).

    Parameters
    ----------
    experiment : Experiment
    engine : Engine
    fs_hz : float

    Attributes
    ----------
    ending : Ending, optional
        Why the session ends by itself, once it does.
    """

    def __init__(self, experiment: Experiment, engine: Engine, fs_hz: float) -> None:
        self._experiment, self._engine, self._fs_hz = experiment, engine, fs_hz
        self._tally = Tally([c.name for c in experiment.conditions if c.pattern.kind == "none"])
        self._blocks = 0
        self.ending: Ending | None = None

    def decided(self, first_index: int, decisions: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``."""
        self._tally.decided(first_index, decisions)

    def pulsed(self, pulses: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``."""
        self._tally.pulsed(pulses)

    def look(self, journal: Journal, *, last_sample: int, samples: int, dropped: int) -> bool:
        """Once in a while; true when the session is to end: from now on nothing is decided, and what is queued still comes."""
        course = self._engine.course
        if self.ending is not None or course is None:
            return False
        trials, at = course.position, max(last_sample, 0)
        blocks = trials // course.per_block if course.per_block else 0
        if blocks > self._blocks:
            self._blocks = blocks
            of = f" of {self._experiment.schedule.blocks}" if self._experiment.schedule.blocks else ""
            wait_s = self._experiment.schedule.washout_s
            journal.append_marker(at, "block-done", f"block {blocks}{of}" + (f"; no light for {wait_s:g} s" if wait_s else ""))
        self.ending = ending(
            self._experiment,
            self._tally,
            done_s=(samples + dropped) / self._fs_hz,
            trials=trials,
            samples=samples,
            dropped=dropped,
        )
        if self.ending is None:
            return False
        self._engine.post("disarm")
        journal.append_marker(at, "ending", self.ending.reason)
        return True

    def status(self) -> dict[str, Any]:
        """Trials and blocks that are done, how many there will be, the gate, where there is one, and whether it is washout."""
        course, schedule = self._engine.course, self._experiment.schedule
        if course is None:
            return {}
        found: dict[str, Any] = {"trials": course.position, "washout": self._engine.next_sample < course.dark_to}
        if schedule.trials_per_block:
            found |= {"trials_per_block": schedule.trials_per_block, "blocks": course.position // schedule.trials_per_block}
        if schedule.blocks:
            found["of_blocks"] = schedule.blocks
        if self._experiment.gate is not None:
            found["gate"] = "open" if course.gate_open_at(self._engine.next_sample) else "shut"
        return found

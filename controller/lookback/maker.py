"""The thread that lets the engine run over the past once more, keeps what it knew, and holds its decisions against the recorded ones."""

from __future__ import annotations

import contextlib
import os
import threading

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.errors import WavestimError
from wavestim.controller.lookback.past import Past
from wavestim.controller.lookback.ticks import TICK, Ticks
from wavestim.controller.record.samples import SampleReader
from wavestim.controller.session.again import Again, EventError, events_of
from wavestim.controller.session.verify import compare
from wavestim.hardware.sources import SourceError
from wavestim.realtime.engine import TRACE_COLUMNS, Engine
from wavestim.realtime.forecast import RECORD_SIZE
from wavestim.realtime.records import DECISION

BLOCK = 2048
TICKS_HZ = 60.0
MOST_TICKS = 2_000_000
"""Kept at most, a gigabyte of file: of a longer past they lie further apart."""
GROWS_S = 1.0
NICE = 10
"""A session that runs at the same time comes first, and so do answers."""


class Maker(threading.Thread):
    """See the module.

    Parameters
    ----------
    past : Past
    ticks : Ticks
        To be filled; beside the regular ones those at which something was decided.

    Attributes
    ----------
    made_to : int
        The engine has run before this sample.
    done : bool
        There is no more to come.
    same : int
        Recorded decisions that were made again, bit for bit.
    difference : str
        The first decision that was not, in words.
    trouble : str
        Why it could not go on; or what is damaged.
    decisions : array of DECISION
        That were made.
    delay_s : float
        Of the conditioning: what the model knows at a tick is so old.
    """

    def __init__(self, past: Past, ticks: Ticks) -> None:
        super().__init__(name="maker", daemon=True)
        self._past, self._ticks = past, ticks
        self._engine = engine = Engine(past.assembly.engine)
        self.delay_s = engine.delay_s
        self.made_to, self.done, self.same, self.difference, self.trouble = past.reel.first, False, 0, "", ""
        self.decisions: NDArray[np.void] = np.zeros(0, DECISION)
        self._parts: list[NDArray[np.void]] = []
        length_s = (past.reel.end - past.reel.first) / past.assembly.fs_hz
        self._apart = past.assembly.fs_hz / min(TICKS_HZ, MOST_TICKS / max(length_s, 1.0))
        self._next = -np.inf
        self._records, self._waves = np.zeros((2 * BLOCK, RECORD_SIZE)), np.zeros((2 * BLOCK, TRACE_COLUMNS))
        self._at = np.zeros(2 * BLOCK, np.int64)
        self._closing = threading.Event()
        self._again = Again(engine, self._first_events(), learns=past.session is None, seen=self._seen)
        self._n_events = 0 if past.session is None else len(past.session.input_events)

    def run(self) -> None:
        """Until all is done; of a session that is being recorded, until it ends."""
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        try:
            while True:
                self._go_on()
                if self._past.kind != "running" or self._closing.wait(GROWS_S):
                    break
                self._look_again()
        except (WavestimError, SourceError, EventError, OSError) as error:
            self.trouble = str(error)
        except Exception as error:  # whatever is wrong with a file is told; what is there is shown
            self.trouble = f"{self._past.path}: cannot be followed beyond sample {self.made_to} ({type(error).__name__}: {error})"
        self.done = True

    def close(self) -> None:
        """Stop soon."""
        self._closing.set()

    def _first_events(self) -> list[tuple[int, str, float, bytes | None]]:
        if self._past.session is not None:
            return list(events_of(self._past.session))
        if self._past.calibration is not None:
            self._engine.apply_calibration(self._past.calibration.calibration)
        self._engine.post("horizon", self._past.horizon_ms)
        self._engine.post("arm")
        return []

    def _go_on(self) -> None:
        self._rest()
        for first, block in self._past.blocks(self.made_to, BLOCK):
            if first + len(block) <= self.made_to:  # of a recording that can only be read from its beginning
                continue
            since = max(int(first), self.made_to)
            self._again.process(block[since - first :], since)
            self._note_decisions()
            self.made_to = int(first) + len(block)
            if self._closing.is_set() or self.made_to >= self._past.reel.end:
                break
        samples = None if self._past.session is None else self._past.session.samples
        if isinstance(samples, SampleReader) and samples.damaged:
            self.trouble = samples.damaged[0]
        recorded = self._recorded()
        if self._past.kind == "finished" and not (self._closing.is_set() or self.difference or self.trouble) and self.same < len(recorded):
            self.difference = f"decision {self.same} (sample {recorded[self.same]['sample']}) is recorded and was not made again"

    def _look_again(self) -> None:
        self._past.refresh()
        assert self._past.session is not None
        events = self._past.session.input_events
        self._again.events.extend(sorted(events[self._n_events :], key=lambda event: event[0]))
        self._n_events = len(events)

    def _recorded(self) -> NDArray[np.void]:
        return self.decisions[:0] if self._past.session is None else self._past.session.decisions

    def _rest(self) -> None:
        """Trace from here on."""
        self._engine.trace_into(self._records, self._waves, self._at)

    def _seen(self) -> None:
        """Keep of a stretch what will be shown."""
        n, decisions = self._engine.n_traced, self._engine.take_decisions()
        self._parts.append(decisions)
        calibration = self._engine.calibration
        if n and calibration is not None:
            known = self._ticks.calibrations
            if not known or known[-1] is not calibration:
                known.append(calibration)
            at = self._at[:n]
            rows = self._regular(at)
            rows = np.union1d(rows, np.searchsorted(at, decisions["sample"]))
            self._keep(rows[rows < n].astype(np.intp), len(known) - 1)
        if n:
            self._rest()

    def _regular(self, at: NDArray[np.int64]) -> NDArray[np.intp]:
        """Ticks that are due, evenly in time."""
        if at[0] < self._next - 2 * self._apart:  # the counter began anew
            self._next = -np.inf
        start = max(self._next, float(at[0]))
        due = np.arange(start, at[-1] + 1, self._apart)
        if len(due):
            self._next = float(due[-1] + self._apart)
        return np.unique(np.searchsorted(at, due))

    def _keep(self, rows: NDArray[np.intp], calibration: int) -> None:
        kept = np.zeros(len(rows), TICK)
        kept["calibration"], kept["wave"], kept["record"] = calibration, self._waves[rows], self._records[rows]
        phase, _ = self._ticks.phases(kept, np.full(len(rows), self.delay_s))
        self._ticks.add(self._at[rows], kept, np.degrees(phase[:, self._past.assembly.site]))

    def _note_decisions(self) -> None:
        """Decisions of a block, held against those that are recorded."""
        parts, self._parts = self._parts, []
        made = np.concatenate(parts) if parts else self.decisions[:0]
        session = self._past.session
        if session is None:
            if len(made):
                self.decisions = np.concatenate([self.decisions, made])
            return
        made = made[made["sample"] < session.decided_to]
        if not len(made) or self.difference:
            return
        recorded = session.decisions[self.same : self.same + len(made)]
        difference = compare(recorded, made, self.same)
        self.difference = difference or ""
        self.same += len(made) if difference is None else 0

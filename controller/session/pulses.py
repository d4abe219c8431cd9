"""What became of each decision: joins decisions, dispatches and the board's events into one row per pulse."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.lights import LightEvent


@dataclass
class Pulse:
    """One scheduled decision on its way to light."""

    decision: int
    sample: int
    fire_sample: float
    dark: bool
    sent: bool = False
    ordered_ns: int = 0
    verdict: str = ""
    reason: str = ""
    acked_sample: float = math.nan
    onset_device_us: float = math.nan
    offset_device_us: float = math.nan
    host_ns: int = 0
    budget_us: dict[str, float] = field(default_factory=dict)


class PulseLedger:
    """Pulses in flight; finished ones are handed out once."""

    def __init__(self) -> None:
        self._open: dict[int, Pulse] = {}
        self._done: list[Pulse] = []
        self._early: list[LightEvent] = []  # of decisions and dispatches that were not yet fetched
        self._next = 0
        self.ns_per_sample = 1e6
        self._ending: str | None = None

    def decided(self, first_index: int, decisions: NDArray[np.void]) -> None:
        """New decisions; the scheduled ones become pulses."""
        self._next = first_index + len(decisions)
        for i in np.flatnonzero(decisions["verdict"] == "scheduled"):
            row = decisions[i]
            self._open[first_index + int(i)] = Pulse(first_index + int(i), int(row["sample"]), float(row["fire_sample"]), bool(row["dark"]))

    def dispatched(self, dispatches: NDArray[np.void], *, simulated: bool, taken_ns: Callable[[float], float] | None = None) -> None:
        """What the scheduler did with them; ``taken_ns`` gives the host time at which a sample was taken.

        In simulated time the latencies mean nothing and stay NaN.
        """
        for d in dispatches:
            pulse = self._open.get(int(d["decision"]))
            if pulse is None:
                continue
            pulse.ordered_ns = int(d["device_ns"])
            pulse.host_ns = int(d["written_ns"])
            pulse.budget_us = {"margin_us": float(d["margin_us"])}
            if not simulated:
                if taken_ns is not None:
                    pulse.budget_us["block_age_us"] = (int(d["block_ns"]) - taken_ns(pulse.sample)) / 1e3
                pulse.budget_us |= {
                    "queue_us": (int(d["taken_ns"]) - int(d["block_ns"])) / 1e3,
                    "compute_us": (int(d["decided_ns"]) - int(d["taken_ns"])) / 1e3,
                    "serial_us": (int(d["written_ns"]) - int(d["decided_ns"])) / 1e3,
                }
            outcome = str(d["outcome"])
            pulse.sent = outcome == "sent"
            if not pulse.sent:
                self._finish(
                    pulse,
                    "refused" if outcome == "no-clock" else "missed",
                    {"missed": "late", "no-clock": "clock", "not-sent": "port", "stalled": "no-samples"}[outcome],
                )
        self.heard(())

    def heard(self, events: Iterable[LightEvent]) -> None:
        """What the board said. On a machine that stalls it may be heard before what it answers was fetched: then it waits for that."""
        told, self._early = [*self._early, *events], []
        for e in told:
            pulse = self._open.get(e.decision)
            if e.decision >= self._next or (pulse is not None and not pulse.sent):
                self._early.append(e)
            elif pulse is not None:
                self._became(pulse, e)

    def _became(self, pulse: Pulse, e: LightEvent) -> None:
        if e.kind == "fired":
            pulse.onset_device_us, pulse.offset_device_us = e.device_on_ns / 1e3, e.device_off_ns / 1e3
            pulse.acked_sample = pulse.fire_sample + (e.device_on_ns - pulse.ordered_ns) / self.ns_per_sample
            self._finish(pulse, "dark" if e.dark else ("cut" if e.cut else "fired"), "cut" if e.cut else "")
        elif e.kind == "refused":
            self._finish(pulse, "missed" if e.reason == "late" else "refused", e.reason)
        elif e.kind == "dropped" and self._ending is not None:  # by the disarming that ends a session
            self._finish(pulse, "lost", self._ending)
        elif e.kind == "dropped":
            self._finish(pulse, "missed", e.reason)
        elif e.kind == "lost":
            self._finish(pulse, "lost", e.reason)

    def _finish(self, pulse: Pulse, verdict: str, reason: str) -> None:
        pulse.verdict, pulse.reason = verdict, reason
        self._done.append(self._open.pop(pulse.decision))

    def ending(self, reason: str) -> None:
        """The board has been disarmed because the session ends: what it drops from now on was planned past the end."""
        self._ending = reason

    def give_up(self, reason: str) -> None:
        """The session ends: whatever has no answer never will."""
        for pulse in list(self._open.values()):
            self._finish(pulse, "lost", reason)

    @property
    def finished(self) -> int:
        """Pulses that wait to be taken."""
        return len(self._done)

    @property
    def open(self) -> int:
        """Pulses without an end."""
        return len(self._open)

    def take(self, dtype: np.dtype[np.void]) -> NDArray[np.void]:
        """Finished pulses since the last call, as rows of the journal's pulse layout."""
        rows = np.zeros(len(self._done), dtype)
        for row, p in zip(rows, self._done, strict=True):
            row["decision"], row["fire_sample"], row["host_ns"], row["dark"] = p.decision, p.acked_sample, p.host_ns, p.dark
            row["onset_device_us"], row["offset_device_us"] = p.onset_device_us, p.offset_device_us
            row["verdict"], row["reason"] = p.verdict, p.reason
            for name in ("block_age_us", "queue_us", "compute_us", "serial_us", "margin_us"):
                row[name] = p.budget_us.get(name, math.nan)
        self._done.clear()
        return rows

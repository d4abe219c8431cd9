"""Moves everything that a session produces into its journal: samples, decisions, input events, pulses, clock models. Both paces use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.records import PULSE
from wavestim.controller.session.clocks import ClockModel, SampleClock
from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.controller.session.pulses import PulseLedger
from wavestim.controller.staleness import FITS, STALE, stale_words

if TYPE_CHECKING:
    from wavestim.controller.record.journal import Journal
    from wavestim.controller.session.telling import Teller
    from wavestim.hardware.lights import Light
    from wavestim.realtime.engine import Engine
    from wavestim.realtime.ring import Ring
    from wavestim.realtime.scheduler import Scheduler

PUBLISH_NS = 1_000_000_000
RAIL = 32767


class Recorder:
    """Drains ring, engine, scheduler and light into the journal, and keeps the clock maps fresh.

    Parameters
    ----------
    journal, ring, engine, scheduler, light
        What it connects.
    sample_clock, device_clock
        Clocks to keep.
    simulated : bool
        Latencies mean nothing under a simulated clock and are not written.
    keep_samples : bool
        False when the samples stay in the recording they came from.
    told : Teller, optional
        Tells other programs of decisions and pulses.

    Attributes
    ----------
    ages_ms : list of arrays, or None
        While it is a list: how old every sample was when it was received, once the clocks are known.
    """

    def __init__(
        self,
        journal: Journal,
        ring: Ring,
        engine: Engine,
        scheduler: Scheduler,
        light: Light,
        sample_clock: SampleClock,
        device_clock: DeviceClock,
        *,
        simulated: bool,
        keep_samples: bool = True,
        told: Teller | None = None,
    ) -> None:
        self.journal, self.ring, self.engine, self.scheduler, self.light = journal, ring, engine, scheduler, light
        self.sample_clock, self.device_clock = sample_clock, device_clock
        self.ledger = PulseLedger()
        self.model: ClockModel | None = None
        self.n_samples = self.n_decisions = self.n_scheduled = 0
        self.last_sample = -1
        self.safe_reasons: list[str] = []
        self.ages_ms: list[NDArray[np.float64]] | None = None
        self._simulated, self._keep, self._told = simulated, keep_samples, told
        gain = engine.config.gain_uv
        self._gain_uv = None if ring.dtype == np.float32 else np.float32(1) if gain is None else np.asarray(gain, np.float32)
        self._next_publish = 0
        self._stale: tuple[str, ...] = ()

    def pump(self, now_ns: int) -> None:
        """Everything that is waiting, then a commit when one is due.

        Samples are taken last, so that a commit always holds the samples and events that its decisions rest on.
        """
        dispatches = self.scheduler.take()
        decided_to = self.engine.next_sample
        decisions = self.engine.take_decisions()
        if len(decisions):
            if self._told is not None:
                self._told.decided(self.n_decisions, decisions, self.model, now_ns)
            self.ledger.decided(self.n_decisions, decisions)
            self.n_decisions += len(decisions)
            self.n_scheduled += int((decisions["verdict"] == "scheduled").sum())
            self.journal.append_decisions(decisions)
        self.journal.keep_meta("decided_to", decided_to)
        taken_ns = self.model.sample_to_host if self.model is not None else None
        self.ledger.dispatched(dispatches, simulated=self._simulated, taken_ns=taken_ns)
        for sample, calibration in self.engine.take_calibrations():
            self.journal.append_input_event(sample, "calibration", 0.0, calibration.to_bytes())
        for sample, kind, value in self.engine.take_events():
            self.journal.append_input_event(sample, kind, value)
        self._note_staleness()
        for first, stamps, block in self.ring.take():
            self.n_samples += len(block)
            self.last_sample = first + len(block) - 1
            self.sample_clock.add(first, stamps)
            if self.model is not None and self.ages_ms is not None:
                at_ns = self.model.sample_to_host(first + np.arange(len(block), dtype=np.float64))
                self.ages_ms.append((stamps - at_ns) / 1e6)
            if self._keep:
                self.journal.append_samples(first, self._microvolts(block), int(stamps[-1]))
        self.hear()
        self.publish(now_ns)
        self._take_pulses(now_ns)
        self.journal.tick(now_ns)

    def _microvolts(self, block: NDArray[np.float32] | NDArray[np.int16]) -> NDArray[np.float32]:
        """Samples as they are kept, from which the same decisions come: bits at the rails are none."""
        if self._gain_uv is None:
            return np.asarray(block, dtype=np.float32)
        return np.asarray(np.where((block >= RAIL) | (block <= -RAIL), np.float32(np.nan), block * self._gain_uv), dtype=np.float32)

    def _note_staleness(self) -> None:
        """A marker when the calibration ceases to fit, when more has changed, and when it fits again."""
        stale = self.engine.stale
        if stale != self._stale:
            self._stale = stale
            words = stale_words(stale, self.engine.staleness)
            self.journal.append_marker(self.engine.stale_sample, STALE if stale else FITS, words)

    def hear(self) -> None:
        """What the board has said."""
        events, exchanges = self.light.poll()
        self.device_clock.add(exchanges)
        if events:
            self.ledger.heard(events)
            self.journal.append_device_events(events)
            self.safe_reasons += [e.reason for e in events if e.kind == "safe" or (e.kind == "lost" and e.reason == "line")]

    def publish(self, now_ns: int, *, force: bool = False) -> None:
        """Fit the clocks and hand them to the scheduler, once a second."""
        if now_ns < self._next_publish and not force:
            return
        samples, device = self.sample_clock.fit(), self.device_clock.fit(now_ns)
        if samples is None or device is None:
            if self.model is not None and device is None:  # it was known and is not: what was published does not hold
                self.scheduler.publish_clock(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, valid=False)
            return
        self._next_publish = now_ns + PUBLISH_NS
        m = self.model = ClockModel(samples, device)
        self.ledger.ns_per_sample = m.device_ns_per_sample
        self.scheduler.publish_clock(
            samples.x0,
            m.device_ns(samples.x0),
            m.device_ns_per_sample,
            device.x0,
            device.y0,
            device.rate,
            m.uncertainty_ns,
        )
        self.journal.append_clock_model(now_ns, max(self.last_sample, 0), m.as_dict())

    def finish(self, now_ns: int, reason: str) -> None:
        """The last words, after the board was disarmed: pulses without an answer are lost."""
        self.ledger.ending(reason)
        self.pump(now_ns)
        self.ledger.give_up(reason)
        self._take_pulses(now_ns)
        self.journal.commit()

    def _take_pulses(self, now_ns: int) -> None:
        if not self.ledger.finished:
            return
        pulses = self.ledger.take(PULSE)
        self.journal.append_pulses(pulses)
        if self._told is not None:
            self._told.pulsed(pulses, self.model, now_ns)

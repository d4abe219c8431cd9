"""Virtual pace: cortex or recording, engine, firmware and journal in one thread under one simulated clock.

Nothing sleeps; the same seed gives the same bits, light onsets included.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from wavestim.controller.experiment import patterns
from wavestim.controller.record.journal import Journal
from wavestim.controller.session.arming import Arming
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.assembly import Assembly
from wavestim.controller.session.bench import FIRE_FRAME_US, VirtualBench, clock_tolerance_us, prepare_light
from wavestim.controller.session.clocks import SampleClock
from wavestim.controller.session.counts import Counts
from wavestim.controller.session.coursewatch import CourseWatch
from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.controller.session.feeds import Block, Feed
from wavestim.controller.session.gates import Gatekeeper
from wavestim.controller.session.interrupt import deferred
from wavestim.controller.session.live import note_events
from wavestim.controller.session.manual import hand_slot, load
from wavestim.controller.session.markers import MarkerEvents
from wavestim.controller.session.past import Past, Retold
from wavestim.controller.session.recorder import Recorder
from wavestim.controller.session.stimuli import Events
from wavestim.controller.session.stopping import TAIL_S
from wavestim.hardware.firmware.device import EdgeFile, write_rig_clock
from wavestim.hardware.simulated.streaming import by_led
from wavestim.realtime import Calibration
from wavestim.realtime.engine import Engine
from wavestim.realtime.loop import Loop
from wavestim.realtime.ring import Ring
from wavestim.realtime.scheduler import Scheduler

PING_NS = 107_000_000
"""No multiple of the heartbeat's period."""
PUMP_NS = 20_000_000
LONG_GAP_NS = 1_000_000_000


class VirtualSession:
    """One session under a simulated clock.

    Parameters
    ----------
    assembly, feed, bench, journal
        What to run, where samples come from, the light, where it is recorded.
    arrivals : Arrivals
        How late samples arrive.
    arm : bool
    horizon_ms : float
    fixed_delay_ms : float
        The constant delay of the source, which arrivals can't show.
    chunk : int
        Samples between two looks at the board: 1 where light acts on the tissue, more in a replay.
    keep_samples : bool
        False when they stay in the recording they came from.
    past : Past
        Of a replay.
    calibration : Calibration, optional
        To begin with, unless the past has its own; otherwise the warm-up teaches.
    disarm_after_s : float, optional
        How long light may stay armed without a pulse; in a replay for ever.
    events : Events, optional
        Markers and TTL edges of the source, unless the past has what they led to.
    """

    def __init__(
        self,
        assembly: Assembly,
        feed: Feed,
        bench: VirtualBench,
        journal: Journal,
        arrivals: Arrivals,
        *,
        arm: bool,
        horizon_ms: float,
        fixed_delay_ms: float = 0.0,
        chunk: int = 1,
        keep_samples: bool = True,
        past: Past | None = None,
        calibration: Calibration | None = None,
        disarm_after_s: float | None = None,
        events: Events | None = None,
    ) -> None:
        self.assembly, self.feed, self.bench, self.arrivals = assembly, feed, bench, arrivals
        self.period = 1e9 / assembly.fs_hz
        self.chunk, self._arm, self._fixed_delay_ms = chunk, arm, fixed_delay_ms
        light = bench.light
        device_clock = DeviceClock()
        prepare_light(light, assembly, device_clock)
        self.engine = Engine(assembly.engine)
        self._past = Retold(past or Past(), self.engine, partial(load, light, assembly))
        self.ring = Ring(len(assembly.positions_mm), max(4096, 8 * chunk), np.float32 if feed.gain_uv is None else np.int16)
        scheduler = Scheduler(
            light.port(), light.info.min_lead_us + FIRE_FRAME_US, clock_tolerance_us(assembly.experiment), hand_slot(assembly)
        )
        self.loop = Loop(self.ring, self.engine, scheduler, hold_for_calibration=not self._past.scripted)
        self._course = CourseWatch(assembly.experiment, self.engine, assembly.fs_hz)
        self._events = events or Events()
        self._markers = MarkerEvents(self.engine, Gatekeeper(None if self._past.scripted else assembly.experiment.gate, assembly.fs_hz))
        self.recorder = Recorder(
            journal,
            self.ring,
            self.engine,
            scheduler,
            light,
            SampleClock(assembly.fs_hz, fixed_delay_ms),
            device_clock,
            simulated=True,
            keep_samples=keep_samples,
            told=self._course,
        )
        if not self._past.scripted:
            if calibration is not None:
                self.engine.apply_calibration(calibration)
            self.engine.post("horizon", horizon_ms)
        self._arming = Arming(disarm_after_s)
        if arm:
            light.arm()
            self._arming.arm(0.0)
            self._arming.run(0.0)
            if not self._past.scripted:
                self.engine.post("arm")
        self._irradiance = by_led(patterns.faces_by_level(assembly.experiment), assembly.plan.n_leds)
        self._edges: EdgeFile | None = None
        self._start = bench.clock.now_ns + int(self.period)
        self._taken = self._at = 0  # samples so far, and the counter of the next one
        self._next_ping = self._next_pump = 0
        self._limit = math.inf

    def run(
        self,
        *,
        seconds: float | None,
        progress: Callable[[float], None],
        edges_path: Path | None = None,
        pacing: Callable[[float], None] | None = None,
    ) -> Counts:
        """Run until the feed ends or ``seconds`` of samples have been taken.

        Parameters
        ----------
        seconds : float, optional
        progress : callable
            Called with the seconds of samples taken.
        edges_path : Path, optional
            File of every edge of light; the true relation of the clocks goes beside it.
        pacing : callable, optional
            Called like progress; may wait (a replay at the pace it was recorded at).
        """
        fs = self.assembly.fs_hz
        self._limit = math.inf if seconds is None else round(seconds * fs)
        if edges_path is not None:
            self._edges = EdgeFile(edges_path)
            write_rig_clock(edges_path.with_name("rig-clock.json"), self.bench.core, self._start)
        run = Counts()
        try:
            with deferred() as check:
                while self._taken < self._limit and self._step(int(min(self.chunk, self._limit - self._taken))):
                    check()
                    if self._taken % 1000 < self.chunk:
                        progress(self._taken / fs)
                        if pacing is not None:
                            pacing(self._taken / fs)
        finally:
            self._end(run)
        return run

    def _step(self, n: int) -> bool:
        """The next samples, at most n; False at the end of the feed."""
        self._past.until(self._at)
        n = self._past.room(self._at, n)
        # light of up to now reaches the tissue before it is read; a replay hands the board a chunk's frames at its beginning
        self.bench.core.advance(self._ns(self._at))
        self._shine()
        first, block = self.feed.read(n)
        if len(block) == 0:
            return False
        if first != self._at:
            self._jump(first)
        while len(block):  # in one piece, but after a jump: something may have entered in the midst of what follows it
            self._past.until(first)
            n = self._past.room(first, len(block))
            self._taken, self._at = self._taken + n, first + n
            self._past.mask(first, self._at)
            self._turn(first, block[:n])
            first, block = self._at, block[n:]
        return True

    def _ns(self, sample: int) -> int:
        """Simulated host time of a sample."""
        return self._start + int(sample * self.period)

    def _shine(self) -> None:
        """New edges of light reach the tissue and the file."""
        if not self.bench.core.n_edges:
            return
        edges = self.bench.core.host_edges()
        for edge in edges:
            at_s = max(0.0, (int(edge["host_ns"]) - self._start) / 1e9)
            self.feed.light(at_s, int(edge["led"]), self._irradiance[edge["led"]][edge["level"]])
        if self._edges is not None:
            self._edges.write(edges)

    def _jump(self, first: int) -> None:
        """The counter goes on elsewhere than expected."""
        if self._taken == 0 or first < self._at:  # it begins there, or anew: time does not jump with it
            self._start -= int((first - self._at) * self.period)
            self.recorder.sample_clock = SampleClock(self.assembly.fs_hz, self._fixed_delay_ms)
            return
        # samples are missing: time went on without them, and the board went dark
        self.bench.core.advance(self._ns(first))
        self.bench.clock.now_ns = self.bench.core.now_ns
        if self._arm:
            self.bench.light.arm()
        if (first - self._at) * self.period > LONG_GAP_NS:
            for _ in range(8):  # the board's clock has drifted away meanwhile
                self.bench.light.ping()
                self.bench.light.status()
                self.recorder.hear()

    def _turn(self, first: int, block: Block) -> None:
        """Samples arrive, the engine decides, the board hears of it, the recorder writes."""
        now = self._ns(first + len(block) - 1)
        self.arrivals.put(first, now, block)
        self.bench.clock.now_ns = self.bench.core.now_ns
        for due, at_ns, part in self.arrivals.due(now):
            if self.chunk > 1:
                self.ring.push_timed(part, due, at_ns - int((len(part) - 1) * self.period), self.period)
            else:
                self.ring.push(part, due, at_ns)
            note_events(self._events.before(due + len(part)), self.recorder.journal, self._markers)
        posted = self._markers.post()
        if now >= self._next_ping:  # before the heartbeat, or it would wait for the wire, and the clocks would seem apart
            self.bench.light.ping()
            self._next_ping = now + PING_NS
        self.loop.turn_at(now)
        while not self._past.scripted and self.engine.wants_calibration:
            self.engine.apply_calibration(self.engine.learn())
            self.loop.turn_at(now)
        if now >= self._next_pump or posted or self.recorder.ledger.open:
            self.recorder.pump(now)
            self._next_pump = now + PUMP_NS
            self._mind_arming()
            self._mind_course()

    def _mind_arming(self) -> None:
        """Light that has not been due for too long is disarmed."""
        why = self._arming.overdue(self._taken / self.assembly.fs_hz, self.recorder.n_scheduled)
        if why is not None:
            self._arming.disarm()
            self._arm = False
            self.engine.post("disarm")
            self.recorder.journal.append_marker(self._at - 1, "disarmed", why)
            self.bench.light.disarm()

    def _mind_course(self) -> None:
        """The session ends by its rules, a little later than it was decided; a past has its own end."""
        if self._past.scripted:
            return
        dropped = self.ring.n_dropped + self.engine.n_dropped
        if self._course.look(self.recorder.journal, last_sample=self._at - 1, samples=self._taken, dropped=dropped):
            self._limit = min(self._limit, self._taken + round(TAIL_S * self.assembly.fs_hz))

    def _end(self, run: Counts) -> None:
        """Whatever happened, the board is told to go dark before anything else; whatever fails on the way, the rest is done."""
        with contextlib.ExitStack() as last:  # backwards from here
            last.callback(self.feed.close)
            if self._edges is not None:
                last.callback(self._edges.close)
                last.callback(self._last_edges)
            self.bench.light.disarm()
            self.bench.core.advance(self.bench.clock.now_ns)
            run.samples, run.dropped, run.ticks = self._taken, self.ring.n_dropped + self.engine.n_dropped, self.engine.n_ticks
            run.safe = self.recorder.safe_reasons
            run.ended_by_rule(self._course.ending)
            self.recorder.finish(self.bench.clock.now_ns, "session-ended")

    def _last_edges(self) -> None:
        if self._edges is not None:
            self._edges.write(self.bench.core.host_edges())

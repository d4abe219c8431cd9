"""One running session at real pace: engine, recorder and board, and what is to be done between their turns."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wavestim.controller.session import horizon
from wavestim.controller.session.arming import Arming, idle_limit_s
from wavestim.controller.session.assembly import Assembly
from wavestim.controller.session.bench import FIRE_FRAME_US, clock_tolerance_us, prepare_light
from wavestim.controller.session.boardwatch import BoardWatch
from wavestim.controller.session.clocks import SampleClock
from wavestim.controller.session.counts import Counts
from wavestim.controller.session.coursewatch import CourseWatch
from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.controller.session.enginethread import EngineThread
from wavestim.controller.session.gates import Gatekeeper
from wavestim.controller.session.lightbooks import LightBooks
from wavestim.controller.session.live import note_source
from wavestim.controller.session.manual import HandLight, hand_slot
from wavestim.controller.session.markers import MarkerEvents
from wavestim.controller.session.pauses import Pauses
from wavestim.controller.session.recorder import Recorder
from wavestim.controller.session.rights import Rights
from wavestim.controller.session.stopping import TAIL_S
from wavestim.controller.session.telling import Everyone, Teller
from wavestim.hardware.lights import Light, LightError
from wavestim.hardware.sources import Live
from wavestim.realtime.engine import Engine
from wavestim.realtime.loop import Loop, now_ns
from wavestim.realtime.ring import Ring
from wavestim.realtime.scheduler import Scheduler

PUMP_S = 0.02
RING_S = 30.0


class RealSession:
    """Engine, recorder and board of one running session.

    Parameters
    ----------
    assembly, light, source, journal
        What to run, on what, from where, recorded where.
    fixed_delay_ms : float
        The source's constant delay, which arrivals can't show.
    go : callable
        Whether what is armed may run now.
    told : Teller, optional
        Tells other programs of decisions and pulses.
    rights : Rights, optional
        What to ask of the system, beside the usual.
    """

    def __init__(
        self,
        assembly: Assembly,
        light: Light,
        source: Live,
        journal: Any,
        *,
        fixed_delay_ms: float,
        go: Callable[[], bool] = lambda: True,
        told: Teller | None = None,
        rights: Rights | None = None,
    ) -> None:
        self.assembly, self.light, self.source, self.journal = assembly, light, source, journal
        self.counts, self.rights = Counts(), rights or Rights()
        self.engine = Engine(assembly.engine)
        self.ring = Ring(len(assembly.positions_mm), round(RING_S * assembly.fs_hz), source.info.dtype)
        self.scheduler = Scheduler(
            light.port(), light.info.min_lead_us + FIRE_FRAME_US, clock_tolerance_us(assembly.experiment), hand_slot(assembly)
        )
        self.device_clock, self.sample_clock = DeviceClock(), SampleClock(assembly.fs_hz, fixed_delay_ms)
        self.course = CourseWatch(assembly.experiment, self.engine, assembly.fs_hz)
        self.hand, self.books = HandLight(assembly, light), LightBooks(assembly)
        self.recorder = Recorder(
            journal,
            self.ring,
            self.engine,
            self.scheduler,
            light,
            self.sample_clock,
            self.device_clock,
            simulated=False,
            told=Everyone([self.course, self.hand, self.books, *([told] if told is not None else [])]),
        )
        self.arming, self._go = Arming(idle_limit_s(assembly.experiment)), go
        self.markers = MarkerEvents(self.engine, Gatekeeper(assembly.experiment.gate, assembly.fs_hz))
        self.board = BoardWatch(light, assembly, self.device_clock, self.recorder)
        self.pauses = Pauses(self, assembly.experiment.safety.rearm_after_stall)
        self._next_ping = 0
        self._too_late = False
        self.held = self.ending = self._run_asked = False
        """Somebody asked for a pause; for the end; for RUN."""

    @contextlib.contextmanager
    def running(self, stop_path: Path) -> Iterator[None]:
        """Source and engine threads run while this lasts; whatever ends it, the board is dark first."""
        prepare_light(self.light, self.assembly, self.device_clock)
        stop_path.write_bytes(b"\0")
        with stop_path.open("rb") as stop, self.rights.memory():
            self._stop_fd = stop.fileno()
            self.loop = Loop(self.ring, self.engine, self.scheduler, stop.fileno())
            self.thread = EngineThread(self.loop, self.rights)
            self.thread.start()
            self.source.start(self.ring.sink())
            try:
                yield
            finally:
                went_dark = self.pauses.went_dark
                with contextlib.suppress(Exception):
                    self.light.abort()
                self.source.stop()
                self.thread.stop()
                self.recorder.finish(now_ns(), "session-ended")
                self.counts.samples = self.recorder.n_samples
                self.counts.dropped = self.ring.n_dropped + self.engine.n_dropped
                self.counts.ticks = self.engine.n_ticks
                self.counts.safe = self.recorder.safe_reasons
                self.counts.went_dark = went_dark
                self.counts.ended_by_rule(self.course.ending)
                self.counts.realtime = self.rights.words
                del self.loop, self.thread

    def watch(self, seconds: float, arm: bool, progress: Callable[[float], None], check: Callable[[], None]) -> None:
        """Record until so many seconds of samples have come; calibrates, measures the horizon, arms, minds the board.

        ``check`` is called between two turns and may raise.
        """
        limit = round(seconds * self.assembly.fs_hz)
        armed = not arm
        measure_to = math.inf
        auto = self.assembly.experiment.trigger.horizon_ms == "auto"
        while self.recorder.last_sample + 1 < limit:
            self._turn()
            if self.engine.wants_calibration:
                self.loop.swap_calibration(self.engine.learn())
                while self.engine.wants_calibration and not self.thread.died:
                    self._turn()
            done = (self.recorder.last_sample + 1) / self.assembly.fs_hz
            if self.engine.calibrated and self.recorder.ages_ms is None and not armed:
                self.recorder.ages_ms, measure_to = [], done + (horizon.MEASURE_S if auto else 0.0)
            if not armed and done >= measure_to and (not self.loop.stalled or self.pauses.samples_are_back()):
                armed = self.arm(done)
                measure_to = done + horizon.MEASURE_S
            if self.source.ended:
                self.journal.append_marker(max(self.recorder.last_sample, 0), "source-ended", self.source.ended)
            self.mind_arming(done)
            if self._course_ends():
                limit = min(limit, self.recorder.last_sample + round(TAIL_S * self.assembly.fs_hz))
            if self.thread.died:
                self.journal.append_marker(max(self.recorder.last_sample, 0), "engine-ended", self.thread.died)
            stopped = self.loop.stopped or (self.pauses.stands and self._stop_pressed())
            if self.thread.died or self.source.ended or stopped or self.ending:
                self.counts.stopped_early = True
                self.counts.stopped_by = self.thread.died or ("STOP" if stopped else self.source.ended or "asked for")
                break
            progress(min(done, seconds))
            check()

    def _stop_pressed(self) -> bool:
        """STOP's byte; an engine that stands does not see it."""
        return os.pread(self._stop_fd, 1, 0) not in (b"", b"\0")

    def _course_ends(self) -> bool:
        dropped = self.ring.n_dropped + self.engine.n_dropped
        r = self.recorder
        return self.course.look(self.journal, last_sample=r.last_sample, samples=r.n_samples, dropped=dropped)

    def _turn(self) -> None:
        if now_ns() >= self._next_ping:
            self.light.ping()
            self._next_ping = now_ns() + 100_000_000
        end = now_ns() + int(PUMP_S * 1e9)
        while now_ns() < end:  # answers are stamped when they are read: be there when they come
            self.light.wait((end - now_ns()) / 1e9)
            self.recorder.hear()
        now = now_ns()
        self.recorder.pump(now)
        self.pauses.look(now, restarted=note_source(self.source, self.journal, self.sample_clock, self.markers))

    def arm(self, done_s: float) -> bool:
        """``horizon_ms: auto`` becomes a number here, and an event; the board is armed and nothing is decided yet.

        False: samples come so late that no forecast reaches as far, which is said, or they stopped, or somebody pressed STOP, while the
        board was being armed. All stays dark; as long as nobody pressed STOP another measurement begins.
        """
        if self.assembly.experiment.trigger.horizon_ms == "auto" and not self._plan_ahead():
            return False
        self.recorder.ages_ms = None
        if self.loop.stalled:  # while all was dark; samples have come since, and nothing is forgiven that light hung on
            self.loop.resume_after_stall()
            self.engine.post("resume")
        try:
            self.light.arm()
        except LightError:
            if not (self.loop.stalled or self.loop.stopped):
                raise
            return False  # the loop told the board to be dark just then, so it refused
        self.arming.arm(done_s)
        self.journal.append_marker(max(self.recorder.last_sample, 0), "armed", f"boot {self.light.info.boot_id:08x}")
        return True

    def _plan_ahead(self) -> bool:
        found = horizon.measured(self.recorder.ages_ms or [], self.loop.wait_percentile_us(horizon.PART) / 1000, self.light.info)
        longest = horizon.longest_ms(self.assembly.experiment, self.source.info)
        fits = found.ms <= longest
        self.journal.set_meta("horizon", asdict(found) | {"words": found.words, "longest_ms": longest, "armed": fits})
        if fits:
            self.engine.post("horizon", found.ms)
        else:
            self.recorder.ages_ms = []
        if fits or not self._too_late:
            name, words = ("horizon", found.words) if fits else ("horizon-too-long", f"{found.words}; at most {longest:.0f} ms are armed")
            self.journal.append_marker(max(self.recorder.last_sample, 0), name, words)
        self._too_late = not fits
        return fits

    def mind_arming(self, done_s: float) -> None:
        """RUN lets the engine decide; what waits too long is disarmed."""
        if self.arming.step == "armed" and (self._run_asked or self._go()):
            self.arming.run(done_s)
            self.engine.post("arm")
            self.journal.append_marker(max(self.recorder.last_sample, 0), "running", "")
        why = self.arming.overdue(done_s, self.recorder.n_scheduled)
        if why is not None:
            self.disarm(why)

    def disarm(self, why: str) -> None:
        """The recording goes on, dark."""
        self.arming.disarm()
        self.engine.post("disarm")
        self.journal.append_marker(max(self.recorder.last_sample, 0), "disarmed", why)
        self.light.disarm()

    def hold(self, held: bool) -> bool:
        """Somebody asks for a pause, or its end: nothing is decided meanwhile, what is queued still comes. False: nothing to pause."""
        if self.arming.step != "running" or self.held == held:
            return False
        self.held = held
        self.journal.append_marker(max(self.recorder.last_sample, 0), "held" if held else "released", "asked for")
        if not self.pauses.paused:
            self.engine.post("pause" if held else "resume", 1.0 if held else 0.0)
        return True

    @property
    def board_ready(self) -> bool:
        """It is there, with its patterns and a clock that is known."""
        return self.board.ready and not self.light.gone

    def let_run(self) -> bool:
        """Somebody who is attached says RUN, the second step; False: the light is not armed."""
        self._run_asked = self.arming.step == "armed"
        return self._run_asked

    @property
    def ring_fill(self) -> float:
        """The part of the ring that waits for the engine or for the recorder."""
        return max(self.ring.waiting, self.ring.waiting_for_recorder) / (RING_S * self.assembly.fs_hz)

    @property
    def state(self) -> str:
        """``learning recording armed running held paused disarmed stopped``: what a person wants to know first."""
        if self.loop.stopped:
            return "stopped"
        if not self.engine.calibrated:
            return "learning"
        if not self.arming.is_armed:
            return "recording" if self.arming.step == "dark" else self.arming.step
        return "paused" if self.pauses.paused else "held" if self.held else self.arming.step

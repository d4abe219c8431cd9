"""The engine: one sample in, at most one decision out. The one implementation behind ``track()``, replay, mock mode and the rig.

Per sample, without the GIL, allocation or locks: condition, project on the smooth modes, advance the wave model, describe the wave, look for
the trigger. What a clock or a person decides enters only as an input event keyed by sample counter, and is written down.
"""

import numpy as np

from wavestim.realtime.calibration import Calibration
from wavestim.realtime.fit import misfit
from wavestim.realtime.fmath cimport fabs, log
from wavestim.realtime.governor cimport Governor
from wavestim.realtime.inputevents cimport (
    IN_ARM, IN_DISARM, IN_GATE, IN_HORIZON, IN_MASK, IN_PAUSE, IN_RESUME, IN_SHUT, IN_TEST, WAITING, event_done, event_next, event_put,
)
from wavestim.realtime.lightmasks cimport mask_add, mask_meets, masks_back
from wavestim.realtime.ports cimport FLOAT32_UV, INT16_BITS
from wavestim.realtime.records import EVENTS
from wavestim.realtime.staleness import WHY
from wavestim.realtime.staleness cimport COVARIANCE, LEVEL
from wavestim.realtime.trace import TRACE_COLUMNS
from wavestim.realtime.trigger cimport SCHEDULED, DecisionC
from wavestim.realtime.whitening cimport RMAX

cdef double DESCRIBE_S = 0.008     # a description is refreshed this often
cdef double SETTLE_S = 0.45        # after a calibration the filter finds its phase before anything is decided
cdef double LOUDER = 0.45          # log of power: noise that changed by so much is louder or softer, whatever else it is
cdef double GAP_RESET_S = 2.0      # after a longer gap the wave is forgotten


ctypedef fused sample_t:
    float
    int16_t


cdef class Engine:

    def __init__(self, config):
        """
        Parameters
        ----------
        config : EngineConfig
        """
        self.config = config
        self.fs = config.fs_hz
        self.m = len(config.positions_mm)
        self.conditioner = Conditioner(self.m, self.fs, config.reference, config.reference_channel, config.excluded, config.gain_uv)
        rate = self.conditioner.rate_hz
        self.warm_up = WarmUp(config, rate)
        self.describe_every = max(1, round(DESCRIBE_S * rate))
        self.masks_own_light = config.mask_own_light
        self.mask_tail = config.mask_tail_ms / 1000 * self.fs
        self.model = None
        self.calibrations = []
        self.trigger = None
        self.decisions = DecisionRing()
        if config.trigger is not None and config.plan is not None:
            governor = None if config.limits is None else Governor(config.limits)
            self.trigger = Trigger(config.trigger, config.plan, self.fs, 1 / rate, config.seed, config.course, governor, config.by_hand)
        self.wave.direction_deg = 0
        self.wave.speed_mm_s = 1e6
        self.wave.wavelength_mm = 1e6
        self.wave.frequency_hz = (config.band_hz[0] * config.band_hz[1]) ** 0.5

    # ---- Python side -------------------------------------------------------------------------------------------------------------

    @property
    def calibrated(self) -> bool:
        return self.model is not None

    @property
    def warm_up_samples(self):
        """The conditioned samples (n, m) uV that :meth:`learn` learns from, at the model's rate."""
        return self.warm_up.kept

    @property
    def n_warm(self) -> int:
        return self.warm_up.n

    @property
    def warm_up_ticks(self) -> int:
        return self.warm_up.ticks

    @property
    def stale(self) -> tuple:
        """What has changed since the calibration was learned (:data:`wavestim.realtime.staleness.WHY`); empty while it fits."""
        return tuple(name for i, name in enumerate(WHY) if self.stale_why >> i & 1)

    @property
    def staleness(self) -> dict:
        """How far each of these deviates now."""
        if self.watch is None:
            return {}
        return {**self.watch.values, **({"level": self.noise_change} if self.stale_why and not self.watch.why else {})}

    @property
    def wants_calibration(self) -> bool:
        """The warm-up is complete and there is no calibration yet, or the one in use has gone stale and there is enough to learn a new one from."""
        return (self.model is None or self.warm_up.renewing) and self.warm_up.complete()

    def learn(self):
        """A calibration from the warm-up samples; to be applied with an event."""
        return self.warm_up.learn(self.conditioner.excluded_mask)

    def apply_calibration(self, calibration):
        """Use a calibration from the next sample on (input event ``calibration``; payload: its bytes).

        Raises
        ------
        ValueError
            When it was made for another probe, band or rate.
        """
        if isinstance(calibration, bytes):
            calibration = Calibration.from_bytes(calibration)
        c = self.config
        reason = misfit(calibration, c.positions_mm, c.band_hz, self.conditioner.rate_hz)
        if reason is not None:
            raise ValueError(f"the calibration {reason}")
        before, last = self.model, self.calibration
        self.calibration = calibration
        self.calibrations.append((self.next_sample if self.started else -1, calibration))
        self.projection = Projection(calibration)
        self.y = np.zeros(self.projection.r)
        self.describer = Describer(calibration, np.asarray(c.positions_mm, float)[calibration.used].mean(axis=0))
        self.watch = Watch(calibration, self.conditioner.rate_hz)
        self.stale_why = 0
        self.warm_up.applied()
        self.model = WaveModel(calibration, self.conditioner.rate_hz)
        if before is not None:
            self.model.take_over(before, last, calibration)
        self.settle_ticks = round(SETTLE_S * self.conditioner.rate_hz)
        self.since_description = 0

    def post(self, str kind, double value=0.0, int64_t sample=-1):
        """Hand an input event to the engine: applied before ``sample``, or before the next one when -1. Thread-safe for one caller.

        Raises
        ------
        RuntimeError
            When 64 events wait already.
        """
        if not event_put(&self.posted, sample, EVENTS.index(kind), value):
            raise RuntimeError(f"{WAITING} input events wait for the engine: it does not run")

    def take_events(self):
        """Input events that were applied since the last call: list of (sample, kind, value)."""
        out = []
        cdef const InputEvent* e = event_next(&self.applied)
        while e != NULL:
            out.append((e.sample, EVENTS[e.kind], e.value))
            event_done(&self.applied)
            e = event_next(&self.applied)
        return out

    def process(self, const sample_t[:, ::1] samples, int64_t first_sample):
        """Run over consecutive samples (n, m) of which the first has counter ``first_sample``; stops early where a calibration is due.

        Samples are float32 uV, or int16 bits of ``config.gain_uv``.

        Returns
        -------
        int : how many samples were taken. Fewer than n only when :attr:`wants_calibration` became true.
        """
        cdef Py_ssize_t i = 0, n = samples.shape[0]
        if samples.shape[1] != self.m:
            raise ValueError(f"samples have {samples.shape[1]} channels, the engine has {self.m} electrodes")
        cdef bint had_model = self.model is not None
        cdef SampleKind kind = INT16_BITS if sample_t is int16_t else FLOAT32_UV
        cdef bint full
        with nogil:
            while i < n:
                full = self.warm_up.complete()
                self.step(&samples[i, 0], kind, first_sample + i)
                i += 1
                if self.warm_up.complete() and (not had_model or (self.warm_up.renewing and not full)):
                    break
        return i

    def run(self, samples, int64_t first_sample=0):
        """:meth:`process`, calibrating by itself at the end of the warm-up. Samples of any type: int16 stays what it is."""
        samples = np.ascontiguousarray(samples, dtype=np.int16 if np.asarray(samples).dtype == np.int16 else np.float32)
        done = 0
        while done < len(samples):
            done += self.process(samples[done:], first_sample + done)
            if self.wants_calibration:
                self.apply_calibration(self.learn())

    def take_calibrations(self):
        """Calibrations applied since the last call: list of (first sample that used it, Calibration); -1: before the first sample."""
        out, self.calibrations = self.calibrations, []
        return out

    def take_decisions(self):
        """Decisions made since the last call, as a structured array (:data:`wavestim.realtime.records.DECISION`)."""
        return self.decisions.take(self.config.plan, self.config.trigger, self.config.by_hand)

    def trace_into(self, records, waves, samples, own=None):
        """Write every model tick to these arrays (n, RECORD), (n, TRACE_COLUMNS), (n,), for :func:`wavestim.realtime.track`; to ``own`` (n, m)
        complex64, if given, what each electrode has beyond the modes."""
        self.trace = Trace(records, waves, samples, np.zeros((0, self.m), np.complex64) if own is None else own)

    def show_every(self, int every):
        """From now on a snapshot of every so many ticks for :class:`wavestim.realtime.telemetry.Telemetry`, which is returned. Before the first sample."""
        self.telemetry = Telemetry(every)
        return self.telemetry

    @property
    def course(self):
        """Which trial it is, and whether the gate is open: :class:`wavestim.realtime.course.Course`; None when nothing is decided."""
        return None if self.trigger is None else self.trigger.course

    @property
    def n_traced(self) -> int:
        return self.trace.n if self.trace is not None else 0

    @property
    def delay_s(self) -> float:
        """Group delay of the decimation, s."""
        return self.conditioner.delay_samples / self.fs

    @property
    def rate_hz(self) -> float:
        """Ticks of the model a second."""
        return self.conditioner.rate_hz

    # ---- the tick ----------------------------------------------------------------------------------------------------------------

    cdef int step(self, const void* x, SampleKind kind, int64_t n) noexcept nogil:
        """One sample of the source. Returns 1 when a decision was made (scheduled or vetoed)."""
        cdef int lost, live, why
        cdef bint masked
        cdef const InputEvent* e
        cdef double expected[RMAX]
        if not self.started:
            self.started = True
            self.next_sample = n
            if self.trigger is not None:
                self.trigger.begins(n)
        if n != self.next_sample:
            self.skip(n)
        self.next_sample = n + 1
        self.n_samples += 1
        e = event_next(&self.posted)
        while e != NULL and e.sample <= n:
            self.apply_event(e.kind, e.value, n)
            event_done(&self.posted)
            e = event_next(&self.posted)
        if not (self.conditioner.accept(<const float*>x) if kind == FLOAT32_UV else self.conditioner.accept_raw(<const int16_t*>x)):
            return 0
        self.n_ticks += 1
        if self.model is None:
            self.warm_up.keep(&self.conditioner.out[0])
            if self.trace is not None:
                self.trace.learning(n)
            return 0
        lost = self.projection.missing_now(&self.conditioner.missing[0])
        live = self.projection.n_used - lost
        if lost:
            self.model.next_modes(expected)
        self.projection.project(&self.conditioner.out[0], &self.conditioner.missing[0], expected, &self.y[0])
        masked = 2 * live < self.projection.n_used - 1 or live == 0 or mask_meets(&self.masks, n - (self.conditioner.taps - 1), n)
        self.model.own(&self.projection.filled[0], &self.conditioner.missing[0] if lost else NULL, &self.y[0], masked)
        self.model.tick(&self.y[0], masked)
        self.watch.tick(self.model, masked, lost)
        self.warm_up.follow(&self.conditioner.out[0], masked, self.model.whitener.novelty.n_changed, self.watch.why)
        why = self.watch.why
        if self.warm_up.renewing and why == 0:                    # the whitener saw it before the watch had enough to judge by
            why = self.stale_why
            if why == 0:
                self.noise_change = log(self.model.whitener.gain)
                why = 1 << LEVEL if fabs(self.noise_change) > LOUDER else 1 << COVARIANCE
        if why != self.stale_why:
            self.stale_why = why
            self.stale_sample = n
        return self.tick(n)

    cdef int tick(self, int64_t n) noexcept nogil:
        """What follows from the model's tick: description, trace, decision."""
        cdef DecisionC* d
        cdef int made = 0
        cdef bint held = not self.armed or self.paused, deciding
        self.since_description -= 1
        if self.since_description <= 0:
            self.since_description = self.describe_every
            self.describer.describe(self.model.rec)
            self.wave = self.describer.wave
        if self.settle_ticks > 0:
            self.settle_ticks -= 1
        if self.trace is not None:
            self.trace.add(n, self.model, &self.wave, self.settle_ticks == 0, self.stale_why != 0)
        if self.telemetry is not None:
            self.telemetry.tick(n, self.model, &self.wave, self.settle_ticks == 0, self.stale_why != 0)
        if self.trigger is None:
            return 0
        deciding = not held and self.settle_ticks == 0
        if not deciding:
            self.trigger.forget()
        d = self.decisions.next()
        if self.test_due:
            self.test_due = False
            made = self.trigger.by_hand(n, self.test_asked, held, &self.wave, d)
        elif deciding:
            made = self.trigger.tick_decide(n, self.model, &self.wave, self.conditioner.delay_samples / self.fs, d)
        if made:
            if d.verdict == SCHEDULED and self.masks_own_light:
                mask_add(&self.masks, d.start_sample - 1, d.start_sample + self.trigger.duration_s[d.slot] * self.fs + self.mask_tail)
            if self.decisions.keep():
                self.n_decisions += 1
            else:                                                 # nobody writes decisions down: what is not recorded is not fired
                self.n_lost_decisions += 1
                made = 0
        return made

    cdef void skip(self, int64_t n) noexcept nogil:
        """Samples are missing: the model coasts through the gap, and forgets the wave when it is long or the counter ran backwards."""
        cdef int64_t gap = n - self.next_sample, i
        self.n_gaps += 1
        if gap > 0:
            self.n_dropped += gap
        else:
            masks_back(&self.masks, -gap)
            if self.trigger is not None:
                self.trigger.jumped_back(-gap)
        if self.model is None:
            return
        self.watch.hold()
        self.warm_up.interrupted()
        if self.trigger is not None:
            self.trigger.forget()
        if gap < 0 or gap > GAP_RESET_S * self.fs:
            self.conditioner.restart()
            self.model.forget()
            self.settle_ticks = <long>(SETTLE_S * self.conditioner.rate_hz)
            return
        for i in range(gap):                          # ticks stay on their samples, and the filter knows what it did not see
            if self.conditioner.accept_nothing():
                self.model.own(NULL, NULL, NULL, True)
                self.model.tick(&self.y[0], True)

    cdef void post_live(self, int kind, double value) noexcept nogil:
        """An event that the loop itself decides (its thread only); applied at once and logged."""
        self.apply_event(kind, value, self.next_sample)

    cdef void apply_event(self, int kind, double value, int64_t n) noexcept nogil:
        """An input event takes effect before sample n."""
        if kind == IN_ARM:
            self.armed = True
        elif kind == IN_DISARM:
            self.armed = self.test_due = False
        elif kind == IN_TEST:
            self.test_due = self.model is not None        # before there is a model nobody asks, and nothing waits until there is
            self.test_asked = value
        elif kind == IN_PAUSE:
            self.paused = True
        elif kind == IN_RESUME:
            self.paused = False
        elif kind == IN_HORIZON and self.trigger is not None:
            self.trigger.horizon_s = value / 1000
        elif kind == IN_GATE and self.trigger is not None:
            self.trigger.course.opens(value)
        elif kind == IN_SHUT and self.trigger is not None:
            self.trigger.course.shuts(value)
        elif kind == IN_MASK:                         # light in a recorded session: value = width in samples
            mask_add(&self.masks, n, n + value)
        event_put(&self.applied, n, kind, value)      # with 64 waiting it is not told

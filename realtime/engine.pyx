"""The engine: one sample in, at most one decision out. The one implementation behind ``track()``, replay, mock mode and the rig.

Per sample, without the GIL, allocation or locks: condition, project on the smooth modes, advance the wave model, describe the wave, look for
the trigger. What a clock or a person decides enters only as an input event keyed by sample counter, and is written down.
"""

from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

import numpy as np

from wavestim.realtime.calibration import Calibration, calibrate
from wavestim.realtime.fit import misfit
from wavestim.realtime.ports cimport FLOAT32_UV, INT16_BITS
from wavestim.realtime.records import DECISION, EVENTS, KINDS, VERDICTS
from wavestim.realtime.staleness cimport COLOUR, COVARIANCE, LEVEL
from wavestim.realtime.trigger cimport SCHEDULED
from wavestim.realtime.forecast cimport RECORD
from wavestim.realtime.whitening cimport RMAX

cdef double DESCRIBE_S = 0.008     # a description is refreshed this often
cdef double SETTLE_S = 0.45        # after a calibration the filter finds its phase before anything is decided
cdef double RENEWAL_S = 6.0        # a calibration is kept at least so long
cdef int RENEWAL_LOOKS = 2         # seconds in a row in which the noise is another one
cdef double GAP_RESET_S = 2.0      # after a longer gap the wave is forgotten
TRACE_COLUMNS = 8                  # direction, speed, wavelength, frequency, pgd, kind, amplitude, stale


ctypedef fused sample_t:
    float
    int16_t


cdef extern from * nogil:
    """
    static inline unsigned long ws_acquire(unsigned long *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
    static inline void ws_release(unsigned long *p, unsigned long v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
    """
    unsigned long acquire "ws_acquire"(unsigned long* p)
    void release "ws_release"(unsigned long* p, unsigned long v)


cdef class Engine:

    def __cinit__(self):
        self.ring = <DecisionC*>calloc(DECISIONS, sizeof(DecisionC))

    def __dealloc__(self):
        free(self.ring)

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
        self.warm_up_ticks = round(config.warm_up_s * rate)
        self.warm_up = np.zeros((self.warm_up_ticks, self.m), np.float32)
        self.describe_every = max(1, round(DESCRIBE_S * rate))
        self.renews = config.renew
        self.renewing = False
        self.masks_own_light = config.mask_own_light
        self.mask_tail = config.mask_tail_ms / 1000 * self.fs
        self.model = None
        self.calibrations = []
        self.trigger = None
        if config.trigger is not None and config.plan is not None:
            self.trigger = Trigger(config.trigger, config.plan, self.fs, 1 / rate, config.seed)
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
        return np.asarray(self.warm_up[: self.n_warm])

    @property
    def stale(self) -> tuple:
        """What has changed since the calibration was learned (:data:`wavestim.realtime.staleness.WHY`); empty while it fits."""
        return self.watch.reasons if self.watch is not None else ()

    @property
    def staleness(self) -> dict:
        """How far each of these deviates now."""
        return self.watch.values if self.watch is not None else {}

    @property
    def wants_calibration(self) -> bool:
        """The warm-up is complete and there is no calibration yet, or the one in use has gone stale and there is enough to learn a new one from."""
        return (self.model is None or self.renewing) and self.n_warm >= self.warm_up_ticks

    def learn(self):
        """A calibration from the warm-up samples; to be applied with an event."""
        c = self.config
        return calibrate(
            self.warm_up_samples,
            fs_hz=self.conditioner.rate_hz,
            positions_mm=np.asarray(c.positions_mm, float),
            band_hz=c.band_hz,
            excluded=self.conditioner.excluded_mask,
            notch_hz=c.notch_hz,
            rereferenced=c.reference != "none",
            options=c.options,
            seed=c.seed,
        )

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
        self.calibration = calibration
        self.calibrations.append((self.next_sample if self.started else -1, calibration))
        self.projection = Projection(calibration)
        self.y = np.zeros(self.projection.r)
        self.describer = Describer(calibration)
        self.watch = Watch(calibration, self.conditioner.rate_hz)
        self.stale_why = 0
        self.renewing = False
        self.age_ticks = 0
        self.model = WaveModel(calibration, self.conditioner.rate_hz)
        self.settle_ticks = round(SETTLE_S * self.conditioner.rate_hz)
        self.since_description = 0

    def post(self, str kind, double value=0.0, int64_t sample=-1):
        """Hand an input event to the engine: applied before ``sample``, or before the next one when -1. Thread-safe for one caller.

        Raises
        ------
        RuntimeError
            When 64 events wait already.
        """
        if self.command_head - acquire(&self.command_tail) >= COMMANDS:
            raise RuntimeError("64 input events wait for the engine: it does not run")
        self.commands[self.command_head % COMMANDS] = Command(sample, EVENTS.index(kind), value)
        release(&self.command_head, self.command_head + 1)

    def take_events(self):
        """Input events that were applied since the last call: list of (sample, kind, value)."""
        out = []
        cdef unsigned long head = acquire(&self.applied_head)
        while self.applied_tail < head:
            c = self.applied[self.applied_tail % COMMANDS]
            out.append((c.sample, EVENTS[c.kind], c.value))
            release(&self.applied_tail, self.applied_tail + 1)
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
                full = self.n_warm >= self.warm_up_ticks
                self.step(&samples[i, 0], kind, first_sample + i)
                i += 1
                if self.n_warm >= self.warm_up_ticks and (not had_model or (self.renewing and not full)):
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
        cdef unsigned long head = acquire(&self.head), i
        cdef DecisionC* d
        out = np.zeros(head - self.tail, DECISION)
        if len(out) == 0:
            return out
        plan, trigger = self.config.plan, self.config.trigger
        for i in range(head - self.tail):
            d = &self.ring[(self.tail + i) % DECISIONS]
            c = plan.conditions[d.condition]
            out[i] = (
                d.sample, d.fire_sample, d.start_sample, trigger.site, trigger.phase_deg, d.predicted_sd_deg, d.wave.direction_deg,
                d.wave.speed_mm_s, d.wave.wavelength_mm, d.wave.pgd, d.wave.frequency_hz, d.wave.amplitude_uv, KINDS[d.wave.kind],
                c.name, plan.slots[d.slot].name, d.slot, c.dark, VERDICTS[d.verdict],
            )
        release(&self.tail, head)
        for name in DECISION.names:
            if DECISION[name].kind == "f":
                out[name] += 0.0                                  # -0.0 and 0.0 are one value, in every file and on every machine
        return out

    def trace_into(self, records, waves, samples):
        """Write every model tick to these arrays (n, RECORD), (n, TRACE_COLUMNS), (n,), for :func:`wavestim.realtime.track`."""
        self.trace = records
        self.trace_wave = waves
        self.trace_sample = samples
        self.n_trace = 0

    @property
    def n_traced(self) -> int:
        return self.n_trace

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
        cdef int c, lost, live
        cdef bint masked
        cdef double expected[RMAX]
        if not self.started:
            self.started = True
            self.next_sample = n
        if n != self.next_sample:
            self.skip(n)
        self.next_sample = n + 1
        self.n_samples += 1
        if self.command_tail != acquire(&self.command_head):
            self.drain_commands(n)
        if not (self.conditioner.accept(<const float*>x) if kind == FLOAT32_UV else self.conditioner.accept_raw(<const int16_t*>x)):
            return 0
        self.n_ticks += 1
        if self.model is None:
            self.keep_for_calibration()
            if self.trace is not None and self.n_trace < self.trace.shape[0]:
                self.trace_sample[self.n_trace] = n
                self.n_trace += 1
            return 0
        lost = self.projection.missing_now(&self.conditioner.missing[0])
        live = self.projection.n_used - lost
        if lost:
            self.model.next_modes(expected)
        self.projection.project(&self.conditioner.out[0], &self.conditioner.missing[0], expected, &self.y[0])
        masked = 2 * live < self.projection.n_used - 1 or live == 0 or self.is_masked(n)
        self.model.tick(&self.y[0], masked)
        self.watch.tick(self.model, masked, lost)
        if self.watch.why != self.stale_why:
            self.stale_why = self.watch.why
            self.stale_sample = n
        if self.renews:
            self.renew(masked)
        return self.tick(n)

    cdef void renew(self, bint masked) noexcept nogil:
        """Start collecting for a new calibration when the noise has become another, and go on while no light falls in."""
        self.age_ticks += 1
        if not self.renewing:
            if self.model.whitener.n_changed > 0 and not masked and self.n_warm < self.warm_up_ticks:
                self.keep_for_calibration()                       # it may prove to be another noise: then these were its first samples
            else:
                self.n_warm = 0
            if self.age_ticks > RENEWAL_S * self.conditioner.rate_hz and (
                    self.model.whitener.n_changed >= RENEWAL_LOOKS or self.stale_why & (1 << LEVEL | 1 << COLOUR | 1 << COVARIANCE)):
                self.renewing = True
        elif not masked:
            self.keep_for_calibration()
        elif self.n_warm < self.warm_up_ticks:
            self.n_warm = 0

    cdef void keep_for_calibration(self) noexcept nogil:
        """One more tick of the samples that a calibration is learned from."""
        cdef int c
        if self.n_warm < self.warm_up_ticks:
            for c in range(self.m):
                self.warm_up[self.n_warm, c] = <float>self.conditioner.out[c]
            self.n_warm += 1

    cdef int tick(self, int64_t n) noexcept nogil:
        """What follows from the model's tick: description, trace, decision."""
        cdef DecisionC* d
        cdef int made = 0
        cdef unsigned long head
        self.since_description -= 1
        if self.since_description <= 0:
            self.since_description = self.describe_every
            self.describer.describe(self.model.rec)
            self.wave = self.describer.wave
        if self.settle_ticks > 0:
            self.settle_ticks -= 1
        if self.trace is not None and self.n_trace < self.trace.shape[0]:
            memcpy(&self.trace[self.n_trace, 0], self.model.rec, RECORD * sizeof(double))
            self.trace_wave[self.n_trace, 0] = self.wave.direction_deg
            self.trace_wave[self.n_trace, 1] = self.wave.speed_mm_s
            self.trace_wave[self.n_trace, 2] = self.wave.wavelength_mm
            self.trace_wave[self.n_trace, 3] = self.wave.frequency_hz
            self.trace_wave[self.n_trace, 4] = self.wave.pgd
            self.trace_wave[self.n_trace, 5] = self.wave.kind if self.settle_ticks == 0 else 0
            self.trace_wave[self.n_trace, 6] = self.wave.amplitude_uv
            self.trace_wave[self.n_trace, 7] = self.watch.stale
            self.trace_sample[self.n_trace] = n
            self.n_trace += 1
        if self.trigger is None:
            return 0
        if not self.armed or self.paused or self.settle_ticks > 0:
            self.trigger.forget()
            return 0
        head = self.head
        d = &self.ring[head % DECISIONS]
        made = self.trigger.tick_decide(n, self.model, &self.wave, self.conditioner.delay_samples / self.fs, d)
        if made:
            self.n_decisions += 1
            if d.verdict == SCHEDULED and self.masks_own_light:
                self.add_mask(d.start_sample - 1, d.start_sample + self.trigger.duration_s[d.slot] * self.fs + self.mask_tail)
            if head - acquire(&self.tail) < DECISIONS - 1:
                release(&self.head, head + 1)
            else:
                self.n_lost_decisions += 1
        return made

    cdef void skip(self, int64_t n) noexcept nogil:
        """Samples are missing: the model coasts through the gap, and forgets the wave when it is long or the counter ran backwards."""
        cdef int64_t gap = n - self.next_sample, i
        self.n_gaps += 1
        if gap > 0:
            self.n_dropped += gap
        if self.model is None:
            return
        self.watch.hold()
        if self.renewing and self.n_warm < self.warm_up_ticks:
            self.n_warm = 0
        if self.trigger is not None:
            self.trigger.forget()
        if gap < 0 or gap > GAP_RESET_S * self.fs:
            self.conditioner.restart()
            self.model.forget()
            self.settle_ticks = <long>(SETTLE_S * self.conditioner.rate_hz)
            return
        for i in range(gap):                          # ticks stay on their samples, and the filter knows what it did not see
            if self.conditioner.accept_nothing():
                self.model.tick(&self.y[0], True)

    cdef bint is_masked(self, int64_t n) noexcept nogil:
        cdef unsigned long i, k = self.n_masks if self.n_masks < MASKS else MASKS
        cdef double oldest = n - (self.conditioner.taps - 1)
        for i in range(k):
            if self.mask_from[i] <= n and oldest <= self.mask_to[i]:
                return True
        return False

    cdef void add_mask(self, double start, double stop) noexcept nogil:
        self.mask_from[self.n_masks % MASKS] = start
        self.mask_to[self.n_masks % MASKS] = stop
        self.n_masks += 1

    cdef int post_live(self, int kind, double value) noexcept nogil:
        """An event that the loop itself decides (its thread only); applied at once and logged."""
        cdef Command c
        c.sample = self.next_sample
        c.kind = kind
        c.value = value
        self.apply_command(&c, self.next_sample)
        return 0

    cdef int drain_commands(self, int64_t n) noexcept nogil:
        cdef Command* c
        cdef unsigned long head = acquire(&self.command_head)
        while self.command_tail < head:
            c = &self.commands[self.command_tail % COMMANDS]
            if c.sample > n:
                break
            self.apply_command(c, n)
            release(&self.command_tail, self.command_tail + 1)
        return 0

    cdef void apply_command(self, const Command* c, int64_t n) noexcept nogil:
        cdef unsigned long head = self.applied_head
        if c.kind == C_ARM:
            self.armed = True
        elif c.kind == C_DISARM:
            self.armed = False
        elif c.kind == C_PAUSE:
            self.paused = True
        elif c.kind == C_RESUME:
            self.paused = False
        elif c.kind == C_HORIZON and self.trigger is not None:
            self.trigger.horizon_s = c.value / 1000
        elif c.kind == C_MASK:                        # light in a recorded session: value = width in samples
            self.add_mask(n, n + c.value)
        if head - acquire(&self.applied_tail) < COMMANDS:
            self.applied[head % COMMANDS].sample = n
            self.applied[head % COMMANDS].kind = c.kind
            self.applied[head % COMMANDS].value = c.value
            release(&self.applied_head, head + 1)

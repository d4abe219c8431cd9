"""The engine as Python has it: made of a configuration, given calibrations and input events, asked for decisions. The one implementation behind
``track()``, replay, mock mode and the rig. What it does with a sample is in :mod:`wavestim.realtime.tick`.
"""

import numpy as np

from libc.stdint cimport int16_t, int64_t

from wavestim.realtime.calibration import Calibration
from wavestim.realtime.conditioning cimport Conditioner
from wavestim.realtime.decisions cimport DecisionRing
from wavestim.realtime.describe cimport Describer
from wavestim.realtime.fit import misfit
from wavestim.realtime.governor cimport Governor
from wavestim.realtime.inputevents cimport WAITING, InputEvent, event_done, event_next, event_put
from wavestim.realtime.ports cimport FLOAT32_UV, INT16_BITS, SampleKind
from wavestim.realtime.projection cimport Projection
from wavestim.realtime.records import EVENTS
from wavestim.realtime.staleness import WHY
from wavestim.realtime.staleness cimport Watch
from wavestim.realtime.telemetry cimport Telemetry
from wavestim.realtime.trace import TRACE_COLUMNS
from wavestim.realtime.trace cimport Trace
from wavestim.realtime.trigger cimport Trigger
from wavestim.realtime.warmup cimport WarmUp
from wavestim.realtime.wavemodel cimport WaveModel

cdef double DESCRIBE_S = 0.008     # a description is refreshed this often
cdef double SETTLE_S = 0.45        # after a calibration the filter finds its phase before anything is decided


ctypedef fused sample_t:
    float
    int16_t


cdef class Engine(Tick):

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
        self.settling = SETTLE_S * rate
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
        self.settle_ticks = round(self.settling)
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

from libc.stdint cimport int16_t, int64_t

from wavestim.realtime.conditioning cimport Conditioner
from wavestim.realtime.decisions cimport DecisionRing
from wavestim.realtime.describe cimport Describer, Wave
from wavestim.realtime.inputevents cimport EventRing
from wavestim.realtime.lightmasks cimport LightMasks
from wavestim.realtime.ports cimport SampleKind
from wavestim.realtime.projection cimport Projection
from wavestim.realtime.staleness cimport Watch
from wavestim.realtime.telemetry cimport Telemetry
from wavestim.realtime.trace cimport Trace
from wavestim.realtime.trigger cimport Trigger
from wavestim.realtime.warmup cimport WarmUp
from wavestim.realtime.wavemodel cimport WaveModel


cdef class Tick:
    cdef readonly int m
    cdef readonly double fs
    cdef Conditioner conditioner
    cdef WaveModel model
    cdef Describer describer
    cdef Trigger trigger
    cdef Watch watch
    cdef int stale_why
    cdef double noise_change              # log of power, when the whitener met another noise
    cdef readonly int64_t stale_sample    # at which `stale` last changed
    cdef readonly object calibration
    cdef Projection projection
    cdef double[::1] y
    cdef WarmUp warm_up
    cdef readonly int64_t next_sample
    cdef bint started
    cdef readonly bint armed, paused
    cdef readonly long n_ticks, n_decisions, n_lost_decisions, n_gaps
    cdef readonly int64_t n_samples, n_dropped
    cdef long describe_every, since_description, settle_ticks
    cdef double settling                  # ticks in which the filter finds its phase, before anything is decided
    cdef LightMasks masks
    cdef double mask_tail
    cdef bint masks_own_light
    cdef bint test_due                    # somebody asked for light by hand,
    cdef double test_asked                # as the event says it
    cdef DecisionRing decisions
    cdef EventRing posted                 # input events that wait
    cdef EventRing applied                # and those that took effect
    cdef Wave wave
    cdef Trace trace                      # of every tick, for track()
    cdef Telemetry telemetry              # of some ticks, for whoever watches a session

    cdef int step(self, const void* x, SampleKind kind, int64_t n) noexcept nogil
    cdef int tick(self, int64_t n) noexcept nogil
    cdef void apply_event(self, int kind, double value, int64_t n) noexcept nogil
    cdef void post_live(self, int kind, double value) noexcept nogil
    cdef void skip(self, int64_t n) noexcept nogil

from libc.stdint cimport int16_t, int64_t

from wavestim.realtime.conditioning cimport Conditioner
from wavestim.realtime.describe cimport Describer, Wave
from wavestim.realtime.ports cimport SampleKind
from wavestim.realtime.projection cimport Projection
from wavestim.realtime.staleness cimport Watch
from wavestim.realtime.trigger cimport DecisionC, Trigger
from wavestim.realtime.wavemodel cimport WaveModel

cdef enum:
    DECISIONS = 4096     # ring of decisions not yet taken
    MASKS = 64           # ring of intervals in which our own light is in the samples
    COMMANDS = 64        # ring of live input events


cdef enum CommandKind:   # index into records.EVENTS, the ones a live engine takes
    C_ARM = 0
    C_DISARM = 1
    C_PAUSE = 2
    C_RESUME = 3
    C_HORIZON = 4
    C_GAP = 5
    C_MASK = 6


cdef struct Command:
    int64_t sample       # apply before this sample; -1: at the next one
    int kind
    double value


cdef class Engine:
    cdef readonly object config
    cdef readonly int m
    cdef readonly double fs
    cdef Conditioner conditioner
    cdef WaveModel model
    cdef Describer describer
    cdef Trigger trigger
    cdef Watch watch
    cdef int stale_why
    cdef readonly int64_t stale_sample    # at which `stale` last changed
    cdef readonly object calibration
    cdef list calibrations
    cdef Projection projection
    cdef double[::1] y
    cdef float[:, ::1] warm_up
    cdef readonly long n_warm, warm_up_ticks
    cdef long age_ticks                   # of the calibration
    cdef bint renews, renewing            # a calibration that has gone stale is learned anew, from samples without light
    cdef readonly int64_t next_sample
    cdef bint started
    cdef readonly bint armed, paused
    cdef readonly long n_ticks, n_decisions, n_lost_decisions, n_gaps
    cdef readonly int64_t n_samples, n_dropped
    cdef long describe_every, since_description, settle_ticks
    cdef double[MASKS] mask_from
    cdef double[MASKS] mask_to
    cdef unsigned long n_masks
    cdef double mask_tail
    cdef bint masks_own_light
    cdef DecisionC* ring
    cdef unsigned long head, tail
    cdef Command[COMMANDS] commands
    cdef unsigned long command_head, command_tail
    cdef Command[COMMANDS] applied
    cdef unsigned long applied_head, applied_tail
    cdef Wave wave
    # what track() reads: one row per model tick
    cdef double[:, ::1] trace
    cdef double[:, ::1] trace_wave
    cdef int64_t[::1] trace_sample
    cdef long n_trace

    cdef int step(self, const void* x, SampleKind kind, int64_t n) noexcept nogil
    cdef int tick(self, int64_t n) noexcept nogil
    cdef void renew(self, bint masked) noexcept nogil
    cdef void keep_for_calibration(self) noexcept nogil
    cdef bint is_masked(self, int64_t n) noexcept nogil
    cdef void add_mask(self, double start, double stop) noexcept nogil
    cdef int drain_commands(self, int64_t n) noexcept nogil
    cdef void apply_command(self, const Command* c, int64_t n) noexcept nogil
    cdef int post_live(self, int kind, double value) noexcept nogil
    cdef void skip(self, int64_t n) noexcept nogil

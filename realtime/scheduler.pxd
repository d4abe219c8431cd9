from libc.stdint cimport int64_t

from wavestim.realtime.ports cimport LightPort
from wavestim.realtime.trigger cimport DecisionC

cdef enum:
    DISPATCHES = 4096

cdef enum Outcome:       # index into records.OUTCOMES
    SENT = 0
    MISSED = 1           # would have been late
    NO_CLOCK = 2         # the device's clock is not known well enough
    NOT_SENT = 3         # the port took no frame
    STALLED = 4          # samples had stopped: the board was told to be dark


cdef struct ClockMap:    # linear maps, published as a whole
    double sample0
    double device_ns_at_sample0
    double ns_per_sample
    double host_ns0
    double device_ns_at_host0
    double device_per_host
    double uncertainty_ns
    int valid


cdef struct Dispatch:
    int64_t decision
    int64_t device_ns    # start of the pattern, device time
    int64_t block_ns     # host: the block with the deciding sample was received
    int64_t taken_ns     # host: the engine took the sample
    int64_t decided_ns
    int64_t written_ns
    double margin_us     # from written to the start, less what the device needs
    int outcome


cdef class Scheduler:
    cdef LightPort* port
    cdef object port_owner
    cdef int hand_slot           # of the board: all patterns beyond the plan share it
    cdef ClockMap clock
    cdef unsigned long version
    cdef readonly double min_lead_us, max_uncertainty_us
    cdef Dispatch* ring
    cdef unsigned long head, tail
    cdef readonly long n_lost
    cdef bint read_clock(self, ClockMap* out) noexcept nogil
    cdef void written(self, int64_t now_ns) noexcept nogil
    cdef void dispatch(self, int64_t index, const DecisionC* d, bint dark, bint stalled, int64_t block_ns, int64_t taken_ns, int64_t now_ns) noexcept nogil

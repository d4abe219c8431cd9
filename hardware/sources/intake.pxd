from libc.stdint cimport int64_t

from wavestim.realtime.ports cimport BlockSink

cdef enum:
    HOLES = 256
    EVENTS = 8192
    SPARE = 64           # places that only restarts may take
    RESTART = 0          # kinds of event
    TTL = 1


cdef struct Hole:        # counters that were passed over: [start, end)
    int64_t start
    int64_t end


cdef struct SourceEvent:
    int64_t sample       # of the session
    int64_t value
    int kind


cdef class Intake:
    cdef BlockSink* sink
    cdef object sink_owner
    cdef double fs
    cdef int m
    cdef readonly object dtype
    cdef readonly int64_t blocks, samples, lost, gaps, late, duplicated, garbled, restarts, skipped, overflowed, untold, first_counter
    cdef readonly int64_t last_host_ns
    cdef int64_t base, next_counter, old_run, suspect_next, n_holes
    cdef bint started, expects_restart
    cdef Hole holes[HOLES]
    cdef SourceEvent events[EVENTS]
    cdef unsigned long events_in, events_out
    cdef int accept(self, const char* data, int n, int64_t counter, int64_t host_ns) noexcept nogil
    cdef void note(self, int64_t counter, int kind, int64_t value) noexcept nogil
    cdef int64_t begin(self, int n, int64_t counter, int64_t host_ns) noexcept nogil
    cdef void old(self, int64_t start, int64_t end) noexcept nogil
    cdef void pass_over(self, int64_t start, int64_t end) noexcept nogil

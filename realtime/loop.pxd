from libc.stdint cimport int64_t, uint32_t

from wavestim.realtime.engine cimport Engine
from wavestim.realtime.ring cimport Ring
from wavestim.realtime.scheduler cimport Scheduler

cdef enum:
    WAITS = 8192


cdef class Loop:
    cdef Ring ring
    cdef Engine engine
    cdef Scheduler scheduler
    cdef int stop_fd
    cdef readonly uint32_t heartbeats
    cdef readonly int64_t turns
    cdef int64_t last_heartbeat_ns, last_sample_ns, block_interval_ns, last_block_ns
    cdef readonly bint stopped, stalled
    cdef readonly long n_stalls
    cdef volatile bint finish
    cdef float[WAITS] waits_us
    cdef readonly long n_waits
    cdef volatile bint calibration_waits
    cdef object calibration
    cdef bint holds_for_calibration
    cdef int turn(self, int64_t now_ns, bint real) noexcept nogil
    cdef void heed_stop(self) noexcept nogil
    cdef int64_t patience(self) noexcept nogil
    cdef void beat(self, int64_t now_ns) noexcept nogil

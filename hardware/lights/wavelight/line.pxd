"""The line itself: whole frames out in one call, to a descriptor in real time or to a board in memory under a simulated clock."""

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memcpy
from posix.unistd cimport write

from wavestim.hardware.firmware.c_core cimport WL_MAX_WIRE
from wavestim.hardware.lights.wavelight.shared cimport load, store
from wavestim.hardware.monotonic cimport monotonic_ns

# what fire, heartbeat and abort return when the frame could not be sent
cdef enum:
    NO_LINE_C = -1
    NO_PATTERN_C = -2
    TOO_MANY_C = -3
    NO_SEQ_C = -4
    TORN_C = -5


cdef struct Line:
    int fd               # -1: none
    int (*deliver)(void* host, const uint8_t* data, int n, int64_t at_ns) noexcept nogil  # in place of the descriptor
    void* host
    int64_t* clock_ns
    int32_t lose_out     # fault injection: frames to the board that never arrive
    uint8_t torn         # the last frame went out in part: the next one starts with a delimiter


cdef inline int64_t line_now(Line* s) noexcept nogil:
    """Host time, ns."""
    return monotonic_ns() if s.clock_ns is NULL else s.clock_ns[0]


cdef inline int line_emit(Line* s, const uint8_t* frame, size_t n) noexcept nogil:
    """0, or why the frame did not go out as a whole."""
    cdef uint8_t buffer[WL_MAX_WIRE + 1]
    cdef ssize_t done
    if s.host is not NULL:
        if s.lose_out > 0:
            s.lose_out -= 1
            return 0
        return 0 if s.deliver(s.host, frame, <int>n, s.clock_ns[0]) == <int>n else TORN_C
    if s.fd < 0:
        return NO_LINE_C
    if load(&s.torn):
        buffer[0] = 0
        memcpy(buffer + 1, frame, n)
        done = write(s.fd, buffer, n + 1)
        if done == <ssize_t>(n + 1):
            store(&s.torn, 0)
            return 0
    else:
        done = write(s.fd, frame, n)
        if done == <ssize_t>n:
            return 0
    if done > 0:
        store(&s.torn, 1)
        return TORN_C
    return NO_LINE_C

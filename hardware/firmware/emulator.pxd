"""FirmwareCore for other Cython modules: they reach the board in memory without Python."""
from libc.stdint cimport int64_t, uint8_t

from wavestim.hardware.firmware.c_core cimport wl_host


cdef class VirtualClock:
    cdef public int64_t now_ns


cdef class FirmwareCore:
    cdef wl_host* host


# the host begins to send n bytes at at_ns; `host` is FirmwareCore.host. Returns how many found room.
cdef int deliver(void* host, const uint8_t* data, int n, int64_t at_ns) noexcept nogil

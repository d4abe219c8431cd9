"""FirmwareCore for other Cython modules: they reach the board in memory without Python."""
from libc.stdint cimport int64_t

from wavestim.hardware.firmware.c_core cimport wl_host


cdef class VirtualClock:
    cdef public int64_t now_ns


cdef class FirmwareCore:
    cdef wl_host* host

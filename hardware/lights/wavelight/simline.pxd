"""The simulated line for the link: it writes to it without Python."""
from libc.stdint cimport int64_t, uint8_t

from wavestim.hardware.firmware.c_core cimport WL_MAX_WIRE, wl_host
from wavestim.hardware.firmware.emulator cimport FirmwareCore


cdef enum:
    HELD = 32            # frames that are held back at once


cdef struct HeldFrame:
    uint8_t bytes[WL_MAX_WIRE + 1]
    int size             # 0: none
    int64_t due          # it goes behind this frame


cdef struct WayOut:      # from the host to the board
    wl_host* host
    int64_t* delay_ns    # of each frame, used round and round
    uint8_t* fate
    int64_t n_delays, n_fates, n_sent
    HeldFrame held[HELD]
    uint8_t cut


cdef class SimulatedLine:
    cdef readonly FirmwareCore core
    cdef WayOut out
    cdef int64_t[::1] _delay_out, _delay_back
    cdef uint8_t[::1] _fate_out, _fate_back
    cdef object _coming
    cdef bytes _held
    cdef int64_t _n_back, _last_ns


cdef int deliver_late(void* out, const uint8_t* data, int n, int64_t at_ns) noexcept nogil

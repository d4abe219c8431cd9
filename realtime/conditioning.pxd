from libc.stdint cimport uint8_t


cdef enum Reference:
    REFERENCE_NONE = 0
    REFERENCE_AVERAGE = 1
    REFERENCE_MEDIAN = 2
    REFERENCE_CHANNEL = 3


cdef class Conditioner:
    """Raw samples in, channels fit for the model out, at the model's rate."""
    cdef readonly int m, factor, taps, n_missing
    cdef readonly double delay_samples     # group delay of the decimation, in samples of the source
    cdef readonly double rate_hz
    cdef int reference, reference_channel, pos, phase, flat_limit
    cdef bint primed
    cdef float[::1] last
    cdef int[::1] unchanged
    cdef uint8_t[::1] excluded
    cdef readonly object excluded_mask
    cdef double[::1] good
    cdef double[::1] scratch
    cdef double[:, ::1] history
    cdef double[::1] fir
    cdef double[::1] out
    cdef readonly uint8_t[::1] missing
    cdef int accept(self, const float* x) noexcept nogil
    cdef double reference_value(self, const float* x) noexcept nogil

from libc.stdint cimport int16_t, uint8_t


cdef enum Reference:
    REFERENCE_NONE = 0
    REFERENCE_AVERAGE = 1
    REFERENCE_MEDIAN = 2
    REFERENCE_CHANNEL = 3


cdef class Conditioner:
    """Raw samples in, channels fit for the model out, at the model's rate."""
    cdef readonly int m, factor, taps, windows
    cdef readonly double delay_samples     # group delay of the decimation, in samples of the source
    cdef readonly double rate_hz
    cdef int reference, reference_channel, pos, phase, window, flat_limit
    cdef bint primed
    cdef float[::1] gain                   # uV per bit of int16 samples
    cdef float[::1] sample                 # int16 samples of one moment in uV
    cdef float[::1] good                   # the last value that was one, uV
    cdef int[::1] changed                  # non-zero: some sample since the last tick differed from the one before
    cdef int[::1] unchanged                # ticks without a change
    cdef int[:, ::1] bad                   # (windows, m) samples that were none, by tick
    cdef int[::1] any_bad                  # (windows,) of all channels
    cdef uint8_t[::1] excluded
    cdef readonly object excluded_mask
    cdef float[:, ::1] history             # (taps, m) ring of samples
    cdef double[::1] fir
    cdef double[::1] window_weight         # (windows,) part of the filter that lies in a tick's samples, newest first
    cdef double[::1] scratch
    cdef double[::1] out
    cdef readonly uint8_t[::1] missing
    cdef int accept(self, const float* x) noexcept nogil
    cdef int accept_raw(self, const int16_t* x) noexcept nogil
    cdef int accept_nothing(self) noexcept nogil
    cdef void restart(self) noexcept nogil
    cdef int advance(self, int n_bad, bint wanted) noexcept nogil
    cdef void decimate(self) noexcept nogil
    cdef const float* row(self, int k) noexcept nogil
    cdef void find_missing(self) noexcept nogil
    cdef double reference_value(self) noexcept nogil

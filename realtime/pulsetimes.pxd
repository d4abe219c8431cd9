from libc.stdint cimport int16_t

cdef enum Bygone:            # index into records.VERDICTS
    PASSED = 13


cdef class Recorded:
    cdef const double[::1] after         # light-on, in samples after the first one
    cdef const int16_t[::1] condition, slot
    cdef const unsigned char[::1] dark
    cdef readonly Py_ssize_t next        # to come
    cdef double begin                    # the first sample
    cdef bint over(self) noexcept nogil
    cdef double fire(self) noexcept nogil

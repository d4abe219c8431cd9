from libc.stdint cimport uint8_t


cdef double dot(const double* a, const double* b, Py_ssize_t n) noexcept nogil


cdef class Projection:
    """Electrodes onto the smooth modes of their layout."""
    cdef readonly int m, r, n_used
    cdef double[:, ::1] modes            # (r, m), zero where an electrode is left out
    cdef uint8_t[::1] used
    cdef double[::1] filled
    cdef int missing_now(self, const uint8_t* missing) noexcept nogil
    cdef void project(self, const double* x, const uint8_t* missing, const double* expected, double* y) noexcept nogil

from libc.stdint cimport int64_t

from wavestim.realtime.describe cimport Wave
from wavestim.realtime.wavemodel cimport WaveModel


cdef class Trace:
    """Every tick of the model, written into arrays of whoever wants to see them all."""
    cdef double[:, ::1] records
    cdef double[:, ::1] waves
    cdef int64_t[::1] samples
    cdef float complex[:, ::1] own       # of every electrode beyond the modes, uV; without rows where nobody asked
    cdef readonly long n                 # rows written
    cdef void learning(self, int64_t sample) noexcept nogil
    cdef void add(self, int64_t sample, WaveModel model, const Wave* wave, bint settled, bint stale) noexcept nogil

from wavestim.realtime.certainty cimport Certainty
from wavestim.realtime.forecast cimport Horizon
from wavestim.realtime.whitening cimport RMAX, Whitener

cdef enum:
    CARRIER = 0   # rad^2, expected variance of the phase that all of the wave shares
    SHAPE = 1     # expected misses of its pattern, over its power
    MISSED = 2    # what else was expected to be missed, over its power
    FORETOLD = 3


cdef class Foresight:
    """How far the oscillation turned out to be from where it had been expected."""
    cdef Horizon horizon                 # of the forecasts that are judged
    cdef int r, size, at, filled
    cdef double[:, :, ::1] told          # (size, 2, RMAX) what was expected to be shown the horizon later; re and im, uV of the modes
    cdef double[:, ::1] foretold         # (size, FORETOLD)
    cdef double electrodes, noise, decay, mean, weight, loudness
    cdef readonly Certainty carrier, shape
    cdef void reset(self) noexcept nogil
    cdef double of_carrier(self) noexcept nogil
    cdef double of_shape(self) noexcept nogil
    cdef void tell(self, const double* rec, const double* wave, double re, double im) noexcept nogil
    cdef void show(self, Whitener whitener, const double* re, const double* im) noexcept nogil

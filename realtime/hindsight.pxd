from wavestim.realtime.certainty cimport Certainty
from wavestim.realtime.foresight cimport Foresight
from wavestim.realtime.local cimport Local
from wavestim.realtime.whitening cimport RMAX, Whitener


cdef class Hindsight:
    """What the phase turned out to have been, a moment later, and what that says of the estimates."""
    cdef int r, reach, size, at, spoilt, settling
    cdef double[:, :, ::1] told          # (size, 4, RMAX) the wave's re, im and the rest's re, im at the same times
    cdef double[:, ::1] foretold         # (size, 5) what the error was expected from, see push
    cdef double[:, ::1] sites            # (some electrodes, RMAX) modes there
    cdef int electrodes                  # in use
    cdef readonly double pooled, noise_tt, truth_noise, decay, weight
    cdef readonly double present                  # leaky probability that there is a wave
    cdef readonly double ww, ll, wl_re, wl_im, tw_re, tw_im, tl_re, tl_im, tt
    cdef double rough                    # how sure it is that the band holds more than a wave in noise, see Residual
    cdef readonly double a_re, a_im, b_re, b_im   # weights of the wave and of the rest
    cdef readonly Certainty certainty
    cdef readonly Foresight foresight
    cdef void reset(self) noexcept nogil
    cdef void push(self, Local local, Whitener whitener, const double* wave, const double* foretold, bint masked) noexcept nogil
    cdef void judge(self, Local local, double noise_power) noexcept nogil
    cdef double noise(self, double noise_power) noexcept nogil
    cdef void look(self, const double* told, const double* re, const double* im, int i, Local local, double noise_power) noexcept nogil

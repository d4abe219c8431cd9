from wavestim.realtime.local cimport TAPS_MAX
from wavestim.realtime.whitening cimport RMAX


cdef class Hindsight:
    """What the phase turned out to have been, a moment later, and what that says of the estimates."""
    cdef int r, reach, stride, size, at, countdown, spoilt
    cdef double g_re[2 * TAPS_MAX + 1]
    cdef double g_im[2 * TAPS_MAX + 1]
    cdef double[:, ::1] past             # (size, RMAX) mode signals, uV
    cdef double[:, :, ::1] told          # (size, 4, RMAX) the wave's re, im and the rest's re, im at the same times
    cdef double[::1] foretold            # (size,) error that was expected, uV^2 over the modes
    cdef readonly double noise_tt, noise_re, noise_im, decay, weight
    cdef readonly double present                  # leaky probability that there is a wave
    cdef readonly double ww, ll, wl_re, wl_im, tw_re, tw_im, tl_re, tl_im, tt, expected
    cdef readonly double a_re, a_im, b_re, b_im   # weights of the wave and of the rest
    cdef double scale                    # error there was over the error that was expected
    cdef void reset(self) noexcept nogil
    cdef void push(self, const double* modes, const double* wave, const double* rest, double present, double expected, bint masked,
                   double noise_power) noexcept nogil
    cdef void judge(self, double noise_power) noexcept nogil

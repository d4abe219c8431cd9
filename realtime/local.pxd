from wavestim.realtime.whitening cimport RMAX

cdef enum:
    TAPS_MAX = 128


cdef class Local:
    """The rhythm that the wave leaves over, in mode space."""
    cdef int r, taps, stride, size, at
    cdef double[:, ::1] past             # (taps * stride, RMAX) mode signals without the wave, uV; `at` is the newest
    cdef double h_re[TAPS_MAX]
    cdef double h_im[TAPS_MAX]
    cdef double step_re, step_im         # one tick ahead
    cdef double noise_gain, decay
    cdef double re[RMAX]
    cdef double im[RMAX]
    cdef double power                    # leaky, uV^2, summed over the modes
    cdef double share                    # of it that is no noise
    cdef void reset(self) noexcept nogil
    cdef void push(self, const double* rest, bint masked, double noise_power) noexcept nogil

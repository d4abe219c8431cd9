from wavestim.realtime.whitening cimport Biquads, RMAX
from wavestim.realtime.wiener cimport Wiener


cdef class Local:
    """The rhythm in the band as a causal filter shows it, in mode space."""
    cdef readonly Wiener wiener
    cdef int r, taps, lags, stride, phase, at, thin_at
    cdef Biquads front                   # takes drift and mains off
    cdef double[:, ::1] recent           # (stride, RMAX) mode signals behind it, uV
    cdef double[:, :, ::1] past          # (stride, 2 taps, RMAX) their means over a stride, twice, so that the last `taps` lie in a row
    cdef double[:, ::1] thin             # (2 lags, RMAX) every stride-th of them
    cdef double step_re, step_im         # one tick ahead
    cdef double decay, turnover
    cdef double seen                     # part of what the filter sees now that was there, and not its own going on
    cdef double re[RMAX]
    cdef double im[RMAX]
    cdef double power                    # leaky, uV^2, summed over the modes
    cdef bint fresh                      # a thinned sample was added with this tick
    cdef void reset(self) noexcept nogil
    cdef void blank(self) noexcept nogil
    cdef void push(self, const double* modes, bint masked) noexcept nogil
    cdef const double* newest(self) noexcept nogil

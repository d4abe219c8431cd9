from libc.stdint cimport uint8_t

from wavestim.realtime.credit cimport Credit
from wavestim.realtime.whitening cimport RMAX
from wavestim.realtime.wiener cimport Wiener

cdef enum:
    LANES = 8            # channels that are filtered together


cdef class Residual:
    """The rhythm that each electrode has beyond the smooth modes, as a causal filter of its own shows it."""
    cdef readonly bint on
    cdef readonly Wiener wiener
    cdef readonly Credit credit          # how far to believe it
    cdef int m, r, stride, taps, lags, n_lanes, phase, at, thin_at
    cdef long since_dark, since_lost
    cdef bint row_dark
    cdef int[::1] first                  # (stride + 1,) slots of the channels that are due together, a multiple of LANES
    cdef int[::1] channel                # (slots,) of each slot; m where it is spare
    cdef int[::1] slot                   # (m,) of each channel; -1 where it is left out
    cdef int[::1] group                  # (m,)
    cdef double[:, ::1] rows             # (r, slots) modes there
    cdef double[::1] total               # (m + 1,) sums of the samples since each was due
    cdef int[::1] gone                   # (m + 1,) ticks of these in which it was missing
    cdef double[:, ::1] recent           # (stride, RMAX) mode signals of the last ticks
    cdef uint8_t[::1] begun              # (stride,)
    cdef double drift[5]                 # b0 b1 b2 a1 a2 of the section that takes drift off
    cdef double[::1] z0, z1              # (slots,) its state
    cdef double[::1] fresh               # (most slots of a group,)
    cdef float[::1] past                 # (slots / LANES, 2 taps, LANES) thinned samples, twice, so that the last `taps` lie in a row
    cdef float[::1] re, im               # (slots,) what the filter showed when each was due
    cdef double[::1] turn_re, turn_im    # (stride,) of the band's centre, by age in ticks
    cdef double step_re, step_im         # a stride
    cdef int lane_slot[RMAX]             # the channels that teach
    cdef int lane_group[RMAX]
    cdef double lane_now[RMAX]
    cdef double[:, ::1] thin             # (2 lags, RMAX) their thinned samples
    cdef void reset(self) noexcept nogil
    cdef void push(self, const double* x, const uint8_t* missing, const double* y, bint masked, const double* carrier, double present, double noise_power) noexcept nogil
    cdef void due(self, int g, bint dark) noexcept nogil
    cdef void show(self, int g) noexcept nogil
    cdef void look_back(self, const double* carrier, double present, double noise_power) noexcept nogil
    cdef void estimate(self, int c, double* re, double* im) noexcept nogil

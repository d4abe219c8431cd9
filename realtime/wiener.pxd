from wavestim.realtime.whitening cimport RMAX

cdef enum:
    TAPS_MAX = 128       # of the causal filter
    REACH_MAX = 128      # of the zero-phase filter to either side
    AHEAD_MAX = 64       # strides that are forecast
    LAGS_MAX = 2 * TAPS_MAX + AHEAD_MAX + 2
    GRID = 9             # quarters of a cycle of the band's centre at which the forecast is kept


cdef struct Causal:      # a filter and what is known of it
    double re[TAPS_MAX]  # taps, newest sample first
    double im[TAPS_MAX]
    double ahead_re[GRID]    # z(t) times this, and a turn at the centre frequency, is the best guess of z that much later
    double ahead_im[GRID]
    double total         # mean square of what the zero-phase filter shows, over that of the estimate
    double noise_gain    # power of the estimate in background noise of the calibration's level
    double shared_re     # zero-phase times conj(estimate) in it
    double shared_im


cdef class Wiener:
    """The best causal filter for the recording, learned on while it runs."""
    cdef readonly int taps, reach, ahead, lags
    cdef Causal best
    cdef double[::1] covariance          # (lags,) of the thinned samples
    cdef double[::1] frozen              # (lags,) the one that is being worked on
    cdef double[::1] noise               # (lags,) of background noise
    cdef double[::1] g_re, g_im          # (2 reach + 1,) zero-phase filter
    cdef double[::1] cross_re, cross_im  # (reach + taps + ahead + 1,) E[z(t) x(t - k)] from k = -reach on
    cdef double[::1] noise_cross_re, noise_cross_im
    cdef double[::1] forward, spare      # (taps,) predictor of the recursion
    cdef double[::1] x_re, x_im          # (taps,) solution so far
    cdef double[::1] later_re, later_im  # (ahead + 1,)
    cdef double step_re, step_im, grid_strides    # turn of the centre frequency in a stride; a quarter of its cycle in strides
    cdef double error, shown, noise_gain, stride_s
    cdef double n_seen, memory, usual, recent, recent_rate
    cdef int stage, at, since, period, spoilt
    cdef void learn(self, const double* newest, bint masked) noexcept nogil
    cdef void show(self, const double* newest, double* re, double* im) noexcept nogil
    cdef bint step(self) noexcept nogil
    cdef void hear_noise(self) noexcept nogil
    cdef void recurse(self) noexcept nogil
    cdef void publish(self) noexcept nogil
    cdef void correlate(self, const double[::1] covariance, int k, double* re, double* im) noexcept nogil

from wavestim.realtime.kalman cimport Dynamics
from wavestim.realtime.steering cimport Steering
from wavestim.realtime.whitening cimport Biquads, RMAX, Whitener


cdef class FilterPair:
    """A plane wave and a free pattern, tracked side by side on the same white mode signals."""
    cdef readonly int r
    cdef double fs
    cdef Whitener whitener
    cdef Steering steering
    cdef Dynamics dyn
    cdef double taus[4]                  # ticks over the time constants of the slow means
    cdef double s[5]                     # of the plane: a, b, omega, kx, ky
    cdef double P[25]
    cdef double mean[4]                  # slow: amplitude, omega, kx, ky
    cdef double s3[3]                    # of the pattern's carrier: a, b, omega
    cdef double P3[9]
    cdef double mean3[2]
    cdef double u_re[RMAX]               # the pattern in white mode space, and the variance of each of its parts
    cdef double u_im[RMAX]
    cdef double pu[RMAX]
    cdef double G[2 * RMAX]              # steering: cos | sin, then its slopes in kx and ky
    cdef double D[4 * RMAX]
    cdef double k0[2]
    cdef double ev_plane, ev_wave, ev_decay, ev_decay2, prior_plane, ev_threshold, ev_scale, pattern_decay
    cdef double plane                    # weight of the plane against the free pattern, by the evidence of the last tick
    cdef double wave                     # probability of a wave against noise, by the same
    cdef double k_max, omega_min, omega_max
    cdef int refresh
    cdef int blind                       # ticks for which the innovations are trusted less
    cdef long ticks                      # since the wave was forgotten
    cdef double prior_s[5]
    cdef double prior_P[25]
    cdef double prior_mean[4]
    cdef double prior_u[2 * RMAX]
    cdef readonly double misfit          # power in the band of what the wave leaves over, as a multiple of the noise that was learned
    cdef double misfit_rate, misfit_gain
    cdef Biquads band
    cdef double total                    # log-likelihood of the plane so far
    cdef void reset(self) noexcept nogil
    cdef void steer(self) noexcept nogil
    cdef void expected(self, double* out, double* quadrature) noexcept nogil
    cdef void carry_over(self) noexcept nogil
    cdef void doubt(self) noexcept nogil
    cdef void settle(self) noexcept nogil
    cdef bint advance(self, const double* white, bint masked) noexcept nogil
    cdef void drift(self) noexcept nogil
    cdef bint learn(self, const double* white) noexcept nogil
    cdef double learn_plane(self, const double* white, double noise, double huber, double* nu) noexcept nogil
    cdef double learn_pattern(self, const double* white, double noise, double huber, double* nu) noexcept nogil
    cdef void weigh(self) noexcept nogil
    cdef bint keep_in_range(self) noexcept nogil

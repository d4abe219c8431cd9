from wavestim.realtime.forecast cimport RECORD, Outlook
from wavestim.realtime.hindsight cimport Hindsight
from wavestim.realtime.kalman cimport Dynamics
from wavestim.realtime.local cimport Local
from wavestim.realtime.steering cimport Steering
from wavestim.realtime.travel cimport Travel
from wavestim.realtime.whitening cimport Biquads, RMAX, Whitener


cdef class WaveModel:
    cdef readonly int m, r
    cdef readonly double fs
    cdef Outlook outlook
    cdef Local local
    cdef Travel travel
    cdef double travels
    cdef int look_every
    cdef readonly Hindsight hindsight
    cdef double spread[4]                # second moments of the electrodes' places, mm^2: xx, xy, yy; and their number
    cdef double[:, ::1] modes            # (m, r)
    cdef double[:, ::1] xy               # (m, 2) layout axes, centred, mm
    cdef Whitener whitener
    cdef Steering steering
    cdef Dynamics dyn
    cdef double taus[4]
    cdef double s[5]
    cdef double P[25]
    cdef double mean[4]
    cdef double s3[3]
    cdef double P3[9]
    cdef double mean3[2]
    cdef double u_re[RMAX]
    cdef double u_im[RMAX]
    cdef double pu[RMAX]
    cdef double G[2 * RMAX]              # steering: cos | sin, then its slopes in kx and ky
    cdef double D[4 * RMAX]
    cdef double k0[2]
    cdef double ev_plane, ev_wave, ev_decay, ev_decay2, prior_plane, ev_threshold, ev_scale, pattern_decay
    cdef double k_max, omega_min, omega_max
    cdef int refresh, blind
    cdef long ticks
    cdef double[::1] colour_phase        # of the whitening, at 1, 2, ... Hz
    cdef double[::1] colour_gain
    cdef double prior_s[5]
    cdef double prior_P[25]
    cdef double prior_mean[4]
    cdef double prior_u[2 * RMAX]
    cdef double rec[RECORD]
    cdef double level[RMAX]              # residual of the modes when the light came: held through the mask
    cdef bint coasting
    cdef bint fresh                      # no sample has been seen since the wave was forgotten
    cdef readonly double misfit                   # power in the band of what the wave leaves over, as a multiple of the noise that was learned
    cdef double misfit_rate, misfit_gain
    cdef Biquads band
    cdef double total                    # log-likelihood of the plane so far
    cdef double last_modes[RMAX]
    cdef double offset[RMAX]             # steps of the amplifier, taken out
    cdef double step_power               # usual squared change between ticks, uV^2 over the modes
    cdef void tick(self, const double* y, bint masked) noexcept nogil
    cdef void reset(self) noexcept nogil
    cdef void forget(self) noexcept nogil
    cdef void steer(self) noexcept nogil
    cdef void next_modes(self, double* out) noexcept nogil
    cdef void expected_modes(self, double* out, double* quadrature) noexcept nogil
    cdef void look(self) noexcept nogil
    cdef void rest(self, const double* modes, bint masked) noexcept nogil
    cdef void advance(self, const double* white, bint masked) noexcept nogil
    cdef void write_record(self) noexcept nogil
    cdef void carry_over(self) noexcept nogil
    cdef void keep_in_range(self) noexcept nogil

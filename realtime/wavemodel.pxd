from wavestim.realtime.kalman cimport Dynamics
from wavestim.realtime.steering cimport Steering
from wavestim.realtime.whitening cimport RMAX, Whitener

cdef enum:
    # one tick's record; everything that a forecast or a description needs
    PHI = 0          # plane carrier phase at the centroid, rad (colour of the whitening removed)
    OMEGA = 1        # rad/s
    KX = 2           # rad/mm, layout axes
    KY = 3
    VAR_PHI = 4
    COV_PHI_OMEGA = 5
    COV_PHI_KX = 6
    COV_PHI_KY = 7
    VAR_OMEGA = 8
    VAR_KX = 9
    COV_KXKY = 10
    VAR_KY = 11
    MEAN_OMEGA = 12
    PHI_FREE = 13
    OMEGA_FREE = 14
    MEAN_OMEGA_FREE = 15
    VAR_FREE = 16
    PLANE = 17       # weight of the plane against the free pattern
    WAVE = 18        # probability of a wave against noise
    AMPLITUDE = 19   # uV, of the plane wave
    PATTERN = 20     # r real parts then r imaginary parts: the free pattern in mode space
    RECORD = 52      # PATTERN + 2 * RMAX


cdef struct Horizon:     # what a forecast over h needs, computed once per h
    double h             # s
    double gain          # s, of the deviation of omega from its mean
    double spread        # s^2, growth of the phase variance per (rad/s)^2 of frequency variance
    double var_freq


cdef void horizon_set(Horizon* z, double h_s, double tau_freq_s, double var_freq) noexcept nogil
cdef double forecast(const double* rec, const Horizon* z, const double* modes, int r, double x, double y, double* sd) noexcept nogil


cdef class WaveModel:
    cdef readonly int m, r
    cdef readonly double fs, tau_freq
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
    cdef double total                    # log-likelihood of the plane so far
    cdef double last_modes[RMAX]
    cdef double offset[RMAX]             # steps of the amplifier, taken out
    cdef double step_power               # usual squared change between ticks, uV^2 over the modes
    cdef void tick(self, const double* y, bint masked) noexcept nogil
    cdef void reset(self) noexcept nogil
    cdef void steer(self) noexcept nogil
    cdef void next_modes(self, double* out) noexcept nogil
    cdef void expected_modes(self, double* out, double ahead_s) noexcept nogil
    cdef void advance(self, const double* white, bint masked) noexcept nogil
    cdef void write_record(self) noexcept nogil
    cdef void carry_over(self) noexcept nogil
    cdef void keep_in_range(self) noexcept nogil

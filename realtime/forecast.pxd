from wavestim.realtime.fmath cimport PI, sqrt
from wavestim.realtime.wiener cimport GRID
from wavestim.realtime.whitening cimport RMAX

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
    VAR_FREE = 16    # of the free pattern's carrier
    PLANE = 17       # weight of the plane against the free pattern
    WAVE = 18        # probability of a wave against noise
    AMPLITUDE = 19   # uV, of the plane wave
    LOCAL = 20       # weight of the local rhythm, 0 to 1
    LOCAL_POWER = 21  # uV^2, mean over the electrodes of the squared local rhythm
    ERROR_LEVEL = 22  # error that there was lately, over the error that was expected, see Certainty
    TRAVELS = 23     # 1 when the band is seen to travel
    PATTERN = 24     # r real parts, r imaginary parts: the free pattern in mode space, uV
    REST = 48        # PATTERN + 2 * RMAX: the local rhythm in mode space, uV, as much of it as is believed
    LOCAL_TOTAL = 72     # mean square of the rhythm over that of its estimate
    LOCAL_AHEAD = 73     # GRID real parts, GRID imaginary parts: what the local rhythm becomes, see Causal
    ERROR_BURST = 91     # more of it in bursts
    LOCAL_SHARE = 92     # part of its power that background noise does not explain, 0 to 1
    RESIDUAL = 93        # weight of what the electrode has beyond the modes, 0 to 1
    RESIDUAL_POWER = 94  # uV^2, of the estimate of it at an electrode
    RESIDUAL_SHARE = 95  # as LOCAL_SHARE
    RESIDUAL_TOTAL = 96  # as LOCAL_TOTAL
    RESIDUAL_AHEAD = 97  # as LOCAL_AHEAD
    VAR_PATTERN = 115  # of the free pattern's phase at an electrode against its carrier's
    CARRIER_SCALE = 116  # times the variance of the phase that all of the wave shares, see Foresight
    SHAPE_SCALE = 117  # times that of a free pattern's electrode against the others
    KEPT = 118       # times the resultant of the forecast: gross errors that no Gaussian makes, see Certainty
    RECORD = 119


cdef struct Outlook:     # what is known of forecasts at any horizon
    double tau_freq      # s
    double var_freq      # as a part of the squared mean frequency
    double centre_rad_s  # of the band


cdef struct Horizon:     # what a forecast over h needs, computed once per h
    double h             # s
    double gain          # s, of the deviation of omega from its mean
    double spread        # s^2, growth of the phase variance per (rad/s)^2 of frequency variance
    double var_freq
    double turn_re, turn_im  # of the band's centre frequency
    int step             # quarters of its cycle, and the part of one that is left
    double part


cdef void outlook_set(Outlook* o, calibration) except *
cdef void horizon_set(Horizon* z, double h_s, const Outlook* o) noexcept nogil
cdef double forecast(const double* rec, const Horizon* z, const double* modes, int r, double x, double y, double own_re, double own_im, double* sd) noexcept nogil


cdef inline double wander(const double* rec, const Horizon* z) noexcept nogil:
    """How much the variance of the wave's phase grows over a horizon, rad^2."""
    cdef double x = 2 * z.gain * rec[COV_PHI_OMEGA] + z.gain * z.gain * rec[VAR_OMEGA] + z.var_freq * rec[MEAN_OMEGA] * rec[MEAN_OMEGA] * z.spread
    return x if x > 0 else 0


cdef inline double resultant(double snr) noexcept nogil:
    """Length of the mean unit vector of a constant in complex Gaussian noise, of its power over theirs."""
    cdef double x = 0.225 * snr, y = 0.471 * snr                 # the circular SD within 0.4 % of the exact one everywhere
    return sqrt(snr * (0.25 * PI + snr * (0.3585 + x)) / (1 + snr * (0.25 * PI + 0.2355 + y) + x * snr * snr))

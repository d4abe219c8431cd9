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
    VAR_FREE = 16
    PLANE = 17       # weight of the plane against the free pattern
    WAVE = 18        # probability of a wave against noise
    AMPLITUDE = 19   # uV, of the plane wave
    LOCAL = 20       # part of the local rhythm that is no noise, 0 to 1
    LOCAL_POWER = 21  # uV^2, mean over the electrodes of the squared local rhythm
    ERROR_SCALE = 22  # error that there was lately, over the error that was expected
    PATTERN = 23     # r real parts, r imaginary parts: the free pattern in mode space, uV
    REST = 47        # PATTERN + 2 * RMAX: the local rhythm in mode space, uV, as much of it as is believed
    RECORD = 71      # REST + 2 * RMAX

    GRID = 33        # lags at which the forecast of the local rhythm is tabulated


cdef struct Outlook:     # what is known of forecasts at any horizon
    double tau_freq      # s
    double var_freq      # as a part of the squared mean frequency
    double step_s        # of the grid
    double re[GRID]      # what the local rhythm becomes in that time
    double im[GRID]
    double unexplained[GRID]    # of its power, as a multiple of what it shows


cdef struct Horizon:     # what a forecast over h needs, computed once per h
    double h             # s
    double gain          # s, of the deviation of omega from its mean
    double spread        # s^2, growth of the phase variance per (rad/s)^2 of frequency variance
    double var_freq
    double re, im, unexplained


cdef void outlook_set(Outlook* o, calibration) except *
cdef void horizon_set(Horizon* z, double h_s, const Outlook* o) noexcept nogil
cdef double forecast(const double* rec, const Horizon* z, const double* modes, int r, double x, double y, double* sd) noexcept nogil

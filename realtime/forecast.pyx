"""From one tick's record to the phase at any electrode and any time ahead, and how sure it is.

The expected oscillation at an electrode is a complex number: what the wave shows there (plane and free pattern, by their weights and by the
probability that there is a wave) plus the local rhythm that the wave leaves over. Its error is a complex Gaussian, so the phase error is
that of a constant in noise (Rice 1944), and a place of little amplitude is unsure by itself.
"""

import numpy as np

from wavestim.realtime.fmath cimport PI, atan2, exp, log, sincos, sqrt

cdef double UNSEEN = 0.5         # chance that there is a wave, where its evidence comes near the threshold
cdef double NEAR = 2.0           # it still does so at so many logits below, 0.3 of the way to what noise shows on average
cdef double SILENCE_UV2 = 1e-6   # a nanovolt: what is so faint has no phase

RECORD_SIZE = RECORD
OWN_COLUMN = RESIDUAL
FREQUENCY_COLUMNS = [WAVE, PLANE, OMEGA, OMEGA_FREE]
COVARIANCE_COLUMNS = [VAR_PHI, COV_PHI_KX, VAR_KX]


cdef void outlook_set(Outlook* o, calibration) except *:
    o.tau_freq = calibration.options.tau_freq_s
    o.var_freq = calibration.options.sd_freq**2
    o.centre_rad_s = 2 * PI * sqrt(calibration.band_hz[0] * calibration.band_hz[1])


cdef void horizon_set(Horizon* z, double h_s, const Outlook* o) noexcept nogil:
    cdef double t = o.tau_freq, x = h_s * o.centre_rad_s / (0.5 * PI)
    z.h = h_s
    z.gain = t * (1 - exp(-h_s / t))
    z.spread = 2 * t * h_s - 2 * t * z.gain - z.gain * z.gain
    z.var_freq = o.var_freq
    sincos(o.centre_rad_s * h_s, &z.turn_im, &z.turn_re)
    x = 0 if x < 0 else (GRID - 1 if x > GRID - 1 else x)
    z.step = <int>x if x < GRID - 1 else GRID - 2
    z.part = x - z.step


cdef double forecast(const double* rec, const Horizon* z, const double* modes, int r, double x, double y, double own_re, double own_im, double* sd) noexcept nogil:
    """Phase (rad) at the place with mode row `modes` and layout coordinates x, y (mm), z.h seconds ahead; its circular SD (rad) in sd.

    own_re, own_im: what an electrode there has beyond the modes now (Residual.estimate), uV.
    """
    cdef double carrier, plane, free, vr = 0, vi = 0, lr = 0, li = 0, wp = rec[PLANE], p = rec[WAVE], local = rec[LOCAL]
    cdef double c, s, cr, ci, var, n, R, power, error, ahead_re, ahead_im, share = rec[LOCAL_SHARE]
    cdef int j
    plane = rec[PHI] + rec[MEAN_OMEGA] * z.h + (rec[OMEGA] - rec[MEAN_OMEGA]) * z.gain - rec[KX] * x - rec[KY] * y
    free = rec[PHI_FREE] + rec[MEAN_OMEGA_FREE] * z.h + (rec[OMEGA_FREE] - rec[MEAN_OMEGA_FREE]) * z.gain
    for j in range(r):
        vr += modes[j] * rec[PATTERN + j]
        vi += modes[j] * rec[PATTERN + r + j]
        lr += modes[j] * rec[REST + j]
        li += modes[j] * rec[REST + r + j]
    sincos(free, &s, &c)
    n = 1 - wp
    cr = n * (c * vr - s * vi)
    ci = n * (c * vi + s * vr)
    sincos(plane, &s, &c)
    n = wp * rec[AMPLITUDE]
    cr += n * c
    ci += n * s
    var = wp * rec[VAR_PHI] + (1 - wp) * rec[VAR_FREE]
    n = rec[VAR_KX] * x * x + 2 * rec[COV_KXKY] * x * y + rec[VAR_KY] * y * y - 2 * (rec[COV_PHI_KX] * x + rec[COV_PHI_KY] * y)
    carrier = rec[CARRIER_SCALE] * (var + wander(rec, z))
    var = wp * n + (1 - wp) * rec[SHAPE_SCALE] * rec[VAR_PATTERN]
    if var < 0:                      # the phase is known better there than at the centroid
        carrier = carrier + var if carrier + var > 0 else 0
        var = 0
    power = cr * cr + ci * ci
    j = LOCAL_AHEAD + z.step
    ahead_re = rec[j] + z.part * (rec[j + 1] - rec[j])
    ahead_im = rec[j + GRID] + z.part * (rec[j + GRID + 1] - rec[j + GRID])
    n = rec[LOCAL_TOTAL] - ahead_re * ahead_re - ahead_im * ahead_im
    n = n if n > 0 else 0
    carrier *= p * p * power * (1 - local)
    error = p * power * (2 * p * (1 - local) * var + (1 - p) * local) + local * local * rec[LOCAL_POWER] * n
    c = ahead_re * z.turn_re - ahead_im * z.turn_im
    s = ahead_re * z.turn_im + ahead_im * z.turn_re
    cr = p * cr + c * lr - s * li
    ci = p * ci + c * li + s * lr
    power = cr * cr + ci * ci
    error *= rec[ERROR_LEVEL] + rec[ERROR_BURST] * power / (rec[LOCAL_POWER] + 1e-30)
    if rec[RESIDUAL] > 0:
        j = RESIDUAL_AHEAD + z.step
        ahead_re = rec[j] + z.part * (rec[j + 1] - rec[j])
        ahead_im = rec[j + GRID] + z.part * (rec[j + GRID + 1] - rec[j + GRID])
        n = rec[RESIDUAL_TOTAL] - ahead_re * ahead_re - ahead_im * ahead_im
        c = rec[RESIDUAL] * (ahead_re * z.turn_re - ahead_im * z.turn_im)
        s = rec[RESIDUAL] * (ahead_re * z.turn_im + ahead_im * z.turn_re)
        cr += c * own_re - s * own_im
        ci += c * own_im + s * own_re
        power = cr * cr + ci * ci
        c = rec[RESIDUAL] * rec[RESIDUAL] * rec[RESIDUAL_POWER]
        error += c * (n if n > 0 else 0)
        s = local * local * rec[LOCAL_POWER]
        share = (s * share + c * rec[RESIDUAL_SHARE]) / (s + c + 1e-30)
    n = exp(NEAR + 0.75 * log((p + 1e-12) / (1 - p + 1e-12)))
    n = n / (1 + n) if n < UNSEEN / (1 - UNSEEN) else UNSEEN
    share = share if share > n else n
    R = rec[KEPT] * (p + (1 - p) * share) * resultant(power / (error + SILENCE_UV2)) * exp(-0.5 * carrier / (power + SILENCE_UV2))
    sd[0] = sqrt(-2 * log(R)) if R > 0.0072 else PI               # at most 180 degrees
    if sd[0] > PI:
        sd[0] = PI
    return atan2(ci, cr)


def forecast_records(double[:, ::1] records, calibration, double[::1] horizon_s, const float complex[:, ::1] own):
    """Forecasts from recorded ticks, by the function that the trigger uses.

    Parameters
    ----------
    records : (n, RECORD).
    calibration : Calibration that they were made with.
    horizon_s : (n,) how far ahead of each record.
    own : (n, m) what each electrode had beyond the modes, uV; (0, 0): nothing.

    Returns
    -------
    phase, sd : (n, m) rad.
    """
    cdef const double[:, ::1] modes = np.ascontiguousarray(calibration.modes), xy = np.ascontiguousarray(calibration.layout_mm)
    cdef Py_ssize_t t, c, n = records.shape[0], m = modes.shape[0]
    cdef bint whole = own.shape[0] == n and own.shape[1] == m
    cdef float complex w = 0
    cdef Outlook o
    cdef Horizon z
    outlook_set(&o, calibration)
    phase = np.empty((n, m))
    sd = np.empty((n, m))
    cdef double[:, ::1] p = phase, q = sd
    with nogil:
        for t in range(n):
            if t == 0 or horizon_s[t] != horizon_s[t - 1]:
                horizon_set(&z, horizon_s[t], &o)
            for c in range(m):
                if whole:
                    w = own[t, c]
                p[t, c] = forecast(&records[t, 0], &z, &modes[c, 0], modes.shape[1], xy[c, 0], xy[c, 1], w.real, w.imag, &q[t, c])
    return phase, sd

"""Travel times: how long ago the wave that is now at an electrode was at a chosen site.

What is at electrode j now, phase included, was at site s a travel time T_j ago: phi_j(t) = phi_s(t - T_j). So T_j = (phi_s - phi_j) /
omega, positive where the wave arrives after the site, negative where it comes from, zero at the site. For a plane wave that is k.(r_j -
r_s) / omega. Phases of other patterns are followed from electrode to electrode from the site outwards (:mod:`wavestim.realtime.walk`), so
they don't jump by whole cycles as long as neighbours are less than half a cycle apart. A wave that does not travel has no travel times.
"""

import numpy as np
from libc.string cimport memcpy

from wavestim.realtime.describe cimport PLANAR, SINK
from wavestim.realtime.fmath cimport atan2, sincos, sqrt, wrap
from wavestim.realtime.forecast cimport (
    AMPLITUDE,
    COV_KXKY,
    ERROR_BURST,
    ERROR_LEVEL,
    KX,
    KY,
    OMEGA,
    OMEGA_FREE,
    PATTERN,
    PHI,
    PHI_FREE,
    PLANE,
    VAR_FREE,
    VAR_PATTERN,
    VAR_KX,
    VAR_KY,
    VAR_OMEGA,
)
from wavestim.realtime.walk import walk_from

cdef double NAN = float("nan")
cdef double INF = float("inf")
cdef double LOST = 0.5           # of the squared error of the pattern at an electrode: less than that is no phase (SD 1 rad)


cdef class TravelTime:

    def __init__(self, calibration, int site):
        """
        Parameters
        ----------
        calibration : modes, places and which electrodes are used.
        site : electrode from which travel times count.
        """
        cdef int j
        modes, xy = np.asarray(calibration.modes, np.float64), np.asarray(calibration.layout_mm, np.float64)
        self.m, self.r = modes.shape
        self.site = site
        self.modes = np.ascontiguousarray(modes)
        self.x, self.y = np.ascontiguousarray(xy.T)
        self.order, self.before = walk_from(site, xy, calibration.used)
        self.anchor = np.zeros(self.m, np.intp)
        self.own = np.sum(modes * modes, axis=1)
        self.common = np.sum(modes * modes[site], axis=1)
        self.re, self.im, self.phase = np.zeros((3, self.m))
        self.time_s = np.full(self.m, NAN)
        self.sd_s = np.full(self.m, INF)

    cdef void update(self, const double* rec, int kind) noexcept nogil:
        """Travel times of a tick's record, where the wave is of this kind, into ``time_s`` and ``sd_s``.

        The cost is the same every time and grows with the electrodes: meant for a tick that decides, not for every one of a wide array.
        """
        cdef double w = rec[PLANE], omega = w * rec[OMEGA] + (1 - w) * rec[OMEGA_FREE], noise = 0, fs, fc, vr, vi, cs, sn, size, site_size
        cdef double dx, dy, e, t, free, var
        cdef bint travels = PLANAR <= kind <= SINK and omega > 0
        cdef Py_ssize_t i, j, a, s = self.site
        cdef int q, r = self.r
        for q in range(2 * r):
            noise += rec[PATTERN + q] * rec[PATTERN + q]
        noise *= 2 * (rec[VAR_FREE] + rec[VAR_PATTERN]) / r       # means over electrodes and modes: a mode's share, uV^2
        sincos(rec[PHI_FREE], &fs, &fc)
        site_size = 0
        for i in range(self.m):
            j = self.order[i]
            vr = vi = 0
            for q in range(r):
                vr += self.modes[j, q] * rec[PATTERN + q]
                vi += self.modes[j, q] * rec[PATTERN + r + q]
            sincos(rec[PHI] - rec[KX] * self.x[j] - rec[KY] * self.y[j], &sn, &cs)
            self.re[j] = w * rec[AMPLITUDE] * cs + (1 - w) * (fc * vr - fs * vi)
            self.im[j] = w * rec[AMPLITUDE] * sn + (1 - w) * (fc * vi + fs * vr)
            size = self.re[j] * self.re[j] + self.im[j] * self.im[j]
            if j == s:
                site_size = size
            a = self.anchor[self.before[j]] if j != s else s
            dx = self.x[j] - self.x[a]
            dy = self.y[j] - self.y[a]
            e = -w * (rec[KX] * dx + rec[KY] * dy)                # the step is a phase but for whole cycles: those nearest to the plane's
            t = atan2(self.im[j] * self.re[a] - self.re[j] * self.im[a], self.re[j] * self.re[a] + self.im[j] * self.im[a])
            self.phase[j] = (self.phase[a] if j != s else 0) + e + wrap(t - e)
            if not (travels and site_size > LOST * (1 - w) * noise * self.own[s] and size > LOST * (1 - w) * noise * self.own[j]):
                self.anchor[j] = a                                # no phase here: those further on go by the one before
                self.time_s[j] = NAN
                self.sd_s[j] = INF
                continue
            self.anchor[j] = j
            t = (0 - self.phase[j]) / omega
            free = 0.5 * noise * (self.own[j] / size + self.own[s] / site_size
                                  - 2 * self.common[j] * (self.re[j] * self.re[s] + self.im[j] * self.im[s]) / (size * site_size))
            dx = self.x[j] - self.x[s]
            dy = self.y[j] - self.y[s]
            var = rec[VAR_KX] * dx * dx + 2 * rec[COV_KXKY] * dx * dy + rec[VAR_KY] * dy * dy
            var = w * (var if var > 0 else 0) + (1 - w) * (free if free > 0 else 0)
            self.time_s[j] = t
            self.sd_s[j] = sqrt(var * (rec[ERROR_LEVEL] + rec[ERROR_BURST]) + t * t * rec[VAR_OMEGA]) / omega


def travel_times(double[:, ::1] records, const int[::1] kinds, calibration, int site):
    """Travel times of recorded ticks.

    Parameters
    ----------
    records : (n, RECORD) ticks.
    kinds : (n,) kind of the wave then, index into :data:`wavestim.realtime.records.KINDS`.
    calibration : Calibration that they were made with.
    site : electrode from which travel times count.

    Returns
    -------
    time_s, sd_s : (n, m) s; NaN and infinite where there is no travel time.
    """
    cdef Py_ssize_t t, n = records.shape[0]
    cdef TravelTime now = TravelTime(calibration, site)
    time_s, sd_s = np.empty((n, now.m)), np.empty((n, now.m))
    cdef double[:, ::1] a = time_s, b = sd_s
    with nogil:
        for t in range(n):
            now.update(&records[t, 0], kinds[t])
            memcpy(&a[t, 0], &now.time_s[0], now.m * sizeof(double))
            memcpy(&b[t, 0], &now.sd_s[0], now.m * sizeof(double))
    return time_s, sd_s

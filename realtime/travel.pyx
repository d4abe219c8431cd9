"""Does anything travel? In-band mode signals against their quadrature, remembered over some two dozen independent looks.

Noise that electrodes share, a common reference, a synchronous rhythm and its harmonics reach every electrode at once: between any two of
their projections the quadrature part of the cross spectrum is zero but for chance. A wave that travels moves power from the cosine of
its pattern to the sine a quarter of a cycle later: there the quadrature coherence is one (Nolte et al. 2004, Clin Neurophysiol 115:2292).
The mean over the band does not care how the frequency jumps, nor whether there are harmonics: they run with the same delays.
"""

import numpy as np

from libc.string cimport memset

from wavestim.realtime.fmath cimport exp, log, sqrt

cdef double BURST = 4.0          # times the usual power: a burst is no more looks than its time


cdef class Travel:

    def __init__(self, calibration, double fs_hz):
        cdef int i, j
        o = calibration.options
        used = np.asarray(calibration.used)
        xy, modes = np.asarray(calibration.layout_mm)[used], np.asarray(calibration.modes)[used]
        self.r = modes.shape[1]
        scale = max(np.abs(xy).max(), 1e-9)
        mean, along, across = modes.sum(axis=0), xy[:, 0] @ modes / scale, xy[:, 1] @ modes / scale
        for j in range(self.r):
            self.slopes[0][j] = mean[j]
            self.slopes[1][j] = along[j]
            self.slopes[2][j] = across[j]
        self.keep = exp(-1 / (calibration.travel_tau_s * fs_hz))
        self.looks = o.travel_looks
        self.log_chance = log(o.travel_chance)
        self.reset()
        self.weight, self.power, self.speed = calibration.travel_seen
        for i in range(self.r):
            for j in range(self.r):
                self.re[i * self.r + j] = calibration.travel_re[i, j]
                self.im[i * self.r + j] = calibration.travel_im[i, j]

    cdef void reset(self) noexcept nogil:
        memset(self.re, 0, sizeof(self.re))
        memset(self.im, 0, sizeof(self.im))
        memset(self.last, 0, sizeof(self.last))
        self.power = self.speed = self.weight = 0

    cdef void add(self, const double* x) noexcept nogil:
        """One tick of the in-band mode signals."""
        cdef int i, j, r = self.r
        cdef double g = 1 - self.keep, p = 0, q = 0, f = 1
        for i in range(r):
            p += x[i] * x[i]
            q += (x[i] - self.last[i]) * (x[i] - self.last[i])
        if self.weight > 0.1 and p * self.weight > BURST * self.power:
            f = BURST * self.power / (p * self.weight)
        for i in range(r):
            for j in range(i + 1):
                self.re[i * r + j] += g * (f * x[i] * x[j] - self.re[i * r + j])
                self.im[i * r + j] += g * (0.5 * f * (self.last[i] * x[j] - x[i] * self.last[j]) - self.im[i * r + j])
                self.re[j * r + i] = self.re[i * r + j]
                self.im[j * r + i] = -self.im[i * r + j]
        self.power += g * (f * p - self.power)
        self.speed += g * (f * q - self.speed)
        self.weight += g * (1 - self.weight)
        for i in range(r):
            self.last[i] = x[i]

    cdef void skip(self) noexcept nogil:
        """A tick that shows nothing: what was seen grows old."""
        self.weight *= self.keep

    cdef double limit(self) noexcept nogil:
        """Quadrature coherence that chance passes with the probability ``travel_chance``; 1 while too little was seen."""
        cdef double n = self.looks * self.weight / (2 - self.weight)
        if n < 3:
            return 1
        return sqrt(1 - exp(self.log_chance / (n - 1)))

    cdef double coherence(self, const double* a, const double* b) noexcept nogil:
        """Quadrature coherence of the projections a'x and b'x: 1 when b follows a by a quarter of a cycle."""
        cdef int i, j, r = self.r
        cdef double aa = 0, bb = 0, ab = 0, u, v, w
        for i in range(r):
            u = v = w = 0
            for j in range(r):
                u += self.re[i * r + j] * a[j]
                v += self.re[i * r + j] * b[j]
                w += self.im[i * r + j] * b[j]
            aa += a[i] * u
            bb += b[i] * v
            ab += a[i] * w
        u = aa * bb * self.speed
        return ab / sqrt(u / self.power) if u > 0 and self.power > 0 else 0

    cdef double of_pattern(self, const double* re, const double* im, const double* V) noexcept nogil:
        """Of the carrier that a pattern (white mode space, r rows of V to a white mode) reads out of the band: a'x leads b'x by a quarter."""
        cdef double cc = 0, ss = 0, cs = 0, det, a[RMAX], b[RMAX], x, y
        cdef int i, j, r = self.r
        for j in range(r):
            cc += re[j] * re[j]
            ss += im[j] * im[j]
            cs += re[j] * im[j]
        det = cc * ss - cs * cs
        if not det > 1e-9 * cc * ss:
            return 0
        for i in range(r):                                        # least squares, back in mode space
            x = 0
            y = 0
            for j in range(r):
                x += V[i * r + j] * (ss * re[j] - cs * im[j])
                y += V[i * r + j] * (cc * im[j] - cs * re[j])
            a[i] = x / det
            b[i] = y / det
        return self.coherence(a, b)

    cdef double of_any(self, const double* V) noexcept nogil:
        """Of the mean and the slope along which it is largest: travelling without a start, a size of k and a frequency."""
        cdef double g[3][RMAX], w[3][RMAX], jx = 0, jy = 0, xx = 0, yy = 0, xy = 0, zz = 0, zx = 0, zy = 0, a, b, c, ux = 0, uy = 0, x
        cdef int i, j, q, r = self.r
        for q in range(3):
            for j in range(r):
                g[q][j] = 0
                for i in range(r):
                    g[q][j] += V[i * r + j] * self.slopes[q][i]
            for i in range(r):
                w[q][i] = 0
                for j in range(r):
                    w[q][i] += V[i * r + j] * g[q][j]
        for j in range(r):
            zz += g[0][j] * g[0][j]
            xx += g[1][j] * g[1][j]
            yy += g[2][j] * g[2][j]
            xy += g[1][j] * g[2][j]
            zx += g[0][j] * g[1][j]
            zy += g[0][j] * g[2][j]
        for i in range(r):
            x = 0
            for j in range(r):
                x += self.im[j * r + i] * w[0][j]
            jx += x * w[1][i]
            jy += x * w[2][i]
        a = zz * xx - zx * zx
        b = zz * yy - zy * zy
        c = zz * xy - zx * zy
        if a > 1e-9 * zz * xx and b > 1e-9 * zz * yy and a * b - c * c > 1e-6 * a * b:
            ux = b * jx - c * jy
            uy = a * jy - c * jx
        elif a > 1e-9 * zz * xx:
            ux = jx
        elif b > 1e-9 * zz * yy:
            uy = jy
        x = sqrt(ux * ux + uy * uy)
        if not x > 0:
            return 0
        for j in range(r):
            g[1][j] = (ux * g[1][j] + uy * g[2][j]) / x
        return self.of_pattern(g[0], g[1], V)

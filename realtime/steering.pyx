"""How a plane wave looks in the modes of a layout: renewed bit by bit, so that a tick never pays for all electrodes of a wide array.

A renewal is begun at a wave vector and goes on over the following ticks, an equal share of the electrodes each; until it is complete the
vectors of the one before hold. Small arrays are done within the tick.
"""

import numpy as np
from libc.string cimport memcpy, memset
from wavestim.realtime.fmath cimport sincos
from wavestim.realtime.projection cimport dot


cdef class Steering:

    def __init__(self, calibration, int ticks):
        """
        Parameters
        ----------
        calibration : modes, places and which electrodes are used.
        ticks : within which a renewal has to be complete.
        """
        used = np.asarray(calibration.used, bool)
        self.modes = np.ascontiguousarray(np.asarray(calibration.modes, np.float64)[used].T)
        self.r, self.m = self.modes.shape[0], self.modes.shape[1]
        self.x, self.y = np.ascontiguousarray(np.asarray(calibration.layout_mm, np.float64)[used].T)
        self.share = max(1, -(-self.m // (ticks * CHUNK))) * CHUNK
        self.at = self.m

    cdef void begin(self, double kx, double ky) noexcept nogil:
        self.kx = kx
        self.ky = ky
        self.at = 0
        memset(self.total, 0, sizeof(self.total))

    cdef bint step(self) noexcept nogil:
        """A share of what was begun; 1 when ``done`` has just become that of the wave vector ``k``."""
        cdef double cs[CHUNK], sn[CHUNK], sx[CHUNK], cx[CHUNK], sy[CHUNK], cy[CHUNK]
        cdef int i, j, n, stop = self.at + self.share
        cdef const double* x
        cdef const double* y
        cdef const double* b
        if self.at >= self.m:
            return False
        while self.at < self.m and self.at < stop:
            n = self.m - self.at if self.m - self.at < CHUNK else CHUNK
            x = &self.x[self.at]
            y = &self.y[self.at]
            for i in range(n):
                sincos(self.kx * x[i] + self.ky * y[i], &sn[i], &cs[i])
            for i in range(n):
                sx[i] = -sn[i] * x[i]
                cx[i] = cs[i] * x[i]
                sy[i] = -sn[i] * y[i]
                cy[i] = cs[i] * y[i]
            for j in range(self.r):
                b = &self.modes[j, self.at]
                self.total[0][j] += dot(b, cs, n)
                self.total[1][j] += dot(b, sn, n)
                self.total[2][j] += dot(b, sx, n)
                self.total[3][j] += dot(b, cx, n)
                self.total[4][j] += dot(b, sy, n)
                self.total[5][j] += dot(b, cy, n)
            self.at += n
        if self.at < self.m:
            return False
        self.k[0] = self.kx
        self.k[1] = self.ky
        memcpy(self.done, self.total, sizeof(self.total))
        return True

    cdef void finish(self) noexcept nogil:
        """All that is left at once."""
        while not self.step():
            pass

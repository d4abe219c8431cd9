"""The rhythm in the band, without asking for a wave: what the best causal filter for this recording shows.

Real rhythms are not one wave. Each place has some of its own, frequencies jump, shapes are not sinusoidal. The mode signals, without
drift and averaged over a stride, go through the filter that :mod:`wavestim.realtime.wiener` keeps learning from them.
"""

import numpy as np

from libc.string cimport memset

from wavestim.realtime.fmath cimport exp
from wavestim.realtime.whitening cimport biquads_run, load_biquads

cdef double MEMORY_S = 2.0


cdef class Local:

    def __init__(self, calibration, double fs_hz):
        self.wiener = Wiener(calibration, fs_hz, calibration.local_covariance, calibration.hindsight_taps)
        self.r = calibration.modes.shape[1]
        self.taps, self.lags, self.stride = self.wiener.taps, self.wiener.lags, calibration.local_stride
        self.recent = np.zeros((self.stride, RMAX))
        self.past = np.zeros((self.stride, 2 * self.taps, RMAX))
        self.thin = np.zeros((2 * self.lags, RMAX))
        load_biquads(&self.front, calibration.local_front_sos)
        angle = calibration.omega_rad_s / fs_hz
        self.step_re, self.step_im = np.cos(angle), np.sin(angle)
        self.decay = 1 - exp(-1 / (MEMORY_S * fs_hz))
        self.turnover = 1 - exp(-(calibration.band_hz[1] - calibration.band_hz[0]) / fs_hz)
        self.reset()

    cdef void reset(self) noexcept nogil:
        self.phase = self.at = self.thin_at = 0
        self.power = 0
        self.fresh = False
        memset(&self.thin[0, 0], 0, self.thin.shape[0] * RMAX * sizeof(double))
        self.blank()

    cdef void blank(self) noexcept nogil:
        """Nothing was seen of late."""
        self.seen = 0
        self.wiener.spoilt = self.lags
        memset(&self.recent[0, 0], 0, self.recent.shape[0] * RMAX * sizeof(double))
        memset(&self.past[0, 0, 0], 0, self.past.shape[0] * self.past.shape[1] * RMAX * sizeof(double))
        memset(self.front.z, 0, sizeof(self.front.z))
        memset(self.re, 0, sizeof(self.re))
        memset(self.im, 0, sizeof(self.im))

    cdef const double* newest(self) noexcept nogil:
        """The last thinned sample; the ``lags`` - 1 rows before it are older and older."""
        return &self.thin[self.thin_at + self.lags, 0]

    cdef void push(self, const double* modes, bint masked) noexcept nogil:
        """One tick of mode signals (uV); masked, the rhythm goes on as it was."""
        cdef double x[RMAX], re[RMAX], im[RMAX], a, b, power = 0
        cdef double* p
        cdef double* q
        cdef int j, k, r = self.r
        self.phase += 1
        if self.phase == self.stride:
            self.phase = 0
            self.at = self.at + 1 if self.at + 1 < self.taps else 0
        memset(x, 0, sizeof(x))
        biquads_run(&self.front, modes, &self.recent[self.phase, 0], r)
        if masked:
            for j in range(r):
                x[j] = self.re[j] * self.step_re - self.im[j] * self.step_im
        else:
            for k in range(self.stride):
                p = &self.recent[k, 0]
                for j in range(r):
                    x[j] += p[j]
            for j in range(r):
                x[j] /= self.stride
        p = &self.past[self.phase, self.at, 0]
        q = &self.past[self.phase, self.at + self.taps, 0]
        for j in range(RMAX):
            p[j] = x[j]
            q[j] = x[j]
        memset(re, 0, sizeof(re))
        memset(im, 0, sizeof(im))
        for k in range(self.taps):
            a = self.wiener.best.re[k]
            b = self.wiener.best.im[k]
            for j in range(RMAX):
                re[j] += a * q[j]
                im[j] += b * q[j]
            q -= RMAX
        for j in range(r):
            self.re[j] = re[j]
            self.im[j] = im[j]
            power += re[j] * re[j] + im[j] * im[j]
        self.seen += self.turnover * ((0 if masked else 1) - self.seen)
        if not masked:
            self.power += self.decay * (power - self.power)
        self.fresh = self.phase == 0
        if self.fresh:
            self.thin_at = self.thin_at + 1 if self.thin_at + 1 < self.lags else 0
            for j in range(RMAX):
                self.thin[self.thin_at, j] = x[j]
                self.thin[self.thin_at + self.lags, j] = x[j]
            self.wiener.learn(self.newest(), masked)
        self.wiener.step()

    def run(self, double[:, ::1] y):
        """Feed mode signals (n, r), uV; the estimates (n, r), complex."""
        cdef Py_ssize_t t, j, n = y.shape[0]
        out = np.zeros((n, self.r), complex)
        cdef double complex[:, ::1] z = out
        with nogil:
            for t in range(n):
                self.push(&y[t, 0], False)
                for j in range(self.r):
                    z[t, j] = self.re[j] + 1j * self.im[j]
        return out

    @property
    def taps_now(self):
        """(taps,) complex, of the filter in use, newest sample first."""
        cdef int k
        return np.array([self.wiener.best.re[k] + 1j * self.wiener.best.im[k] for k in range(self.taps)])

    @property
    def mean_square_error(self) -> float:
        """What the filter expects to miss of the zero-phase band signal, over the mean square of its estimate."""
        return self.wiener.best.total - 1

"""The rhythm that the wave model leaves over: what oscillates in the band and is neither the wave nor noise.

Real rhythms are not one wave. Each place has some of its own, frequencies jump, shapes are not sinusoidal. What is left of the samples when
the wave is taken out goes through the causal filter that is best for this recording (:mod:`wavestim.realtime.bandfilter`). How much of its
output is believed follows from its power: noise of the background's level explains a known part, the rest is rhythm.
"""

import numpy as np

from libc.string cimport memset

from wavestim.realtime.fmath cimport exp

MEMORY_S = 2.0


cdef class Local:

    def __init__(self, calibration, double fs_hz):
        cdef int i
        taps = calibration.local_taps
        self.r = calibration.modes.shape[1]
        self.taps = len(taps)
        self.stride = calibration.local_stride
        self.size = self.taps * self.stride
        self.past = np.zeros((self.size, RMAX))
        for i in range(self.taps):
            self.h_re[i] = taps[i].real
            self.h_im[i] = taps[i].imag
        angle = calibration.omega_rad_s / fs_hz
        self.step_re, self.step_im = np.cos(angle), np.sin(angle)
        self.noise_gain = calibration.local_noise_gain
        self.decay = 1 - exp(-1 / (MEMORY_S * fs_hz))
        self.reset()

    cdef void reset(self) noexcept nogil:
        self.at = 0
        self.power = 0
        self.share = 0
        memset(&self.past[0, 0], 0, self.size * RMAX * sizeof(double))
        memset(self.re, 0, sizeof(self.re))
        memset(self.im, 0, sizeof(self.im))

    cdef void push(self, const double* rest, bint masked, double noise_power) noexcept nogil:
        """One tick: the modes (uV) without the wave; masked, the rhythm goes on as it was. noise_power: of the whitened modes, uV^2."""
        cdef int j, k, i, r = self.r
        cdef double* p
        cdef double a, b, x, power = 0, noise = self.noise_gain * noise_power
        self.at = self.at + 1 if self.at + 1 < self.size else 0
        p = &self.past[self.at, 0]
        for j in range(r):
            p[j] = self.re[j] * self.step_re - self.im[j] * self.step_im if masked else rest[j]
            self.re[j] = 0
            self.im[j] = 0
        i = self.at
        for k in range(self.taps):
            p = &self.past[i, 0]
            a = self.h_re[k]
            b = self.h_im[k]
            for j in range(r):
                self.re[j] += a * p[j]
                self.im[j] += b * p[j]
            i -= self.stride
            if i < 0:
                i += self.size
        if masked:
            return
        for j in range(r):
            power += self.re[j] * self.re[j] + self.im[j] * self.im[j]
        self.power += self.decay * (power - self.power)
        x = 1 - noise / (self.power + 1e-30)
        self.share = x if x > 0 else 0

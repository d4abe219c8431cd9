"""Hindsight: a moment later the phase is known better, and the estimates made at the time can be judged by it.

A zero-phase band-pass over the samples up to now shows the oscillation of a fraction of a second ago. Regressing that on what the wave model
and the local filter said at the time gives the weights with which they are best combined (Bates & Granger 1969), a bias of either, and the
size of the error, on this recording and at this time. Noise is part of what the band-pass shows and part of what the local filter saw; the
background's share is known and taken out, or the filter that follows the noise would always win.
"""

import numpy as np

from libc.string cimport memset

from wavestim.realtime.fmath cimport exp, sqrt

cdef double MEMORY_S = 4.0          # of the weights
cdef double PRIOR_S = 0.4           # how long a look outweighs what was believed before it
cdef double MARGIN = 1.1            # the background under the band is known to a tenth
cdef double DOUBT = 1.5             # the noise is not known so well that a smaller ratio of errors would say anything
cdef double MOST = 1.25             # times the wave's own amplitude
cdef double LEAST = 0.003           # where there is no wave at all, this is what is left to say which phase the band has


cdef class Hindsight:

    def __init__(self, calibration, double fs_hz):
        cdef int i
        taps = calibration.hindsight_taps
        self.r = calibration.modes.shape[1]
        self.reach = (len(taps) - 1) // 2
        self.size = 2 * self.reach + 1
        self.stride = calibration.local_stride
        self.past = np.zeros((self.size, RMAX))
        self.told = np.zeros((self.size, 4, RMAX))
        self.foretold = np.zeros(self.size)
        for i in range(self.size):
            self.g_re[i] = taps[i].real
            self.g_im[i] = taps[i].imag
        # with as many modes as electrodes nothing was pooled: what the band holds is all there is to be known
        pooled = 1 - (self.r / calibration.used.sum()) ** 2
        self.noise_tt = calibration.hindsight_noise_gain * pooled
        self.noise_re = calibration.hindsight_shared_noise.real * pooled
        self.noise_im = calibration.hindsight_shared_noise.imag * pooled
        self.decay = 1 - exp(-self.stride / (MEMORY_S * fs_hz))
        self.reset()

    cdef void reset(self) noexcept nogil:
        self.at = 0
        self.countdown = self.stride
        self.spoilt = self.size
        self.weight = 0
        self.present = 1
        self.ww = self.ll = self.wl_re = self.wl_im = self.tw_re = self.tw_im = self.tl_re = self.tl_im = self.tt = self.expected = 0
        self.a_re = 1
        self.a_im = self.b_im = 0
        self.b_re = LEAST
        self.scale = 1
        memset(&self.past[0, 0], 0, self.size * RMAX * sizeof(double))

    cdef void push(self, const double* modes, const double* wave, const double* rest, double present, double expected, bint masked,
                   double noise_power) noexcept nogil:
        """One tick. modes (r) uV; wave, rest: re (r) then im (r) as told now; present: probability of a wave;
        expected: error over the modes, uV^2; noise_power: of the whitened modes."""
        cdef int i, j, k, r = self.r
        cdef double* p
        cdef double* w
        cdef double re[RMAX], im[RMAX], a, b, q
        if masked:
            self.spoilt = self.size
        self.countdown -= 1
        if self.countdown > 0:
            return
        self.countdown = self.stride
        self.at = self.at + 1 if self.at + 1 < self.size else 0
        for j in range(r):
            self.past[self.at, j] = modes[j]
            self.told[self.at, 0, j] = wave[j]
            self.told[self.at, 1, j] = wave[r + j]
            self.told[self.at, 2, j] = rest[j]
            self.told[self.at, 3, j] = rest[r + j]
        self.foretold[self.at] = expected
        if self.spoilt > 0:                                       # samples without the truth are in the window
            self.spoilt -= 1
            self.judge(noise_power)
            return
        memset(re, 0, sizeof(re))
        memset(im, 0, sizeof(im))
        i = self.at
        for k in range(self.size):
            p = &self.past[i, 0]
            a = self.g_re[k]
            b = self.g_im[k]
            for j in range(r):
                re[j] += a * p[j]
                im[j] += b * p[j]
            i = i - 1 if i > 0 else self.size - 1
        i = self.at - self.reach
        if i < 0:
            i += self.size
        w = &self.told[i, 0, 0]
        q = self.decay
        self.weight += q * (1 - self.weight)
        self.ww *= 1 - q
        self.ll *= 1 - q
        self.wl_re *= 1 - q
        self.wl_im *= 1 - q
        self.tw_re *= 1 - q
        self.tw_im *= 1 - q
        self.tl_re *= 1 - q
        self.tl_im *= 1 - q
        self.tt *= 1 - q
        self.present += q * (present - self.present)
        self.expected += q * (self.foretold[i] - self.expected)
        for j in range(r):
            self.ww += q * (w[j] * w[j] + w[RMAX + j] * w[RMAX + j])
            self.ll += q * (w[2 * RMAX + j] * w[2 * RMAX + j] + w[3 * RMAX + j] * w[3 * RMAX + j])
            self.wl_re += q * (w[j] * w[2 * RMAX + j] + w[RMAX + j] * w[3 * RMAX + j])              # conj(wave) rest
            self.wl_im += q * (w[j] * w[3 * RMAX + j] - w[RMAX + j] * w[2 * RMAX + j])
            self.tw_re += q * (re[j] * w[j] + im[j] * w[RMAX + j])                                  # conj(wave) truth
            self.tw_im += q * (im[j] * w[j] - re[j] * w[RMAX + j])
            self.tl_re += q * (re[j] * w[2 * RMAX + j] + im[j] * w[3 * RMAX + j])                   # conj(rest) truth
            self.tl_im += q * (im[j] * w[2 * RMAX + j] - re[j] * w[3 * RMAX + j])
            self.tt += q * (re[j] * re[j] + im[j] * im[j])
        self.judge(noise_power)

    cdef void judge(self, double noise_power) noexcept nogil:
        """The weights: normal equations of truth = a wave + b rest, with (1, 0), the wave alone, as a prior."""
        cdef double prior = PRIOR_S / MEMORY_S / (self.weight + 1e-9), d, x, y, n = self.noise_tt * noise_power * self.weight
        # where there is no wave, what the band holds is all there is to be known; nor can there be more noise than there is of anything
        cdef double noise = self.present * noise_power * self.weight * (1 if n <= self.tt else self.tt / (n + 1e-30))
        cdef double ww = (1 + prior) * self.ww + 1e-30, ll = (1 + prior) * self.ll + 1e-30
        cdef double wr = self.tw_re + prior * self.ww + 1e-30, wi = self.tw_im
        cdef double lr = self.tl_re - MARGIN * self.noise_re * noise
        cdef double li = self.tl_im - MARGIN * self.noise_im * noise
        d = ww * ll - self.wl_re * self.wl_re - self.wl_im * self.wl_im
        if not d > 0:
            return
        # [ww, wl; conj(wl), ll] [a; b] = [w; l]
        self.a_re = (ll * wr - self.wl_re * lr + self.wl_im * li) / d
        self.a_im = (ll * wi - self.wl_re * li - self.wl_im * lr) / d
        self.b_re = (ww * lr - self.wl_re * wr - self.wl_im * wi) / d
        self.b_im = (ww * li - self.wl_re * wi + self.wl_im * wr) / d
        if self.b_re < LEAST:
            self.b_re = LEAST
            self.b_im = 0
            self.a_re = wr / ww
            self.a_im = wi / ww
        x = sqrt(self.a_re * self.a_re + self.a_im * self.a_im)
        if x > MOST:                                              # learned where there was next to no wave
            self.a_re *= MOST / x
            self.a_im *= MOST / x
        # the error that there was, without the noise in the truth that is not in the estimate
        x = (self.tt - 2 * (self.a_re * self.tw_re + self.a_im * self.tw_im + self.b_re * self.tl_re + self.b_im * self.tl_im)
             + (self.a_re * self.a_re + self.a_im * self.a_im) * self.ww + (self.b_re * self.b_re + self.b_im * self.b_im) * self.ll
             + 2 * ((self.a_re * self.b_re + self.a_im * self.b_im) * self.wl_re + (self.a_im * self.b_re - self.a_re * self.b_im) * self.wl_im))
        x += -self.noise_tt * noise + 2 * (self.b_re * self.noise_re + self.b_im * self.noise_im) * noise
        y = self.expected * self.weight
        x /= y + 1e-30
        x = 1 + self.weight * (x - DOUBT)
        self.scale = 1 if x < 1 else (25 if x > 25 else x)

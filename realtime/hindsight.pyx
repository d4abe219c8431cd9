"""Hindsight: a moment later the phase is known better, and the estimates made at the time can be judged by it.

A zero-phase band-pass over the samples up to now shows the oscillation of a fraction of a second ago. Regressing that on what the wave model
and the local filter said at the time gives the weights with which they are best combined (Bates & Granger 1969), a bias of either, and the
size of the error, on this recording and at this time. Noise is part of what the band-pass shows and part of what the local filter saw; the
background's share is known and taken out, or the filter that follows the noise would always win.
"""

import numpy as np

from wavestim.realtime.fmath cimport exp, sqrt
from wavestim.realtime.forecast cimport resultant

cdef double MEMORY_S = 10.0         # of the weights
cdef double SETTLE_S = 0.6          # what a filter says that has just started is not held against it
cdef double PRIOR_S = 0.4           # how long a look outweighs what was believed before it
cdef double MARGIN = 1.1            # the background under the band is known to a tenth
cdef double MOST = 1.25             # times the wave's own amplitude
cdef double LEAST = 0.003           # where there is no wave at all, this is what is left to say which phase the band has

cdef enum:
    FORETOLD = 5    # numbers that an expected error is made of
    SITES = 8       # electrodes at most whose errors are looked at


cdef class Hindsight:

    def __init__(self, calibration, double fs_hz):
        taps = calibration.hindsight_taps
        cdef double stride_s = calibration.local_stride / fs_hz
        self.r = calibration.modes.shape[1]
        self.reach = (len(taps) - 1) // 2
        self.size = 2 * self.reach + 1
        self.told = np.zeros((self.size, 4, RMAX))
        self.foretold = np.zeros((self.size, FORETOLD))
        # with as many modes as electrodes nothing was pooled: what the band holds is all there is to be known
        self.pooled = 1 - (self.r / calibration.used.sum()) ** 2
        self.truth_noise = calibration.hindsight_noise_gain
        self.noise_tt = self.truth_noise * self.pooled
        used = np.flatnonzero(calibration.used)
        some = used[np.unique(np.linspace(0, len(used) - 1, min(SITES, len(used))).round().astype(int))]
        self.electrodes = len(used)
        self.sites = np.zeros((len(some), RMAX))
        np.asarray(self.sites)[:, : self.r] = np.asarray(calibration.modes)[some]
        self.settling = <int>(SETTLE_S / stride_s)
        self.decay = 1 - exp(-stride_s / MEMORY_S)
        self.certainty = Certainty(self.decay / len(some), self.pooled)
        self.foresight = Foresight(calibration, fs_hz, self.electrodes)
        self.reset()

    cdef void reset(self) noexcept nogil:
        self.at = 0
        self.spoilt = self.size + self.settling
        self.weight = 0
        self.present = 1
        self.rough = 0
        self.ww = self.ll = self.wl_re = self.wl_im = self.tw_re = self.tw_im = self.tl_re = self.tl_im = self.tt = 0
        self.a_re = self.pooled
        self.b_re = 1 - self.pooled if 1 - self.pooled > LEAST else LEAST
        self.a_im = self.b_im = 0
        self.certainty.reset()
        self.foresight.reset()

    cdef void push(self, Local local, Whitener whitener, const double* wave, const double* foretold, bint masked) noexcept nogil:
        """One tick, after the local filter's. wave: re (r) then im (r) as told now; foretold: probability of a wave, squared errors (uV^2, over
        the modes) expected of the wave, of its presence, and of the local filter, and the mean power of the latter."""
        cdef int i, j, r = self.r
        cdef double* w
        cdef double re[RMAX], im[RMAX], q, noise_power = whitener.noise_power
        if masked:
            self.spoilt = self.size
        if not local.fresh:
            return
        self.at = self.at + 1 if self.at + 1 < self.size else 0
        for j in range(r):
            self.told[self.at, 0, j] = wave[j]
            self.told[self.at, 1, j] = wave[r + j]
            self.told[self.at, 2, j] = local.re[j]
            self.told[self.at, 3, j] = local.im[j]
        for j in range(FORETOLD):
            self.foretold[self.at, j] = foretold[j]
        if self.spoilt > 0:                                       # samples without the truth are in the window
            self.spoilt -= 1
            self.judge(local, noise_power)
            return
        local.wiener.show(local.newest(), re, im)
        self.foresight.show(whitener, re, im)
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
        self.present += q * (self.foretold[self.at, 0] - self.present)
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
        self.judge(local, noise_power)
        self.look(w, re, im, i, local, noise_power)

    cdef void look(self, const double* told, const double* re, const double* im, int i, Local local, double noise_power) noexcept nogil:
        """Errors of the phase at some electrodes, for the certainty. The noise in the truth that is not in the estimate is taken out."""
        cdef double zr[RMAX], zi[RMAX], x, y, a, b, power, off, expected, mean, here
        cdef double b2 = self.b_re * self.b_re + self.b_im * self.b_im, size = sqrt(b2)
        cdef double noise = self.pooled * self.noise(noise_power) / self.electrodes
        cdef int j, k
        size = size if size < 1 else 1
        noise *= self.truth_noise - 2 * (self.b_re * local.wiener.best.shared_re + self.b_im * local.wiener.best.shared_im)
        expected = ((1 - size) * self.foretold[i, 1] + self.foretold[i, 2] + b2 * self.foretold[i, 3]) / self.electrodes
        mean = self.foretold[i, 4] / self.electrodes + 1e-30
        for j in range(RMAX):
            zr[j] = self.a_re * told[j] - self.a_im * told[RMAX + j] + self.b_re * told[2 * RMAX + j] - self.b_im * told[3 * RMAX + j]
            zi[j] = self.a_re * told[RMAX + j] + self.a_im * told[j] + self.b_re * told[3 * RMAX + j] + self.b_im * told[2 * RMAX + j]
        for k in range(self.sites.shape[0]):
            x = y = a = b = 0
            for j in range(RMAX):
                x += self.sites[k, j] * zr[j]
                y += self.sites[k, j] * zi[j]
                a += self.sites[k, j] * re[j]
                b += self.sites[k, j] * im[j]
            power = x * x + y * y
            off = x * b - y * a                                   # across the estimate; as much again lies along it
            here = expected * (self.certainty.level + self.certainty.burst * power / mean)
            self.certainty.judge((x * a + y * b) / sqrt(power * (a * a + b * b) + 1e-60), resultant(power / (here + 1e-30)))
            self.certainty.push(2 * off * off / (power + 1e-30) - noise, expected, power / mean, 0)

    cdef double noise(self, double noise_power) noexcept nogil:
        """How much background there is to take out, of what was learned: where there is no wave, or more than one, what the band holds is
        all there is to be known; nor can there be more noise than there is of anything."""
        cdef double n = self.noise_tt * noise_power * self.weight
        return self.present * (1 - self.rough) * noise_power * (1 if n <= self.tt else self.tt / (n + 1e-30))

    cdef void judge(self, Local local, double noise_power) noexcept nogil:
        """The weights: normal equations of truth = a wave + b local; the prior is the wave as far as electrodes were pooled on it."""
        cdef double prior = PRIOR_S / MEMORY_S / (self.weight + 1e-9), d, x, noise = self.noise(noise_power) * self.weight
        cdef double ww = (1 + prior) * self.ww + 1e-30, ll = (1 + prior) * self.ll + 1e-30
        cdef double wr = self.tw_re + prior * self.pooled * self.ww + 1e-30, wi = self.tw_im
        cdef double noise_re = self.pooled * local.wiener.best.shared_re, noise_im = self.pooled * local.wiener.best.shared_im
        cdef double lr = self.tl_re + prior * (1 - self.pooled) * self.ll - MARGIN * noise_re * noise
        cdef double li = self.tl_im - MARGIN * noise_im * noise
        if self.pooled == 0:                                      # the wave knows nothing that the filter does not
            return
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

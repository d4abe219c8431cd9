"""How far what the electrodes have beyond the smooth modes is to be believed.

On a wave in noise it is noise, and must not be followed. Its weight is regressed a moment later on the zero-phase truth, as hindsight does
with the others; the background's share, known from the flanks of the band, is taken out as far as there is a wave, and so is what is locked to
the wave's carrier: around the centre of a rotating wave ten modes do not show all of it, but that is no rhythm of its own. What then is left says
that the band holds more than a wave in noise. All that it holds is to be known then, and no background is taken out, here or of the modes.
"""

import numpy as np

from libc.string cimport memset

from wavestim.realtime.fmath cimport exp, sqrt

cdef double MEMORY_S = 10.0          # of the weight
cdef double SETTLE_S = 0.6           # what a filter says that has just started is not held against it
cdef double PRIOR_S = 0.4            # how long a look outweighs that there is nothing
cdef double MARGIN = 1.1             # the background under the band is known to a tenth
cdef double LOCK_S = 1.5             # the pattern of a wave stays what it is for so long
cdef double WEAK = 0.15              # a smaller weight is that of an error in the background's level
cdef double LEAST = 0.25             # what may be left of a wave in noise
cdef double CLEAR = 0.33             # with such a weight it is beyond doubt that there is more than a wave in noise


cdef class Credit:

    def __init__(self, calibration, double stride_s, int n_lanes):
        """Start from a calibration; an estimate of ``n_lanes`` channels comes every ``stride_s``."""
        self.n_lanes = n_lanes
        self.size = len(calibration.residual_taps)
        self.reach = self.size // 2
        self.told, self.carrier = np.zeros((self.size, 2, RMAX)), np.zeros((self.size, 2))
        self.truth_noise = calibration.hindsight_noise_gain
        self.noise_ratio = calibration.residual_noise
        self.decay = 1 - exp(-stride_s / MEMORY_S)
        self.lock_decay = 1 - exp(-stride_s / LOCK_S)
        self.settling = <int>(SETTLE_S / stride_s)
        self.reset()

    cdef void reset(self) noexcept nogil:
        """Nothing is believed yet."""
        self.b = self.power = self.share = self.known = 0
        self.told_at = 0
        self.weight = self.ll = self.tl = self.tt = self.lock = self.lock_weight = 0
        memset(self.locked, 0, sizeof(self.locked))
        self.spoilt = self.size + self.settling

    cdef void tell(self, int lane, double re, double im) noexcept nogil:
        """What the filter says now of a channel."""
        self.told[self.told_at, 0, lane] = re
        self.told[self.told_at, 1, lane] = im

    cdef void judge(self, Wiener wiener, const double* newest, bint dark, const double* carrier, double present, double noise_power) noexcept nogil:
        """Every channel was told of once: judge what was said a moment ago.

        newest: thinned samples of the channels, the newest row; dark: it shows nothing; carrier: of the wave, re and im; present: the probability
        of it; noise_power: of the whitened modes.
        """
        cdef int i, j
        cdef const double* w
        cdef double re[RMAX]
        cdef double im[RMAX]
        cdef double a, b, q = self.decay, ll = 0, tl = 0, tt = 0, lock = 0, n, noise
        cdef double* x
        a = 1 / (sqrt(carrier[0] * carrier[0] + carrier[1] * carrier[1]) + 1e-30)
        self.carrier[self.told_at, 0] = a * carrier[0]
        self.carrier[self.told_at, 1] = a * carrier[1]
        i = self.told_at - self.reach
        if i < 0:
            i += self.size
        self.told_at = self.told_at + 1 if self.told_at + 1 < self.size else 0
        if dark and self.spoilt < self.size:
            self.spoilt = self.size
        if self.spoilt > 0:                                       # samples without the truth are in the window
            self.spoilt -= 1
            return
        wiener.show(newest, re, im)
        w = &self.told[i, 0, 0]
        for j in range(self.n_lanes):
            ll += w[j] * w[j] + w[RMAX + j] * w[RMAX + j]
            tl += re[j] * w[j] + im[j] * w[RMAX + j]
            tt += re[j] * re[j] + im[j] * im[j]
        self.lock_weight += self.lock_decay * (1 - self.lock_weight)
        a = self.carrier[i, 0]
        b = self.carrier[i, 1]
        for j in range(self.n_lanes):
            x = self.locked[j]
            x[0] += self.lock_decay * (re[j] * a + im[j] * b - x[0])
            x[1] += self.lock_decay * (im[j] * a - re[j] * b - x[1])
            x[2] += self.lock_decay * (w[j] * a + w[RMAX + j] * b - x[2])
            x[3] += self.lock_decay * (w[RMAX + j] * a - w[j] * b - x[3])
            lock += x[0] * x[2] + x[1] * x[3]
        self.lock += q * (lock / (self.lock_weight * self.lock_weight) - self.lock)
        self.weight += q * (1 - self.weight)
        self.ll += q * (ll - self.ll)
        self.tl += q * (tl - self.tl)
        self.tt += q * (tt - self.tt)
        noise = self.noise_ratio * noise_power * self.weight
        n = self.truth_noise * noise                              # there can't be more of it than there is of anything
        n = noise if n <= self.tt else noise * self.tt / (n + 1e-30)
        a = 1 - noise * wiener.best.noise_gain / (self.ll + 1e-30)
        self.share = a if a > 0 else 0
        self.power = self.ll / (self.weight * self.n_lanes)
        noise = MARGIN * n * wiener.best.shared_re + (self.lock if self.lock > 0 else 0)
        n = (1 + PRIOR_S / MEMORY_S / self.weight) * self.ll + 1e-30
        a = ((self.tl - noise) / n - LEAST) / (CLEAR - LEAST)
        self.known = 0 if a < 0 else (a if a < 1 else 1)
        b = (self.tl - (1 - self.known) * present * noise) / (self.ll + (1 - self.known) * (n - self.ll))
        self.b = 0 if b < WEAK else (b if b < 1 else 1)

"""Whether a calibration still fits: what is beside the band, and where the rhythm lies, held against the calibration.

The model relearns its noise as it goes and so never shows by itself that it was started from another state. This holds a leaky covariance of the
flanks and the tracked frequency, both over about ten seconds, against what the calibration had, by limits that
:mod:`wavestim.realtime.reference` learned from it. Per tick the cost is fixed and next to nothing; nothing is allocated.
"""

from libc.string cimport memset

from wavestim.realtime.fmath cimport PI, exp, fabs, log
from wavestim.realtime.linalg cimport cholesky
from wavestim.realtime.forecast cimport OMEGA, OMEGA_FREE, PLANE, WAVE

WHY = ("level", "colour", "covariance", "frequency", "channels")
"""What can have changed; the index is the bit of :attr:`Watch.why`."""

MEMORY_S = 5.0
"""Of the leaky means: about ten seconds of samples count."""
STEP_S = 0.004
CLIP = 9.0
"""Squared length, in units of the usual one, beyond which a sample is weighted down."""

cdef double C_MEMORY_S = MEMORY_S
cdef double C_CLIP = CLIP
cdef double SETTLE_S = 0.5         # filters that begin tell nothing
cdef double AFTER_LIGHT_S = 0.2    # the tissue answers to light for so long
cdef double FIRST_S = 8.0          # no opinion on less than this
cdef double LEAST_WAVE_S = 1.5     # of wave in the memory, before its frequency is judged
cdef int AGREE = 2                 # looks in a row, one a second, before it is stale
cdef int FORGIVE = 5               # and before it is not any more


cdef class Watch:

    def __init__(self, calibration, double rate_hz):
        """Start from a calibration at a tick rate of rate_hz."""
        cdef int b, i, j
        self.r = calibration.modes.shape[1]
        self.n_bands = len(calibration.watch_whitening)
        self.n_used = int(calibration.used.sum())
        self.rate = rate_hz
        self.every = max(1, round(STEP_S * rate_hz))
        for b in range(self.n_bands):
            self.weight[b] = calibration.watch_weights[0, b]
            self.tilt[b] = calibration.watch_weights[1, b]
            for i in range(self.r):
                for j in range(self.r):
                    self.whitening[b][i * self.r + j] = calibration.watch_whitening[b, i, j]
        for i in range(STATISTICS):
            self.centre[i] = calibration.watch_centre[i]
            self.limit[i] = calibration.watch_limit[i]
        self.hold()

    @property
    def values(self):
        """Every statistic of WHY as it deviates from the calibration now."""
        return {name: self.value[i] for i, name in enumerate(WHY)}

    cdef void tick(self, WaveModel model, bint masked, int lost) noexcept nogil:
        """One tick of the model, after it; lost: channels of the calibration that are missing."""
        self.n_lost += lost
        self.n_ticks += 1
        if masked:
            self.quiet = <long>(AFTER_LIGHT_S * self.rate)
        elif self.quiet > 0:
            self.quiet -= 1
        elif self.n_ticks % self.every == 0:
            self.take(model)
        if self.n_ticks >= self.rate:
            self.look()

    cdef void hold(self) noexcept nogil:
        """Samples are missing: the filters settle anew."""
        self.quiet = <long>(SETTLE_S * self.rate)

    cdef void take(self, WaveModel model) noexcept nogil:
        """Flanks and frequency of this tick."""
        cdef double z[RMAX], size, w, x
        cdef double* e
        cdef int b, i, j, r = self.r
        for b in range(self.n_bands):
            e = &model.whitener.seen[b][0]
            size = 1e-300
            for i in range(r):
                x = 0
                for j in range(i + 1):
                    x += self.whitening[b][i * r + j] * e[j]
                z[i] = x
                size += x * x
            w = C_CLIP * r / size
            if w > 1:
                w = 1
            for i in range(r):
                for j in range(i + 1):
                    self.sums[b][i * r + j] += w * z[i] * z[j]
        w = model.rec[WAVE]
        x = model.rec[PLANE]
        self.wave_sum += w
        self.turns_sum += w * (x * model.rec[OMEGA] + (1 - x) * model.rec[OMEGA_FREE])
        self.n_taken += 1

    cdef void look(self) noexcept nogil:
        """Once a second: the new means, the statistics, the verdict."""
        cdef double new_s = self.n_taken * self.every / self.rate, gain, keep = exp(-new_s / C_MEMORY_S), trace, logs, level, x
        cdef double L[RMAX * RMAX]
        cdef int b, i, r = self.r, bits = 0
        self.value[CHANNELS] = self.value[CHANNELS] * (1 - 1 / C_MEMORY_S) + self.n_lost / (self.n_ticks * C_MEMORY_S * self.n_used)
        if self.n_taken > 0:
            self.known_s += new_s
            gain = new_s / self.known_s
            if gain < 1 - keep:
                gain = 1 - keep
            self.value[LEVEL] = self.value[COLOUR] = self.value[COVARIANCE] = 0
            for b in range(self.n_bands):
                trace = logs = 0
                for i in range(r * r):
                    self.S[b][i] += gain * (self.sums[b][i] / self.n_taken - self.S[b][i])
                if cholesky(self.S[b], L, r) != 0:
                    memset(L, 0, sizeof(L))
                for i in range(r):
                    trace += self.S[b][i * r + i]
                    logs += log(L[i * r + i] * L[i * r + i] + 1e-30)
                level = log(trace / r + 1e-30)
                self.value[LEVEL] += self.weight[b] * level
                self.value[COLOUR] += self.tilt[b] * level
                self.value[COVARIANCE] += self.weight[b] * (level - logs / r)
            self.wave_s = self.wave_s * keep + self.wave_sum * self.every / self.rate
            self.turns = self.turns * keep + self.turns_sum * self.every / self.rate
            self.value[FREQUENCY] = self.turns / (2 * PI * self.wave_s) if self.wave_s > LEAST_WAVE_S else self.centre[FREQUENCY]
            for i in range(CHANNELS):
                self.value[i] -= self.centre[i]
        for i in range(STATISTICS):
            x = self.value[i] if i == COVARIANCE else fabs(self.value[i])    # a shape is never too much the same
            if x > self.limit[i] and (i == CHANNELS or self.known_s >= FIRST_S):
                bits |= 1 << i
        self.judge(bits)
        self.n_lost = self.n_ticks = self.n_taken = 0
        self.wave_sum = self.turns_sum = 0
        memset(self.sums, 0, sizeof(self.sums))

    cdef void judge(self, int bits) noexcept nogil:
        """Stale after so many looks in a row beyond a limit; fit again after more within all of them."""
        if bits:
            self.over += 1
            self.under = 0
            if self.over >= AGREE:
                self.stale = True
                self.why |= bits
        else:
            self.over = 0
            self.under += 1
            if self.under >= FORGIVE:
                self.stale = False
                self.why = 0

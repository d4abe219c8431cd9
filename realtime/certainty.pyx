"""Errors that were made against errors that were expected: what makes a stated uncertainty true.

A stationary Gaussian rhythm is estimated with the same squared error whether it is strong or weak just then. Recorded rhythms are not like
that: in a burst the error is larger too, because frequency and shape change with it, and between bursts it is smaller. So the error is
taken as the expected one times (level + burst * power), power being that of the estimate over its mean. Both numbers are regressed,
non-negative, on the errors that were made (a variance function as in Davidian & Carroll 1987, J Am Stat Assoc 82:1079), as far as these
turned the phase: what is wrong with the amplitude alone does not count.
"""

cdef double PRIOR = 0.1      # of the memory: how long errors have to be seen until they outweigh the expectation
cdef double MOST = 25.0
cdef double LEAST_KEPT = 0.3
cdef double OUTLIER = 16.0   # times the error that is expected by now: counts as so much


cdef class Certainty:

    def __init__(self, double decay, double least):
        """decay: of the memory, a look. least: the level is never taken to be less, where the background in the truth is known but roughly."""
        self.decay = decay
        self.least = least
        self.reset()

    cdef void reset(self) noexcept nogil:
        self.n0 = self.n11 = self.n12 = self.n22 = self.y1 = self.y2 = self.weight = 0
        self.level = 1
        self.burst = 0
        self.right = self.told = 0
        self.kept = 1

    cdef void push(self, double error, double expected, double power, double noise) noexcept nogil:
        """One look: squared error, the expected one, power of the estimate over its mean, and the noise that was taken out of the error."""
        cdef double q = self.decay, x1, x2, e, s, d, prior, y1
        s = expected * (self.level + self.burst * power) + noise + 1e-30  # errors weigh by what they were expected to be
        x1 = 1 / (self.level + self.burst * power + 1e-30)
        self.n0 += q * (x1 * x1 - self.n0)
        x1 = expected / s
        x2 = x1 * power
        e = error / s
        e = e if e < OUTLIER else OUTLIER
        self.weight += q * (1 - self.weight)
        self.n11 += q * (x1 * x1 - self.n11)
        self.n12 += q * (x1 * x2 - self.n12)
        self.n22 += q * (x2 * x2 - self.n22)
        self.y1 += q * (e * x1 - self.y1)
        self.y2 += q * (e * x2 - self.y2)
        prior = PRIOR * self.n0 / (self.weight + 1e-9)            # weighs against looks without noise: noisy ones tell less
        d = (self.n11 + prior) * (self.n22 + prior) - self.n12 * self.n12
        y1 = self.y1 + prior
        self.level = (y1 * (self.n22 + prior) - self.y2 * self.n12) / (d + 1e-30)
        self.burst = (self.y2 * (self.n11 + prior) - y1 * self.n12) / (d + 1e-30)
        if self.burst < 0:
            self.burst = 0
            self.level = y1 / (self.n11 + prior)
        if self.level < self.least:
            self.level = self.least
            self.burst = (self.y2 - self.least * self.n12) / (self.n22 + prior)
            if self.burst < 0:
                self.burst = 0
        if self.level > MOST:
            self.level = MOST
        if self.burst > MOST:
            self.burst = MOST

    cdef void judge(self, double cosine, double resultant) noexcept nogil:
        """One look at a phase: the cosine of its error, and the mean that was expected of it."""
        cdef double q = self.decay, prior = PRIOR / (self.weight + 1e-9)
        self.right += q * (cosine - self.right)
        self.told += q * (resultant - self.told)
        self.kept = (self.right + prior * self.told) / ((1 + prior) * self.told + 1e-30)
        self.kept = LEAST_KEPT if self.kept < LEAST_KEPT else (1 if self.kept > 1 else self.kept)

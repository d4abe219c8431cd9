"""What calibrations are learned from: the first seconds, and later a new stretch when the noise has become another one.

A calibration is learned anew when the whitening has met another noise for seconds in a row, or what lies beside the band has gone stale. The
stretch it is learned from holds no light and no gap; where one falls in, it begins again.
"""

import numpy as np

from wavestim.realtime.learning import calibrate
from wavestim.realtime.staleness cimport COLOUR, COVARIANCE, LEVEL

cdef double RENEWAL_S = 3.0        # a calibration is kept at least so long
cdef int RENEWAL_LOOKS = 2         # seconds in a row in which the noise is another one
cdef int NOISE = 1 << LEVEL | 1 << COLOUR | 1 << COVARIANCE


cdef class WarmUp:

    def __init__(self, config, double rate_hz):
        """
        Parameters
        ----------
        config : EngineConfig
        rate_hz : of the ticks.
        """
        self.config = config
        self.m = len(config.positions_mm)
        self.rate = rate_hz
        self.ticks = round(config.warm_up_s * rate_hz)
        self.samples = np.zeros((self.ticks, self.m), np.float32)
        self.renews = config.renew

    @property
    def kept(self):
        """The samples so far, (n, m) uV."""
        return np.asarray(self.samples[: self.n])

    def learn(self, excluded):
        """A calibration from :attr:`kept`; excluded: (m,) electrodes that the conditioner left out."""
        c = self.config
        return calibrate(
            self.kept,
            fs_hz=self.rate,
            positions_mm=np.asarray(c.positions_mm, float),
            band_hz=c.band_hz,
            excluded=excluded,
            notch_hz=c.notch_hz,
            rereferenced=c.reference != "none",
            options=c.options,
            seed=c.seed,
        )

    cdef bint complete(self) noexcept nogil:
        """There is enough to learn from."""
        return self.n >= self.ticks

    cdef void applied(self) noexcept nogil:
        """A new calibration is in use."""
        self.renewing = False
        self.age = 0

    cdef void keep(self, const double* x) noexcept nogil:
        """One more tick of conditioned samples (m,)."""
        cdef int c
        if self.n < self.ticks:
            for c in range(self.m):
                self.samples[self.n, c] = <float>x[c]
            self.n += 1

    cdef void interrupted(self) noexcept nogil:
        """Light or a gap: a new stretch that is not complete begins again."""
        if self.renewing and self.n < self.ticks:
            self.n = 0

    cdef void follow(self, const double* x, bint masked, int n_changed, int why) noexcept nogil:
        """One tick under a calibration: is a renewal due, and is this tick a part of it?

        n_changed: seconds in a row in which the whitening has met another noise; why: bits of :data:`wavestim.realtime.staleness.WHY`.
        """
        if not self.renews:
            return
        self.age += 1
        if not self.renewing:
            if n_changed > 0 and not masked and self.n < self.ticks:
                self.keep(x)                                      # it may prove to be another noise: then these were its first samples
            else:
                self.n = 0
            if self.age > RENEWAL_S * self.rate and (n_changed >= RENEWAL_LOOKS or why & NOISE):
                self.renewing = True
        elif masked:
            self.interrupted()
        else:
            self.keep(x)

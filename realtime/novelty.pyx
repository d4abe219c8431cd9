"""Is the noise of this second another one than before?

Two signs, each against what seconds usually show: the divergence of its covariance from what was learned, and the level of each flank of the
band. A noise that becomes steeper or flatter changes the levels most, and the covariance at their mean next to nothing.
"""

from wavestim.realtime.fmath cimport fabs, sqrt

cdef double CHANGED = 6.0         # spreads beyond what is usual: no chance
cdef double LEAST_CHANGE = 0.9    # ... and within these parts of the usual divergence
cdef double MOST_CHANGE = 2.0
cdef double START_SPREAD = 0.2    # of the first divergence; Wishart matrices of ten modes and a second's flanks spread by 0.13
cdef double LEAST_SWING = 0.6     # of a level, in nats: less does no harm
cdef double RATE = 0.1            # of what is usual, a second
cdef int AGREE = 2                # seconds in a row


cdef class Novelty:

    def __init__(self, calibration):
        """Start from a calibration (see :mod:`wavestim.realtime.calibration`)."""
        cdef int b
        self.n_flanks = len(calibration.flank_sos)
        if self.n_flanks > FLANKS_MAX:
            raise ValueError(f"calibration: {self.n_flanks} flanks of the band, at most {FLANKS_MAX} are known")
        for b in range(self.n_flanks):                            # of a chi-square, widened: brains are less steady than noise
            self.usual_swing[b] = 1 / sqrt(calibration.widths_hz[b] * calibration.modes.shape[1])
        self.usual_change, self.usual_spread = calibration.usual_change, calibration.usual_spread
        self.n_changed = self.n_heard = 0

    cdef bint look(self, double divergence, const double* level) noexcept nogil:
        """One second. True: it is another noise, for the second time in a row or longer."""
        cdef double margin = CHANGED * self.usual_spread / (self.usual_change + 1e-30)
        margin = LEAST_CHANGE if margin < LEAST_CHANGE else (MOST_CHANGE if margin > MOST_CHANGE else margin)
        if self.louder(level) or (self.usual_change > 0 and divergence > (1 + margin) * self.usual_change):
            self.n_changed += 1
            if self.n_changed < AGREE:
                return False
            self.n_heard = 0                                      # the levels of before count no more
            return True
        self.n_changed = 0
        self.get_used(divergence, level)
        return False

    cdef bint louder(self, const double* level) noexcept nogil:
        """Whether a flank is far louder or quieter than it usually is."""
        cdef double x
        cdef int b
        for b in range(self.n_flanks if self.n_heard > 0 else 0):
            x = CHANGED * self.usual_swing[b]
            if fabs(level[b] - self.usual_level[b]) > (x if x > LEAST_SWING else LEAST_SWING):
                return True
        return False

    cdef void get_used(self, double divergence, const double* level) noexcept nogil:
        """This second counts as usual."""
        cdef double x, rate = 1.0 / (self.n_heard + 1)
        cdef int b
        rate = rate if rate > RATE else RATE
        for b in range(self.n_flanks):
            x = level[b] - self.usual_level[b]
            self.usual_level[b] += rate * x
            if self.n_heard > 0:
                self.usual_swing[b] += RATE * (fabs(x) - self.usual_swing[b])
        self.n_heard += 1
        if self.usual_change == 0:
            self.usual_change = divergence
            self.usual_spread = START_SPREAD * divergence
        else:
            self.usual_spread += RATE * (fabs(divergence - self.usual_change) - self.usual_spread)
            self.usual_change += RATE * (divergence - self.usual_change)

"""Artefacts that nobody announced: a movement, a muscle, somebody else's stimulation.

They are many times stronger than the brain, and reach beyond the band. In the flanks of the band, where there is no rhythm, each mode has its
usual power; when one has many times as much, the samples say nothing of the wave until all are quiet again. A strong rhythm spills over into
the flanks, and does not count, however strong it is: then the band itself has grown by more.
"""

from libc.string cimport memset

from wavestim.realtime.fmath cimport exp, sqrt
from wavestim.realtime.whitening cimport biquads_run, load_biquads

cdef double LOUD = 100.0         # times the usual power: twice what theta and sharp waves of a hippocampus, or beta bursts of a cortex, come to
cdef double QUIET = 25.0
cdef double SPILT = 0.5          # a flank that has grown by less than so much of the band's own growth is what spills over
cdef double LOOK_S = 0.01
cdef double MEMORY_S = 20.0
cdef double WARM_UP_S = 2.0
cdef double HOLD_S = 0.05
cdef double GIVE_UP_S = 10.0     # what stays for so long is how the recording is now, and is learned anew


cdef class Disturbance:

    def __init__(self, calibration, double fs_hz):
        """Start from a calibration at a tick rate of fs_hz; what is usual is learned in the first two seconds."""
        cdef int b
        self.r = calibration.modes.shape[1]
        self.n_flanks = len(calibration.flank_sos)
        for b, sos in enumerate([*calibration.flank_sos, calibration.band_sos]):
            load_biquads(&self.bands[b], sos)
        self.rate = 1 - exp(-1 / (LOOK_S * fs_hz))
        self.look = max(1, round(LOOK_S * fs_hz))
        self.memory, self.warm_up = <long>(MEMORY_S * fs_hz), <long>(WARM_UP_S * fs_hz)
        self.hold, self.give_up = <long>(HOLD_S * fs_hz), <long>(GIVE_UP_S * fs_hz)
        self.reset()

    cdef void reset(self) noexcept nogil:
        cdef int b
        for b in range(self.n_flanks + 1):
            memset(self.bands[b].z, 0, sizeof(self.bands[b].z))
        memset(self.power, 0, sizeof(self.power))
        memset(self.root, 0, sizeof(self.root))
        memset(self.usual, 0, sizeof(self.usual))
        self.heard = self.loud = self.since = 0
        self.quiet = self.hold
        self.disturbed = False

    cdef bint tick(self, const double* y) noexcept nogil:
        """One tick of mode signals (uV), steps taken out. Whether they are disturbed."""
        cdef double x[RMAX], grown[RMAX], most = 0, ratio
        cdef bint known = self.heard >= self.warm_up
        cdef int b, j
        for b in range(self.n_flanks, -1, -1):                    # the band first
            biquads_run(&self.bands[b], y, x, self.r)
            for j in range(self.r):
                self.power[b][j] += self.rate * (x[j] * x[j] - self.power[b][j])
                ratio = self.power[b][j] / (self.usual[b][j] + 1e-30)
                if b == self.n_flanks:
                    grown[j] = ratio
                elif ratio > most and ratio > SPILT * grown[j]:
                    most = ratio
        if known and (most > LOUD or (self.disturbed and most > QUIET)):
            self.disturbed = True
            self.quiet = 0
        elif self.disturbed:
            self.quiet += 1
            self.disturbed = known and self.quiet < self.hold
        if self.disturbed:
            self.loud += 1
            if self.loud > self.give_up:
                self.heard = 0
            return True
        self.loud = 0
        if self.heard < self.memory:
            self.heard += 1
        self.since += 1
        if self.since >= self.look:                               # fourth roots: an artefact while the usual is learned is hardly heard
            self.since = 0
            for b in range(self.n_flanks + 1):
                for j in range(self.r):
                    self.root[b][j] += (sqrt(sqrt(self.power[b][j])) - self.root[b][j]) * self.look / self.heard
                    self.usual[b][j] = self.root[b][j] ** 2 * self.root[b][j] ** 2
        return False

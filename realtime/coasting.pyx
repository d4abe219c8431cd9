"""What of the mode signals the filters are shown: brain only, and never a step that they would ring on.

Where the samples hold our own light, or nothing at all, the model coasts: the last believed residual is held (noise is red) and the expected
wave goes on. Where they hold an artefact it coasts too, from the mean of the last second: what was seen just before is part of it. A jump that no brain makes is an electrode or an amplifier; it is taken out for good.
"""

from libc.string cimport memcpy, memset

from wavestim.realtime.fmath cimport sincos


cdef double STEP_RATIO = 400.0     # a change between ticks 20 times the usual one is no brain
cdef double STEP_MEMORY_S = 10.0
cdef double BASE_S = 1.0


cdef class Coasting:

    def __init__(self, calibration, double fs_hz, FilterPair filters):
        """Start from a calibration at a tick rate of fs_hz; the wave that is expected is that of the filters."""
        self.r = calibration.modes.shape[1]
        self.dt = 1 / fs_hz
        self.filters = filters
        self.disturbance = Disturbance(calibration, fs_hz)
        self.step_power = max(calibration.step_power, 1e-12)
        self.reset()

    cdef void reset(self) noexcept nogil:
        """The filters start from the next sample's value, not from zero."""
        memset(self.last, 0, sizeof(self.last))
        memset(self.offset, 0, sizeof(self.offset))
        memset(self.level, 0, sizeof(self.level))
        memset(self.base, 0, sizeof(self.base))
        memset(self.shift, 0, sizeof(self.shift))
        self.disturbance.reset()
        self.coasting = self.spoilt = False
        self.fresh = True

    cdef bint condition(self, const double* y, bint masked, double* modes) noexcept nogil:
        """One tick of mode signals (uV) into those that the filters see. Returns whether these are an expectation: masked, or just stepped."""
        cdef double wave[RMAX], quadrature[RMAX]
        cdef int j, r = self.r
        cdef bint disturbed
        if self.fresh and not masked:
            for j in range(r):
                self.offset[j] = y[j]
            self.fresh = False
        self.spoilt = False
        if not masked:
            if not self.coasting:
                masked = self.stepped(y)
            disturbed = self.disturbance.disturbed
            for j in range(r):
                modes[j] = y[j] - self.offset[j]
            masked = self.disturbance.tick(modes) or masked
            for j in range(r):
                modes[j] -= self.shift[j]
            self.spoilt = self.disturbance.disturbed != disturbed
        if masked:
            self.filters.expected(wave, quadrature)
            if not self.coasting or self.spoilt:
                for j in range(r):
                    self.level[j] = self.base[j] if self.spoilt else self.last[j] - wave[j]
                self.coasting = True
            for j in range(r):
                modes[j] = self.level[j] + wave[j]
        else:
            if self.coasting:
                self.coasting = False
                self.filters.settle()
            if self.spoilt:                                       # wherever the artefact left the amplifier
                for j in range(r):
                    self.shift[j] += modes[j] - self.base[j]
                    modes[j] = self.base[j]
            for j in range(r):
                self.base[j] += (modes[j] - self.base[j]) * self.dt / BASE_S
        memcpy(self.last, modes, r * sizeof(double))
        return masked

    cdef bint stepped(self, const double* y) noexcept nogil:
        """Whether an electrode or amplifier stepped since the last tick; the step is then taken out."""
        cdef double jump = 0, x
        cdef int j
        for j in range(self.r):
            x = y[j] - self.offset[j] - self.shift[j] - self.last[j]
            jump += x * x
        if jump > STEP_RATIO * self.step_power:
            for j in range(self.r):
                self.offset[j] = y[j] - self.shift[j] - self.last[j]
            return True
        self.step_power += (jump - self.step_power) * self.dt / STEP_MEMORY_S
        return False

    cdef void next_modes(self, double* out) noexcept nogil:
        """What the modes will show on the next tick: what they showed last, and the wave a tick further on."""
        cdef double now[RMAX], quadrature[RMAX], sn, cs
        cdef int j
        self.filters.expected(now, quadrature)
        sincos(self.filters.s[2] * self.dt, &sn, &cs)
        for j in range(self.r):
            out[j] = self.last[j] + self.offset[j] + self.shift[j] + (cs - 1) * now[j] - sn * quadrature[j]

"""The wave's own uncertainty against the errors of its forecasts.

How fast frequency and phase wander is not known beforehand, and a filter that allows for more than there is says that it is less sure than
it is. What the band shows at a time and what the wave was expected to do then, said so long before that the zero-phase filter does not see the
same samples, have errors that are independent; the background's share is known from the flanks. What is left is the forecast's own, and its
size over the one that was expected scales the variance of the wave's phase (a consistency check as in Bar-Shalom, Li & Kirubarajan 2001,
ch. 5.4, on the state that matters).
"""

import numpy as np

from wavestim.realtime.fmath cimport exp, sincos
from wavestim.realtime.forecast cimport (
    LOCAL,
    LOCAL_AHEAD,
    LOCAL_POWER,
    LOCAL_TOTAL,
    MEAN_OMEGA,
    MEAN_OMEGA_FREE,
    OMEGA,
    OMEGA_FREE,
    PLANE,
    REST,
    VAR_FREE,
    VAR_PATTERN,
    VAR_PHI,
    Outlook,
    horizon_set,
    outlook_set,
    wander,
)
from wavestim.realtime.wiener cimport GRID

cdef double OVERLAP = 0.02      # part of the zero-phase filter's energy that may lie before the forecast was made
cdef double MEMORY_S = 15.0
cdef double LEAST = 0.2


cdef class Foresight:

    def __init__(self, calibration, double fs_hz, double electrodes):
        cdef double stride_s = calibration.local_stride / fs_hz
        cdef Outlook outlook
        energy = np.abs(np.asarray(calibration.hindsight_taps)) ** 2
        reach = (len(energy) - 1) // 2
        before = np.cumsum(energy)[reach::-1] / energy.sum()          # that lies a lag or more before the middle
        lag = int(np.argmax(before <= OVERLAP)) if (before <= OVERLAP).any() else reach
        outlook_set(&outlook, calibration)
        horizon_set(&self.horizon, lag * stride_s, &outlook)
        self.decay = 1 - np.exp(-stride_s / MEMORY_S)
        self.carrier, self.shape = Certainty(self.decay, LEAST), Certainty(self.decay, LEAST)
        self.electrodes = electrodes
        self.noise = calibration.hindsight_noise_gain
        self.r = calibration.modes.shape[1]
        self.size = reach + lag
        self.told = np.zeros((self.size, 2, RMAX))
        self.foretold = np.zeros((self.size, FORETOLD))
        self.reset()

    cdef void reset(self) noexcept nogil:
        self.at = self.filled = 0
        self.mean = self.weight = 0
        self.loudness = 1
        self.carrier.reset()
        self.shape.reset()

    cdef double of_carrier(self) noexcept nogil:
        """Times the variance of the phase that all of the wave shares."""
        return self.carrier.level + self.carrier.burst * self.loudness

    cdef double of_shape(self) noexcept nogil:
        """Times that of an electrode against the others."""
        return self.shape.level + self.shape.burst * self.loudness

    cdef void tell(self, const double* rec, const double* wave, double re, double im) noexcept nogil:
        """One stride, after `show`: the record, the wave's re (r) then im (r) now, and its weight."""
        cdef const Horizon* z = &self.horizon
        cdef double turn, c, s, a, b, x, y, n, power = 0, w = rec[PLANE], local = rec[LOCAL]
        cdef int i = LOCAL_AHEAD + z.step, j, r = self.r
        turn = w * (rec[MEAN_OMEGA] * z.h + (rec[OMEGA] - rec[MEAN_OMEGA]) * z.gain)
        turn += (1 - w) * (rec[MEAN_OMEGA_FREE] * z.h + (rec[OMEGA_FREE] - rec[MEAN_OMEGA_FREE]) * z.gain)
        sincos(turn, &s, &c)
        x = re * c - im * s
        y = re * s + im * c
        a = rec[i] + z.part * (rec[i + 1] - rec[i])
        b = rec[i + GRID] + z.part * (rec[i + GRID + 1] - rec[i + GRID])
        n = rec[LOCAL_TOTAL] - a * a - b * b
        c = a * z.turn_re - b * z.turn_im
        s = a * z.turn_im + b * z.turn_re
        self.at = self.at + 1 if self.at + 1 < self.size else 0
        self.filled += self.filled < self.size
        for j in range(r):
            self.told[self.at, 0, j] = x * wave[j] - y * wave[r + j] + c * rec[REST + j] - s * rec[REST + r + j]
            self.told[self.at, 1, j] = x * wave[r + j] + y * wave[j] + c * rec[REST + r + j] + s * rec[REST + j]
            power += wave[j] * wave[j] + wave[r + j] * wave[r + j]
        self.foretold[self.at, CARRIER] = w * rec[VAR_PHI] + (1 - w) * rec[VAR_FREE] + wander(rec, z)
        self.foretold[self.at, SHAPE] = rec[VAR_PATTERN] if w < 0.5 else 0
        self.foretold[self.at, MISSED] = local * local * rec[LOCAL_POWER] * (n if n > 0 else 0) * self.electrodes / (power + 1e-30)
        self.mean += self.decay * (power - self.mean)
        self.weight += self.decay * (1 - self.weight)
        self.loudness = power * self.weight / (self.mean + 1e-30)

    cdef void show(self, Whitener whitener, const double* re, const double* im) noexcept nogil:
        """One stride: what the band shows in the middle of the zero-phase filter, uV of the modes."""
        cdef int i = self.at + 1 if self.at + 1 < self.size else 0, j, k, r = self.r
        cdef double size = 1e-30, total = 0, y = 0, a, b, c, d, rest
        cdef const double* told = &self.told[i, 0, 0]
        if self.filled < self.size:
            return
        for j in range(r):                                        # in white space, where every mode has the same noise
            a = b = c = d = 0
            for k in range(r):
                a += whitener.V[k * r + j] * told[k]
                b += whitener.V[k * r + j] * told[RMAX + k]
                c += whitener.V[k * r + j] * re[k]
                d += whitener.V[k * r + j] * im[k]
            size += a * a + b * b
            total += (a * d - b * c) * (a * d - b * c) / (a * a + b * b + 1e-30)
            y += a * d - b * c
        rest = self.noise + size * self.foretold[i, MISSED] / r
        self.carrier.push(2 * y * y / size - rest, size * (1 - exp(-2 * self.foretold[i, CARRIER])), self.loudness, rest)
        if self.foretold[i, SHAPE] == 0:
            return
        rest *= 0.5 * (r - 1)
        self.shape.push(total - y * y / size - rest, size * self.foretold[i, SHAPE], self.loudness, rest)

"""The causal filter that comes closest to the zero-phase band-pass, for this recording and as it is now.

Its taps solve the Wiener-Hopf equations (Wiener 1949): a Toeplitz system of the samples' autocovariance, with their covariance with the
zero-phase band signal on the right. The autocovariance is learned on with a memory of a minute, and the system is solved anew about every
second by Levinson's recursion (Levinson 1947), one order a tick, so that no tick pays for it. The same equations say how far ahead the
estimate holds, how much it leaves unexplained, and how much background noise passes.
"""

import numpy as np

from wavestim.realtime.fmath cimport exp, sqrt

cdef double MEMORY_S = 60.0
cdef double KEPT_S = 10.0           # what was seen before a new calibration is worth no more than that
cdef double PERIOD_S = 1.0          # between two designs
cdef double RIDGE = 1e-3            # of the power: white noise that the equations are solved with
cdef double LEAST = 1e-4            # of the power: no prediction of samples in noise of RIDGE is better
cdef double ARTEFACT = 9.0          # times the usual power: does not teach

cdef enum:
    CROSS, LEVINSON, LATER, NOISE, DONE


cdef class Wiener:

    def __init__(self, calibration, double fs_hz, covariance, zero_phase):
        """covariance: (lags,) of the thinned samples, uV^2, to start from. zero_phase: taps of what is to be shown."""
        cdef int i
        g = np.asarray(zero_phase)
        self.covariance = np.array(covariance, dtype=np.float64)
        self.noise = np.array(calibration.local_noise, dtype=np.float64)
        self.lags = len(self.covariance)
        self.taps = calibration.local_taps
        self.ahead = calibration.local_ahead
        self.reach = len(g) // 2
        self.g_re, self.g_im = np.ascontiguousarray(g.real), np.ascontiguousarray(g.imag)
        self.frozen = np.zeros(self.lags)
        self.cross_re, self.cross_im = np.zeros((2, self.reach + self.taps + self.ahead + 1))
        self.noise_cross_re, self.noise_cross_im = np.zeros((2, self.taps))
        self.forward, self.spare, self.x_re, self.x_im = np.zeros((4, self.taps))
        self.later_re, self.later_im = np.zeros((2, self.ahead + 1))
        stride_s = calibration.local_stride / fs_hz
        centre_hz = float(np.sqrt(calibration.band_hz[0] * calibration.band_hz[1]))
        self.step_re, self.step_im = np.cos(2 * np.pi * centre_hz * stride_s), np.sin(2 * np.pi * centre_hz * stride_s)
        self.grid_strides = 0.25 / (centre_hz * stride_s)
        self.memory = MEMORY_S / stride_s
        self.n_seen = min(calibration.n_samples / calibration.local_stride, self.memory)
        self.period = max(1, round(PERIOD_S * fs_hz))
        self.usual = self.recent = self.covariance[0]
        self.recent_rate = 1.0 / self.taps
        self.spoilt = self.lags
        self.stride_s = stride_s
        self.hear_noise()
        self.stage = DONE
        self.since = self.period
        for i in range(self.cross_re.shape[0] + 2 * self.taps + self.ahead + 2):
            self.step()

    cdef void hear_noise(self) noexcept nogil:
        """What of background noise the zero-phase signal has in common with each tap."""
        cdef int i
        for i in range(self.taps):
            self.correlate(self.noise, i, &self.noise_cross_re[i], &self.noise_cross_im[i])

    def renew(self, calibration, covariance):
        """Go on with another calibration of the same filter: its noise, and its samples' covariance beside what was seen before."""
        cdef double kept = min(self.n_seen, KEPT_S / self.stride_s), new = calibration.n_samples / calibration.local_stride
        self.covariance = (kept * np.asarray(self.covariance) + new * np.asarray(covariance)) / (kept + new)
        self.n_seen = min(kept + new, self.memory)
        self.noise = np.array(calibration.local_noise, dtype=np.float64)
        self.hear_noise()

    cdef void correlate(self, const double[::1] covariance, int k, double* re, double* im) noexcept nogil:
        """E[z(t) x(t - k)] = sum_q g[q] R(k - q)."""
        cdef int q, lag
        re[0] = 0
        im[0] = 0
        for q in range(2 * self.reach + 1):
            lag = k - q + self.reach
            if lag < 0:
                lag = -lag
            re[0] += self.g_re[q] * covariance[lag]
            im[0] += self.g_im[q] * covariance[lag]

    cdef void learn(self, const double* newest, bint masked) noexcept nogil:
        """A thinned sample: a row of RMAX modes, the older ones in the rows before it."""
        cdef int l, j
        cdef double rate, x, power = 0, s[4]
        cdef const double* p = newest
        if masked:
            self.spoilt = self.lags
            return
        for j in range(RMAX):
            power += newest[j] * newest[j]
        self.recent += self.recent_rate * (power - self.recent)
        x = self.recent if self.recent < ARTEFACT * self.usual else ARTEFACT * self.usual
        self.usual += (x - self.usual) / (self.n_seen + 1)
        if self.spoilt > 0:
            self.spoilt -= 1
            return
        if self.recent > ARTEFACT * self.usual:
            return
        self.n_seen = self.n_seen + 1 if self.n_seen + 1 < self.memory else self.memory
        rate = 1 / self.n_seen
        for l in range(self.lags):
            s[0] = s[1] = s[2] = s[3] = 0
            for j in range(0, RMAX, 4):
                s[0] += newest[j] * p[j]
                s[1] += newest[j + 1] * p[j + 1]
                s[2] += newest[j + 2] * p[j + 2]
                s[3] += newest[j + 3] * p[j + 3]
            self.covariance[l] += rate * ((s[0] + s[2]) + (s[1] + s[3]) - self.covariance[l])
            p -= RMAX

    cdef void show(self, const double* newest, double* re, double* im) noexcept nogil:
        """The band ``reach`` strides ago, as the zero-phase filter shows it by now: (RMAX,) each. newest: as in :meth:`learn`."""
        cdef int j, k
        cdef double a, b
        cdef const double* p = newest
        for j in range(RMAX):
            re[j] = 0
            im[j] = 0
        for k in range(2 * self.reach + 1):
            a = self.g_re[k]
            b = self.g_im[k]
            for j in range(RMAX):
                re[j] += a * p[j]
                im[j] += b * p[j]
            p -= RMAX

    cdef bint step(self) noexcept nogil:
        """A tick's share of the next design. True when a new filter is ready in ``best``."""
        cdef int k, l
        cdef double a, b, re, im
        self.since += 1
        if self.stage == DONE:
            if self.since < self.period:
                return False
            self.since = 0
            self.stage = CROSS
            self.at = 0
            for l in range(self.lags):
                self.frozen[l] = self.covariance[l]
            return False
        if self.stage == CROSS:
            self.correlate(self.frozen, self.at - self.reach, &self.cross_re[self.at], &self.cross_im[self.at])
            self.at += 1
            if self.at == self.cross_re.shape[0]:
                self.stage = LEVINSON
                self.at = 0
        elif self.stage == LEVINSON:
            self.recurse()
            self.at += 1
            if self.error == 0:                                   # the filter in use stays
                self.stage = DONE
            elif self.at == self.taps:
                self.stage = LATER
                self.at = 0
        elif self.stage == LATER:
            re = im = 0
            for k in range(self.taps):                            # E[z(t + at) conj(estimate(t))]
                a = self.cross_re[self.reach + k + self.at]
                b = self.cross_im[self.reach + k + self.at]
                re += self.x_re[k] * a + self.x_im[k] * b
                im += self.x_re[k] * b - self.x_im[k] * a
            self.later_re[self.at] = re
            self.later_im[self.at] = im
            self.at += 1
            if self.at > self.ahead:
                self.stage = NOISE
                self.at = 0
                self.noise_gain = 0
        else:
            a = 0
            for k in range(self.at, self.taps):
                a += self.x_re[k] * self.x_re[k - self.at] + self.x_im[k] * self.x_im[k - self.at]
            self.noise_gain += (1 if self.at == 0 else 2) * a * self.noise[self.at]
            self.at += 1
            if self.at == self.taps:
                self.publish()
                self.stage = DONE
                return True
        return False

    cdef void recurse(self) noexcept nogil:
        """One order of Levinson's recursion, from ``at`` known taps to one more."""
        cdef int i, n = self.at
        cdef double a = 0, re = 0, im = 0
        cdef double* r = &self.frozen[0]
        if n == 0:
            self.error = r[0] * (1 + RIDGE) + 1e-30
            self.forward[0] = 1
            self.x_re[0] = self.cross_re[self.reach] / self.error
            self.x_im[0] = self.cross_im[self.reach] / self.error
            return
        for i in range(n):
            a += self.forward[i] * r[n - i]
        a /= -self.error
        for i in range(n):
            self.spare[i] = self.forward[i]
        self.forward[n] = 0
        for i in range(1, n + 1):
            self.forward[i] += a * self.spare[n - i]
        self.error *= 1 - a * a
        if not self.error > LEAST * r[0]:                         # no autocovariance: lags of different samples do not fit each other
            self.error = 0
            return
        re = self.cross_re[self.reach + n]
        im = self.cross_im[self.reach + n]
        for i in range(n):
            re -= self.x_re[i] * r[n - i]
            im -= self.x_im[i] * r[n - i]
        re /= self.error
        im /= self.error
        self.x_re[n] = 0
        self.x_im[n] = 0
        for i in range(n + 1):
            self.x_re[i] += re * self.forward[n - i]
            self.x_im[i] += im * self.forward[n - i]

    cdef void publish(self) noexcept nogil:
        """The finished design becomes the filter in use."""
        cdef Causal* o = &self.best
        cdef int i, k
        cdef double total = 0, shown = self.later_re[0], c = 1, s = 0, x, a, b
        for k in range(2 * self.reach + 1):
            total += self.g_re[k] * self.cross_re[k] + self.g_im[k] * self.cross_im[k]
        if not (shown > 0 and total > 0):
            return
        o.shared_re = 0
        o.shared_im = 0
        for k in range(self.taps):
            o.re[k] = self.x_re[k]
            o.im[k] = self.x_im[k]
            o.shared_re += self.x_re[k] * self.noise_cross_re[k] + self.x_im[k] * self.noise_cross_im[k]
            o.shared_im += self.x_re[k] * self.noise_cross_im[k] - self.x_im[k] * self.noise_cross_re[k]
        o.total = total / shown
        o.noise_gain = self.noise_gain
        for k in range(self.ahead + 1):                           # turned back by the centre frequency: smooth from stride to stride
            a = self.later_re[k] * c + self.later_im[k] * s
            b = self.later_im[k] * c - self.later_re[k] * s
            self.later_re[k] = a / shown
            self.later_im[k] = b / shown
            x = c * self.step_re - s * self.step_im
            s = c * self.step_im + s * self.step_re
            c = x
        for i in range(GRID):
            x = i * self.grid_strides
            k = <int>x
            if k > self.ahead - 1:
                k = self.ahead - 1
            x = x - k if x - k < 1 else 1
            o.ahead_re[i] = self.later_re[k] + x * (self.later_re[k + 1] - self.later_re[k])
            o.ahead_im[i] = self.later_im[k] + x * (self.later_im[k + 1] - self.later_im[k])

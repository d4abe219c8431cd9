"""With which delay does a wave cross from one region to another? From the phases that two wave models track, look by look.

A phase difference is a delay but for whole cycles. Which cycle it is shows in how the rhythm wavers: what was b(t) = a(t - T) correlates
best at the lag T, less so a cycle earlier or later, because frequency and amplitude have changed by then (the group delay; generalised
cross-correlation, Knapp & Carter 1976, IEEE Trans ASSP 24:320). So phasors are correlated over a grid of lags; where the phase of the
correlation is zero lie the candidates, and each has the likelihood of its residual, -N log(1 - locking^2). How many independent looks N
there were is not assumed: the same phasors, shifted against each other by many cycles, lock by chance only, and their mean squared
locking is 1/N. Two rhythms that hardly waver lock at any shift: then N is small, and nothing is known.
"""

import numpy as np
from libc.string cimport memset

from wavestim.realtime.fmath cimport PI, atan2, exp, log, sincos, sqrt

cdef double INF = float("inf")
cdef double LOOK_S = 0.008         # or a sixth of the shortest period
cdef double MEMORY_CYCLES = 140.0
cdef double LATELY_CYCLES = 14.0
cdef double PRESENT = 0.1          # mean squared phasor below which there is no phase, lately (SD 87 degrees)
cdef double FIRST_CYCLES = 12.0    # the least that surrogates are shifted by, and the step to the next
cdef double STEP_CYCLES = 5.0
cdef double CHANCE = 0.005         # with which rhythms that have nothing to do with each other pass for locked, a look
cdef double CERTAIN = 0.95         # probability of the cycle from which on it is named


cdef class Crossing:

    def __init__(self, double fs_hz, band_hz, double longest_delay_s):
        """
        Parameters
        ----------
        fs_hz : rate at which phases could be asked for; looks lie a whole number of samples apart.
        band_hz : (lowest, highest) of the rhythm.
        longest_delay_s : to either side.

        Raises
        ------
        ValueError
            When the longest delay is none, or too long for the band.
        """
        cdef double cycle_s = 1 / (band_hz[0] * band_hz[1]) ** 0.5
        cdef int i, half = SURROGATES // 2
        self.look_s = max(1, int(min(LOOK_S, 1 / (6 * band_hz[1])) * fs_hz)) / fs_hz
        if not self.look_s <= longest_delay_s <= (LAGS // 2 - 1) * self.look_s:
            raise ValueError(
                f"longest_delay_s must lie between {self.look_s:g} and {(LAGS // 2 - 1) * self.look_s:.3g} s in a band of "
                f"{band_hz[0]:g}-{band_hz[1]:g} Hz, not be {longest_delay_s:g}"
            )
        self.longest_s = longest_delay_s
        self.reach = int(np.ceil(longest_delay_s / self.look_s))
        self.n_lags = 2 * self.reach + 1
        self.keep = float(np.exp(-self.look_s / (MEMORY_CYCLES * cycle_s)))
        self.forget = 1 - float(np.exp(-self.look_s / (LATELY_CYCLES * cycle_s)))
        self.omega_min, self.omega_max = 2 * np.pi * 0.8 * band_hz[0], 2 * np.pi * 1.2 * band_hz[1]
        # an exponential variable over the mean of others: F with 2 and 2 SURROGATES degrees of freedom
        self.factor = SURROGATES * (CHANCE ** (-1 / <double>SURROGATES) - 1)
        for i in range(half):
            self.shift[i] = round(longest_delay_s / self.look_s) + round((FIRST_CYCLES + i * STEP_CYCLES) * cycle_s / self.look_s)
            self.shift[half + i] = -self.shift[i]
        self.settle = 2 * self.shift[half - 1]
        if self.shift[half - 1] >= PAST:
            raise ValueError(f"looks of {self.look_s:g} s don't suit a band of {band_hz[0]:g}-{band_hz[1]:g} Hz: give a narrower band")
        self.past = np.zeros((PAST, 4))
        self.reset()

    cdef void reset(self) noexcept nogil:
        self.at = 0
        self.n_looks = 0
        self.power_a = self.power_b = self.lately_a = self.lately_b = 0
        memset(self.re, 0, sizeof(self.re))
        memset(self.im, 0, sizeof(self.im))
        memset(self.s_re, 0, sizeof(self.s_re))
        memset(self.s_im, 0, sizeof(self.s_im))
        memset(self.s_power, 0, sizeof(self.s_power))
        memset(&self.past[0, 0], 0, PAST * 4 * sizeof(double))
        self.now.delay_s = self.now.locking = self.now.certainty = 0
        self.now.sd_s = INF
        self.now.chance = 1
        self.now.known = False

    cdef void push(self, double phase_a, double sd_a, double phase_b, double sd_b) noexcept nogil:
        """A look: phase and circular SD (rad) of the two regions. What is unsure counts for little."""
        cdef double ra = exp(-0.5 * sd_a * sd_a), rb = exp(-0.5 * sd_b * sd_b), g = 1 - self.keep, s, c
        cdef double* u
        cdef double* v
        cdef int i, k
        self.n_looks += 1
        self.at = (self.at + 1) % PAST
        u = &self.past[self.at, 0]
        sincos(phase_a, &s, &c)
        u[0] = ra * c
        u[1] = ra * s
        sincos(phase_b, &s, &c)
        u[2] = rb * c
        u[3] = rb * s
        self.power_a += g * (ra * ra - self.power_a)
        self.power_b += g * (rb * rb - self.power_b)
        self.lately_a += self.forget * (ra * ra - self.lately_a)
        self.lately_b += self.forget * (rb * rb - self.lately_b)
        for i in range(self.n_lags):                              # conj(a earlier) b now, or conj(a now) b earlier
            k = i - self.reach
            v = &self.past[(self.at + PAST - (k if k > 0 else -k)) % PAST, 0]
            if k >= 0:
                self.re[i] += g * (v[0] * u[2] + v[1] * u[3] - self.re[i])
                self.im[i] += g * (v[0] * u[3] - v[1] * u[2] - self.im[i])
            else:
                self.re[i] += g * (u[0] * v[2] + u[1] * v[3] - self.re[i])
                self.im[i] += g * (u[0] * v[3] - u[1] * v[2] - self.im[i])
        for i in range(SURROGATES):
            k = self.shift[i]
            v = &self.past[(self.at + PAST - (k if k > 0 else -k)) % PAST, 0]
            if k >= 0:
                self.s_re[i] += g * (v[0] * u[2] + v[1] * u[3] - self.s_re[i])
                self.s_im[i] += g * (v[0] * u[3] - v[1] * u[2] - self.s_im[i])
                self.s_power[i] += g * (v[0] * v[0] + v[1] * v[1] - self.s_power[i])
            else:
                self.s_re[i] += g * (u[0] * v[2] + u[1] * v[3] - self.s_re[i])
                self.s_im[i] += g * (u[0] * v[3] - u[1] * v[2] - self.s_im[i])
                self.s_power[i] += g * (v[2] * v[2] + v[3] * v[3] - self.s_power[i])
        self.judge()

    cdef void judge(self) noexcept nogil:
        """Locking, chance and the candidates' delays and likelihoods."""
        cdef double power = self.power_a * self.power_b, null = 0, vr = 0, vi = 0, x, omega, period, start, t, m2, best = -1
        cdef double first, total = 0, far = 0, delay[CYCLES], likelihood[CYCLES]
        cdef int i, k, q, n = 0, top = 0
        self.now.known = False
        self.now.sd_s = INF
        self.now.certainty = 0
        if not power > 1e-12:
            return
        for i in range(SURROGATES):
            x = self.s_power[i] * (self.power_b if self.shift[i] > 0 else self.power_a)
            null += (self.s_re[i] * self.s_re[i] + self.s_im[i] * self.s_im[i]) / (x + 1e-12) / SURROGATES
        null = null if null > 1e-6 else 1e-6
        x = sqrt(self.factor * null)
        self.now.chance = x if x < 1 else 1
        for i in range(self.n_lags - 1):                          # the mean frequency: how the correlation turns from lag to lag
            vr += self.re[i + 1] * self.re[i] + self.im[i + 1] * self.im[i]
            vi += self.im[i + 1] * self.re[i] - self.re[i + 1] * self.im[i]
        omega = atan2(vi, vr) / self.look_s
        if not self.omega_min < omega < self.omega_max:
            return
        period = 2 * PI / omega
        start = -atan2(self.im[self.reach], self.re[self.reach]) / omega
        k = <int>((self.longest_s + 0.5 * period) / period)
        if k > CYCLES // 2:
            k = CYCLES // 2
        for q in range(-k, k + 1):
            t = start + q * period
            if not -self.longest_s <= t <= self.longest_s:
                continue
            x = t / self.look_s
            i = <int>(x + 0.5 if x >= 0 else x - 0.5) + self.reach
            t = (i - self.reach) * self.look_s - atan2(self.im[i], self.re[i]) / omega
            m2 = (self.re[i] * self.re[i] + self.im[i] * self.im[i]) / power
            delay[n] = t
            likelihood[n] = -log(1 - (m2 if m2 < 0.9999 else 0.9999)) / null
            if n == 0 or m2 > best:
                best = m2
                top = n
            n += 1
        if n == 0:
            self.now.locking = sqrt((self.re[self.reach] * self.re[self.reach] + self.im[self.reach] * self.im[self.reach]) / power)
            return
        first = likelihood[top]
        for i in range(n):
            x = exp(likelihood[i] - first)
            total += x
            far += x * (delay[i] - delay[top]) * (delay[i] - delay[top])
        self.now.delay_s = delay[top]
        self.now.locking = sqrt(best if best < 1 else 1)
        self.now.certainty = 1 / total
        if self.n_looks < self.settle or not self.now.locking > self.now.chance or self.now.chance >= 1:
            return
        self.now.sd_s = sqrt((1 - best if best < 1 else 0) / (2 * best) * null / (omega * omega) + far / total)
        self.now.known = self.now.certainty >= CERTAIN and self.lately_a > PRESENT and self.lately_b > PRESENT


def follow(double[:, ::1] phases, double fs_hz, band_hz, double longest_delay_s):
    """Run over looks.

    Parameters
    ----------
    phases : (looks, 4) phase and circular SD of the first region, of the second, rad.
    fs_hz, band_hz, longest_delay_s : see :class:`Crossing`.

    Returns
    -------
    (looks, 6) : delay_s, sd_s, locking, chance, certainty, known.
    """
    cdef Crossing c = Crossing(fs_hz, band_hz, longest_delay_s)
    cdef Py_ssize_t t, n = phases.shape[0]
    out = np.empty((n, 6))
    cdef double[:, ::1] o = out
    with nogil:
        for t in range(n):
            c.push(phases[t, 0], phases[t, 1], phases[t, 2], phases[t, 3])
            o[t, 0] = c.now.delay_s
            o[t, 1] = c.now.sd_s
            o[t, 2] = c.now.locking
            o[t, 3] = c.now.chance
            o[t, 4] = c.now.certainty
            o[t, 5] = c.now.known
    return out


def samples_of_a_look(double fs_hz, band_hz, double longest_delay_s):
    """How many samples lie between two looks."""
    return round(Crossing(fs_hz, band_hz, longest_delay_s).look_s * fs_hz)

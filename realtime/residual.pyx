"""What each electrode has beyond the smooth modes.

A wave is smooth over the array, and so is what ten modes can show. Where a rhythm is not, most of it lies beyond them, and a filter for each
channel would know the phase better than the model does. So each channel, less what the modes show there, goes through a causal filter of the
kind of :mod:`wavestim.realtime.wiener`, learned from a few channels spread over the array and shared by all. Thinned samples are due in turn:
a part of the channels on each tick, so that no tick pays for all.

On a wave in noise this is noise, and must not be followed: how far it is believed is judged in :mod:`wavestim.realtime.credit`.
"""

import numpy as np

from libc.string cimport memset

LANES_MAX = RMAX


def lanes_of(used):
    """Indices of the electrodes that teach: at most as many as a row holds, spread over those in use."""
    at = np.flatnonzero(used)
    return at[np.unique(np.linspace(0, len(at) - 1, min(LANES_MAX, len(at))).round().astype(int))]


cdef class Residual:

    def __init__(self, calibration, double fs_hz):
        cdef int g, i
        cdef Py_ssize_t lane
        used = np.flatnonzero(calibration.used)
        self.on = len(calibration.residual_covariance) > 0
        self.m, self.r = len(calibration.used), calibration.modes.shape[1]
        self.stride, self.taps = calibration.local_stride, calibration.local_taps
        lanes = lanes_of(calibration.used)
        self.n_lanes = len(lanes)
        self.credit = Credit(calibration, self.stride / fs_hz, self.n_lanes)
        if not self.on:
            return
        taps = calibration.residual_taps
        self.wiener = Wiener(calibration, fs_hz, calibration.residual_covariance, taps)
        self.lags = self.wiener.lags
        members = [used[g :: self.stride] for g in range(self.stride)]
        self.first = np.cumsum([0, *((len(c) + LANES - 1) // LANES * LANES for c in members)]).astype(np.intc)
        slots = self.first[self.stride]
        self.channel, self.slot = np.full(slots, self.m, np.intc), np.full(self.m, -1, np.intc)
        self.group, self.rows = np.zeros(self.m, np.intc), np.zeros((self.r, slots))
        for g, c in enumerate(members):
            at = self.first[g] + np.arange(len(c))
            np.asarray(self.channel)[at] = c
            np.asarray(self.slot)[c] = at
            np.asarray(self.group)[c] = g
            np.asarray(self.rows)[:, at] = np.asarray(calibration.modes)[c].T
        self.total, self.gone = np.zeros(self.m + 1), np.zeros(self.m + 1, np.intc)
        self.recent, self.begun = np.zeros((self.stride, RMAX)), np.zeros(self.stride, np.uint8)
        for i, value in enumerate(np.asarray(calibration.residual_drift)[0, [0, 1, 2, 4, 5]]):
            self.drift[i] = value
        self.z0, self.z1 = np.zeros((2, slots))
        self.fresh = np.zeros(max(1, int(np.diff(self.first).max())))
        self.past = np.zeros(slots * 2 * self.taps, np.float32)
        self.re, self.im = np.zeros((2, slots), np.float32)
        angle = 2 * np.pi * np.sqrt(calibration.band_hz[0] * calibration.band_hz[1]) / fs_hz
        self.turn_re, self.turn_im = np.cos(angle * np.arange(self.stride)), np.sin(angle * np.arange(self.stride))
        self.step_re, self.step_im = np.cos(angle * self.stride), np.sin(angle * self.stride)
        for i in range(self.n_lanes):
            lane = lanes[i]
            self.lane_slot[i] = self.slot[lane]
            self.lane_group[i] = self.group[lane]
        self.thin = np.zeros((2 * self.lags, RMAX))
        self.reset()

    cdef void reset(self) noexcept nogil:
        self.credit.reset()
        if not self.on:
            return
        self.phase = self.stride - 1
        self.at = self.thin_at = 0
        self.since_dark = self.since_lost = 0
        self.row_dark = True
        self.wiener.spoilt = self.lags
        memset(self.lane_now, 0, sizeof(self.lane_now))
        memset(&self.begun[0], 0, self.stride)
        memset(&self.total[0], 0, (self.m + 1) * sizeof(double))
        memset(&self.gone[0], 0, (self.m + 1) * sizeof(int))
        memset(&self.recent[0, 0], 0, self.stride * RMAX * sizeof(double))
        memset(&self.past[0], 0, self.past.shape[0] * sizeof(float))
        memset(&self.re[0], 0, self.re.shape[0] * sizeof(float))
        memset(&self.im[0], 0, self.im.shape[0] * sizeof(float))
        memset(&self.thin[0, 0], 0, 2 * self.lags * RMAX * sizeof(double))

    cdef void push(self, const double* x, const uint8_t* missing, const double* y, bint masked, const double* carrier, double present, double noise_power) noexcept nogil:
        """One tick: channels (m,), which of them are missing (NULL: none), mode signals (r,), uV. Masked, none of these is looked at.

        carrier: of the wave, re and im; present: the probability of it; noise_power: of the whitened modes.
        """
        cdef int c, j, g
        cdef double* total
        cdef double* row
        if not self.on:
            return
        self.phase += 1
        if self.phase == self.stride:
            self.phase = 0
            self.at = self.at + 1 if self.at + 1 < self.taps else 0
        g = self.phase
        self.since_dark += 1
        self.since_lost += 1
        if masked:
            self.since_dark = 0
        else:
            total = &self.total[0]
            row = &self.recent[g, 0]
            for c in range(self.m):
                total[c] += x[c]
            for j in range(self.r):
                row[j] = y[j]
            if missing != NULL:
                self.since_lost = 0
                for c in range(self.m):
                    self.gone[c] += missing[c]
        if self.since_dark < self.stride:
            self.row_dark = True
        self.due(g, self.since_dark < self.stride)
        self.show(g)
        for j in range(self.n_lanes):
            if self.lane_group[j] == g:
                self.credit.tell(j, self.re[self.lane_slot[j]], self.im[self.lane_slot[j]])
                self.lane_now[j] = self.fresh[self.lane_slot[j] - self.first[g]]
        if g == self.stride - 1:                                  # each channel once
            self.look_back(carrier, present, noise_power)
            self.row_dark = False
        self.wiener.step()

    cdef void due(self, int g, bint dark) noexcept nogil:
        """The thinned samples of a group, into ``fresh`` and ``past``. Dark, the rhythm goes on as it was."""
        cdef int base = self.first[g], n = self.first[g + 1] - base, i, j, k, c
        cdef double sums[RMAX]
        cdef double e, v, b0 = self.drift[0], b1 = self.drift[1], b2 = self.drift[2], a1 = self.drift[3], a2 = self.drift[4]
        cdef double scale = 1.0 / self.stride
        cdef double* fresh = &self.fresh[0]
        cdef double* z0
        cdef double* z1
        cdef const double* row
        cdef float* p
        cdef bint begun = self.begun[g]
        if n == 0:
            return
        z0 = &self.z0[base]
        z1 = &self.z1[base]
        if dark:
            for j in range(n):
                fresh[j] = self.re[base + j] * self.step_re - self.im[base + j] * self.step_im
                self.total[self.channel[base + j]] = 0
                self.gone[self.channel[base + j]] = 0
        else:
            memset(sums, 0, sizeof(sums))
            for k in range(self.stride):
                for i in range(self.r):
                    sums[i] += self.recent[k, i]
            for j in range(n):
                c = self.channel[base + j]
                fresh[j] = self.total[c]
                self.total[c] = 0
            for i in range(self.r):
                row = &self.rows[i, base]
                for j in range(n):
                    fresh[j] -= row[j] * sums[i]
            for j in range(n):
                fresh[j] *= scale
            if not begun:                                         # as if it had always been there
                self.begun[g] = True
                for j in range(n):
                    z0[j] = -b0 * fresh[j]
                    z1[j] = b2 * fresh[j]
            if self.since_lost < self.stride:
                for j in range(n):
                    c = self.channel[base + j]
                    k = self.gone[c]
                    self.gone[c] = 0
                    if 2 * k > self.stride:                       # nothing is known of it, its drift stays what it was
                        fresh[j] = 0
                        continue
                    e = fresh[j]
                    v = b0 * e + z0[j]
                    z0[j] = b1 * e - a1 * v + z1[j]
                    z1[j] = b2 * e - a2 * v
                    fresh[j] = v
            else:
                for j in range(n):
                    e = fresh[j]
                    v = b0 * e + z0[j]
                    z0[j] = b1 * e - a1 * v + z1[j]
                    z1[j] = b2 * e - a2 * v
                    fresh[j] = v
        for i in range(n // LANES):
            p = &self.past[(base + i * LANES) * 2 * self.taps + self.at * LANES]
            for j in range(LANES):
                p[j] = <float>fresh[i * LANES + j]
                p[j + self.taps * LANES] = <float>fresh[i * LANES + j]

    cdef void show(self, int g) noexcept nogil:
        """The filter's estimates for a group."""
        cdef float a_re[128]
        cdef float a_im[128]
        cdef float re[LANES]
        cdef float im[LANES]
        cdef const float* q
        cdef int base = self.first[g], n = self.first[g + 1] - base, i, j, k
        for k in range(self.taps):
            a_re[k] = <float>self.wiener.best.re[k]
            a_im[k] = <float>self.wiener.best.im[k]
        for i in range(n // LANES):
            q = &self.past[(base + i * LANES) * 2 * self.taps + (self.at + self.taps) * LANES]
            memset(re, 0, sizeof(re))
            memset(im, 0, sizeof(im))
            for k in range(0, self.taps - 3, 4):                  # four at a time: sums are loaded and stored less often
                for j in range(LANES):
                    re[j] += (a_re[k] * q[j] + a_re[k + 1] * q[j - LANES]) + (a_re[k + 2] * q[j - 2 * LANES] + a_re[k + 3] * q[j - 3 * LANES])
                    im[j] += (a_im[k] * q[j] + a_im[k + 1] * q[j - LANES]) + (a_im[k + 2] * q[j - 2 * LANES] + a_im[k + 3] * q[j - 3 * LANES])
                q -= 4 * LANES
            for k in range(self.taps - self.taps % 4, self.taps):
                for j in range(LANES):
                    re[j] += a_re[k] * q[j]
                    im[j] += a_im[k] * q[j]
                q -= LANES
            for j in range(LANES):
                self.re[base + i * LANES + j] = re[j]
                self.im[base + i * LANES + j] = im[j]

    cdef void look_back(self, const double* carrier, double present, double noise_power) noexcept nogil:
        """A row of the channels that teach is complete: learn from it, and judge what was said a moment ago."""
        cdef const double* newest
        cdef int j
        self.thin_at = self.thin_at + 1 if self.thin_at + 1 < self.lags else 0
        for j in range(self.n_lanes):
            self.thin[self.thin_at, j] = self.lane_now[j]
            self.thin[self.thin_at + self.lags, j] = self.lane_now[j]
        newest = &self.thin[self.thin_at + self.lags, 0]
        self.wiener.learn(newest, self.row_dark)
        self.credit.judge(self.wiener, newest, self.row_dark, carrier, present, noise_power)

    cdef void estimate(self, int c, double* re, double* im) noexcept nogil:
        """What the filter shows at channel c, turned from when it was due to now."""
        cdef int s, age
        re[0] = 0
        im[0] = 0
        if not self.on:
            return
        s = self.slot[c]
        if s < 0:
            return
        age = self.phase - self.group[c]
        if age < 0:
            age += self.stride
        re[0] = self.re[s] * self.turn_re[age] - self.im[s] * self.turn_im[age]
        im[0] = self.re[s] * self.turn_im[age] + self.im[s] * self.turn_re[age]

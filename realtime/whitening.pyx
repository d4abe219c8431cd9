"""Noise whitening of the mode signals: in time by a fractional differentiator, in space by the covariance in the flanks of the band.

Neighbouring electrodes share noise, and shared noise is the floor of every estimate that pools them. Learning its spatial covariance beside
the band, where there is no rhythm, and whitening with it lowers the floor. The covariance is learned on for ever, with a memory of a minute.
"""

from libc.string cimport memcpy, memset

import numpy as np

from wavestim.realtime.fmath cimport clip, exp, log
from wavestim.realtime.linalg cimport eigh, invert_lower


cdef void biquads_run(Biquads* f, const double* x, double* y, int r) noexcept nogil:
    cdef int i, j
    cdef double b0, b1, b2, a1, a2, v
    cdef double* z0
    cdef double* z1
    for j in range(r):
        y[j] = x[j]
    for i in range(f.n):
        b0 = f.c[i][0]
        b1 = f.c[i][1]
        b2 = f.c[i][2]
        a1 = f.c[i][3]
        a2 = f.c[i][4]
        z0 = f.z[i][0]
        z1 = f.z[i][1]
        for j in range(r):
            v = b0 * y[j] + z0[j]
            z0[j] = b1 * y[j] - a1 * v + z1[j]
            z1[j] = b2 * y[j] - a2 * v
            y[j] = v


cdef void load_biquads(Biquads* f, double[:, ::1] sos) except *:
    cdef int i, j
    if sos.shape[0] > SECTIONS_MAX:
        raise ValueError(f"a filter of {sos.shape[0]} sections is longer than the {SECTIONS_MAX} the engine holds")
    memset(f, 0, sizeof(Biquads))
    f.n = sos.shape[0]
    for i in range(f.n):
        for j in range(3):
            f.c[i][j] = sos[i, j]
        f.c[i][3] = sos[i, 4]
        f.c[i][4] = sos[i, 5]


cdef double NOISE_FLOOR = 1e-2   # of the mean noise: no mode is believed beyond that, whatever a reference or a repeated channel took out of it


cdef class Whitener:

    def __init__(self, calibration, double fs_hz):
        """Start from a calibration (see :mod:`wavestim.realtime.calibration`)."""
        cdef int i, j
        cdef double[:, ::1] noise = calibration.noise_cov, in_band = calibration.in_band_cov
        self.r = noise.shape[0]
        self.fs = fs_hz
        self.relearn_ticks = int(fs_hz * calibration.options.relearn_s)
        self.memory = fs_hz * calibration.options.noise_memory_s
        self.in_band_rate = calibration.options.relearn_s / calibration.options.tau_mean_k_s
        self.n_seen = calibration.n_samples
        self.floor = calibration.options.pattern_floor
        self.scale_pattern = calibration.n_pattern
        self.learning = 1
        self.gain = 1
        self.size_mean = self.r
        self.novelty = Novelty(calibration)
        load_biquads(&self.shaper, calibration.shaper_sos)
        self.colour_phase = np.ascontiguousarray(calibration.colour_phase_rad)
        self.colour_gain = np.ascontiguousarray(calibration.colour_gain)
        self.n_bands = len(calibration.flank_sos) + 1
        for i, sos in enumerate([*calibration.flank_sos, calibration.band_sos]):
            load_biquads(&self.bands[i], sos)
            self.widths[i] = calibration.widths_hz[i]
        for i in range(self.r):
            for j in range(self.r):
                self.R[i * self.r + j] = noise[i, j]
                self.C_in[i * self.r + j] = in_band[i, j]
        self.rebuild(True)

    cdef void white(self, const double* modes, double* shaped, double* out) noexcept nogil:
        cdef int i, j, r = self.r
        cdef double x
        biquads_run(&self.shaper, modes, shaped, r)
        for j in range(r):
            out[j] = 0
        for i in range(r):
            x = shaped[i]
            for j in range(r):
                out[j] += x * self.V[i * r + j]

    cdef void colour(self, double f_hz, double* phase, double* gain) noexcept nogil:
        """Phase (rad) and gain of the whitening in time at f_hz, between the points of its 1 Hz table."""
        cdef Py_ssize_t n = self.colour_phase.shape[0], i
        cdef double x = clip(f_hz - 1, 0, n - 1.000001)
        i = <Py_ssize_t>x
        x -= i
        phase[0] = self.colour_phase[i] + x * (self.colour_phase[i + 1] - self.colour_phase[i])
        gain[0] = self.colour_gain[i] + x * (self.colour_gain[i + 1] - self.colour_gain[i])

    cdef int learn(self, const double* shaped) noexcept nogil:
        """Add one tick to the covariances; returns 1 when the whitening changed (then ``M`` carries states over)."""
        cdef double w[RMAX], mean[RMAX * RMAX], levels[BANDS_MAX], size, scale, x
        cdef int b, i, j, r = self.r
        cdef double* total
        cdef double* e
        for b in range(self.n_bands):
            e = &self.seen[b][0]
            biquads_run(&self.bands[b], shaped, e, r)
            if b == 0 and self.n_bands > 1:                       # artefacts do not teach: judged in the first flank, in white space
                size = 0
                for j in range(r):
                    w[j] = 0
                for i in range(r):
                    for j in range(r):
                        w[j] += e[i] * self.V[i * r + j]
                for j in range(r):
                    size += w[j] * w[j]
                x = size if size < 9 * self.size_mean else 9 * self.size_mean
                self.size_mean += (x - self.size_mean) / (2 * self.fs)
                if size > 9 * self.size_mean:
                    self.n_in_batch -= 1
                    for i in range(1, self.n_bands):              # the other filters see the sample all the same
                        biquads_run(&self.bands[i], shaped, &self.seen[i][0], r)
                    break
            total = &self.sums[b][0]
            for i in range(r):
                for j in range(i + 1):
                    total[i * r + j] += e[i] * e[j]
        self.n_in_batch += 1
        self.since += 1
        if self.since < self.relearn_ticks:
            return 0
        self.since = 0
        if self.n_in_batch * 4 < self.relearn_ticks or self.n_bands < 2 or not self.learning:
            b = 0
        else:
            self.take_flanks(mean)
            scale = self.fs / 2 / self.n_in_batch
            for i in range(r * r):
                mean[i] *= scale
            x = self.divergence(mean)
            self.listen(levels)
            if self.novelty.look(x, levels) and self.n_seen > self.relearn_ticks:
                self.n_seen = self.relearn_ticks                  # another state: what was known is worth a second
            self.n_seen += self.n_in_batch
            if self.n_seen > self.memory:
                self.n_seen = self.memory
            for i in range(r):
                for j in range(i + 1):
                    x = mean[i * r + j]
                    self.R[i * r + j] += self.n_in_batch / self.n_seen * (x - self.R[i * r + j])
                    self.R[j * r + i] = self.R[i * r + j]
                    x = self.sums[self.n_bands - 1][i * r + j] * scale / self.widths[self.n_bands - 1]
                    self.C_in[i * r + j] += self.in_band_rate * (x - self.C_in[i * r + j])
                    self.C_in[j * r + i] = self.C_in[i * r + j]
            b = 1
        self.n_in_batch = 0
        memset(self.sums, 0, sizeof(self.sums))
        if b:
            self.rebuild(False)
        return b

    cdef double divergence(self, const double* C) noexcept nogil:
        """Of a covariance (lower triangle) from R, per mode: tr(W) / r - 1 - log det(W) / r with W = V' C V (Kullback & Leibler 1951)."""
        cdef double A[RMAX * RMAX], W[RMAX * RMAX], L[RMAX * RMAX], x, trace = 0, logs = 0
        cdef int i, j, k, r = self.r
        for i in range(r):
            for j in range(r):
                x = 0
                for k in range(r):
                    x += (C[i * r + k] if k <= i else C[k * r + i]) * self.V[k * r + j]
                A[i * r + j] = x
        for i in range(r):
            for j in range(r):
                x = 0
                for k in range(r):
                    x += self.V[k * r + i] * A[k * r + j]
                W[i * r + j] = x
            W[i * r + i] += 1e-6
            trace += W[i * r + i]
        self.gain = trace / r
        if cholesky(W, L, r) != 0:
            return 0
        for i in range(r):
            logs += 2 * log(L[i * r + i])
        return (trace - logs) / r - 1

    cdef void listen(self, double* levels) noexcept nogil:
        """Log power of this second's flanks in white space, one each."""
        cdef double total, x
        cdef int b, i, j, k, r = self.r
        for b in range(self.n_bands - 1):
            total = 1e-300
            for j in range(r):
                for i in range(r):
                    x = 0
                    for k in range(r):
                        x += self.V[k * r + j] * self.sums[b][i * r + k if k <= i else k * r + i]
                    total += self.V[i * r + j] * x
            levels[b] = log(total / self.n_in_batch)

    cdef void take_flanks(self, double* mean) noexcept nogil:
        """Covariance per Hz under the band (lower triangle): the shape that the flanks have in common, at the geometric mean of their levels.

        So a noise that has become steeper or flatter is met at the band, between its flanks.
        """
        cdef double level[BANDS_MAX], logs = 0, total = 0, weight
        cdef int b, i, j, r = self.r
        for b in range(self.n_bands - 1):
            level[b] = 1e-300
            for i in range(r):
                level[b] += self.sums[b][i * r + i]
            level[b] /= self.widths[b]
            logs += self.widths[b] * log(level[b])
            total += self.widths[b]
        for i in range(r * r):
            mean[i] = 0
        for b in range(self.n_bands - 1):
            weight = exp(logs / total) / (level[b] * total)
            for i in range(r):
                for j in range(i + 1):
                    mean[i * r + j] += weight * self.sums[b][i * r + j]

    cdef void rebuild(self, bint first) noexcept nogil:
        """V from R; rotated so that the prior of the free pattern (in-band excess over the noise) is diagonal, ``sig2``."""
        cdef double A[RMAX * RMAX], L[RMAX * RMAX], Li[RMAX * RMAX], Q[RMAX * RMAX], prior[RMAX * RMAX], T[RMAX * RMAX], Vn[RMAX * RMAX]
        cdef int i, j, k, r = self.r
        cdef double tr = 0, total = 0, x
        for i in range(r):
            tr += self.R[i * r + i]
        self.noise_power = tr
        for i in range(r * r):
            A[i] = self.R[i]
        for i in range(r):
            A[i * r + i] += NOISE_FLOOR * tr / r + 1e-12
        if cholesky(A, L, r) != 0:                                # keeps the whitening it had
            return
        invert_lower(L, Li, r)
        for i in range(r * r):
            A[i] = self.C_in[i] - self.R[i]
        eigh(A, Q, r)
        for i in range(r):
            total += A[i * r + i] if A[i * r + i] > 0 else 0
        for i in range(r):
            for j in range(r):
                x = 0
                for k in range(r):
                    x += Q[i * r + k] * Q[j * r + k] * ((A[k * r + k] if A[k * r + k] > 0 else 0) / (total + 1e-12) + self.floor / r)
                prior[i * r + j] = x * self.scale_pattern
        for i in range(r):                                        # Li prior Li'
            for j in range(r):
                x = 0
                for k in range(i + 1):
                    x += Li[i * r + k] * prior[k * r + j]
                T[i * r + j] = x
        for i in range(r):
            for j in range(r):
                x = 0
                for k in range(j + 1):
                    x += T[i * r + k] * Li[j * r + k]
                A[i * r + j] = x
        eigh(A, Q, r)
        for i in range(r):
            self.sig2[i] = A[i * r + i] if A[i * r + i] > 1e-12 else 1e-12
        for i in range(r):                                        # V = Li' Q
            for j in range(r):
                x = 0
                for k in range(i, r):
                    x += Li[k * r + i] * Q[k * r + j]
                Vn[i * r + j] = x
        if not first:                                             # M = V' iV
            for i in range(r):
                for j in range(r):
                    x = 0
                    for k in range(r):
                        x += Vn[k * r + i] * self.iV[k * r + j]
                    self.M[i * r + j] = x
        memcpy(self.V, Vn, sizeof(Vn))
        for i in range(r):                                        # iV = L Q
            for j in range(r):
                x = 0
                for k in range(i + 1):
                    x += L[i * r + k] * Q[k * r + j]
                self.iV[i * r + j] = x
        for j in range(r):
            self.size[j] = 0
            for i in range(r):
                self.size[j] += self.iV[i * r + j] * self.iV[i * r + j]

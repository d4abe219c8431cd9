"""The onboard wave model: whitener, filter pair, local rhythm and hindsight, and the record that they leave on every tick.

Phase at electrode r is Phi - k.r, Phi' = omega > 0; the wave travels along k. Mode signals are conditioned, whitened and filtered; what the wave
leaves over is followed by itself; hindsight weighs both by how right they turned out to be. The record holds everything that a forecast or a
description needs.
"""

from libc.string cimport memcpy

import numpy as np

from wavestim.realtime.fmath cimport PI, atan2, sqrt, wrap
from wavestim.realtime.forecast cimport (
    AMPLITUDE,
    CARRIER_SCALE,
    COV_KXKY,
    COV_PHI_KX,
    COV_PHI_KY,
    COV_PHI_OMEGA,
    ERROR_BURST,
    ERROR_LEVEL,
    KEPT,
    KX,
    KY,
    LOCAL,
    LOCAL_AHEAD,
    LOCAL_POWER,
    LOCAL_SHARE,
    LOCAL_TOTAL,
    MEAN_OMEGA,
    MEAN_OMEGA_FREE,
    OMEGA,
    OMEGA_FREE,
    PATTERN,
    PHI,
    PHI_FREE,
    PLANE,
    RESIDUAL,
    RESIDUAL_AHEAD,
    RESIDUAL_POWER,
    RESIDUAL_SHARE,
    RESIDUAL_TOTAL,
    REST,
    SHAPE_SCALE,
    TRAVELS,
    VAR_FREE,
    VAR_KX,
    VAR_KY,
    VAR_OMEGA,
    VAR_PATTERN,
    VAR_PHI,
    WAVE,
    outlook_set,
)
from wavestim.realtime.wiener cimport GRID, Causal


cdef double SETTLE_S = 0.2          # the filters forget their start before anything is learned from them
cdef double LOOK_S = 0.02           # how often the band is asked whether it travels


cdef class WaveModel:

    def __init__(self, calibration, double fs_hz):
        """Start from a calibration at a tick rate of fs_hz."""
        self.modes = np.ascontiguousarray(calibration.modes, dtype=np.float64)
        self.xy = np.ascontiguousarray(calibration.layout_mm, dtype=np.float64)
        self.m = self.modes.shape[0]
        self.r = self.modes.shape[1]
        self.fs = fs_hz
        used = np.asarray(calibration.layout_mm)[calibration.used]
        self.spread = [np.mean(used[:, 0] ** 2), np.mean(used[:, 0] * used[:, 1]), np.mean(used[:, 1] ** 2), len(used)]
        outlook_set(&self.outlook, calibration)
        self.whitener = Whitener(calibration, fs_hz)
        self.filters = FilterPair(calibration, fs_hz, self.whitener)
        self.coasting = Coasting(calibration, fs_hz, self.filters)
        self.local = Local(calibration, fs_hz)
        self.residual = Residual(calibration, fs_hz)
        self.travel = Travel(calibration, fs_hz)
        self.hindsight = Hindsight(calibration, fs_hz)
        self.look_every = max(1, round(LOOK_S * fs_hz))
        self.reset()

    def take_over(self, WaveModel old, last, calibration):
        """Go on where the model before left off, as far as the new calibration sees the same modes: the local rhythm is not a matter of noise."""
        same = all(
            np.array_equal(getattr(last, name), getattr(calibration, name))
            for name in ("modes", "local_front_sos", "local_stride", "local_taps", "hindsight_taps")
        )
        if not same:
            return
        self.local = old.local
        self.local.wiener.renew(calibration, calibration.local_covariance)
        if self.hindsight.pooled == 0:
            self.hindsight.certainty = old.hindsight.certainty

    cdef void forget(self) noexcept nogil:
        """After a long gap: neither the wave nor that anything travelled."""
        self.travel.reset()
        self.reset()

    cdef void reset(self) noexcept nogil:
        """Forget the wave, keep what was learned of the noise."""
        self.filters.reset()
        self.coasting.reset()
        self.local.reset()
        self.residual.reset()
        self.travels = 0
        self.hindsight.reset()
        self.record()

    cdef void next_modes(self, double* out) noexcept nogil:
        """What the modes will show on the next tick."""
        self.coasting.next_modes(out)

    cdef void own(self, const double* x, const uint8_t* missing, const double* y, bint masked) noexcept nogil:
        """Before the tick: what the electrodes have beyond the modes, see Residual.push."""
        self.residual.push(x, missing, y, masked or self.coasting.disturbance.disturbed, self.filters.s3, self.hindsight.present, self.whitener.noise_power)

    cdef void tick(self, const double* y, bint masked) noexcept nogil:
        """One tick of mode signals (uV). Masked: the samples show our own light or nothing at all; the model coasts."""
        cdef double modes[RMAX]
        masked = self.filter(y, masked, modes)
        if masked:
            self.travel.skip()
        else:
            self.travel.add(&self.whitener.seen[self.whitener.n_bands - 1][0])
        if self.filters.ticks % self.look_every == 0:
            self.look()
        self.record()
        self.record_rest(modes, masked)

    cdef bint filter(self, const double* y, bint masked, double* modes) noexcept nogil:
        """Condition, whiten and filter one tick; the conditioned modes in ``modes``. True when they show nothing."""
        cdef double shaped[RMAX], white[RMAX]
        masked = self.coasting.condition(y, masked, modes)
        if self.coasting.spoilt:
            self.filters.doubt()
            self.local.blank()
        self.whitener.white(modes, shaped, white)
        if not self.filters.advance(white, masked or self.filters.ticks < SETTLE_S * self.fs):
            self.reset()
        if not masked and self.whitener.learn(shaped):
            self.filters.carry_over()
        return masked

    cdef void look(self) noexcept nogil:
        """Is what was last reported, or anything, seen to travel?"""
        cdef double im[RMAX], limit = self.travel.limit(), here
        cdef int j
        if self.rec[PLANE] >= 0.5:
            here = self.travel.of_pattern(self.filters.G, self.filters.G + RMAX, self.whitener.V)
        else:
            for j in range(self.r):
                im[j] = -self.filters.u_im[j]
            here = self.travel.of_pattern(self.filters.u_re, im, self.whitener.V)
        self.travels = 1 if here > limit or self.travel.of_any(self.whitener.V) > limit else 0

    cdef void record(self) noexcept nogil:
        """What the filters say, in mode space and in the phase of the unwhitened signal."""
        cdef double* o = self.rec
        cdef const double* s = self.filters.s
        cdef const double* P = self.filters.P
        cdef const double* s3 = self.filters.s3
        cdef const double* P3 = self.filters.P3
        cdef const double* u_re = self.filters.u_re
        cdef const double* u_im = self.filters.u_im
        cdef const double* pu = self.filters.pu
        cdef const double* iV = self.whitener.iV
        cdef const double* size = self.whitener.size
        cdef double A2 = s[0] * s[0] + s[1] * s[1] + 1e-12, jx, jy, colour, gain, num = 0, den = 1e-12, gauge = 0, x
        cdef int i, j, r = self.r
        self.whitener.colour(s[2] / (2 * PI), &colour, &gain)
        jx = -s[1] / A2
        jy = s[0] / A2
        o[PHI] = wrap(atan2(s[1], s[0]) - colour)
        o[OMEGA] = s[2]
        o[KX] = s[3]
        o[KY] = s[4]
        o[VAR_PHI] = P[0] * jx * jx + P[6] * jy * jy + 2 * P[1] * jx * jy
        o[COV_PHI_OMEGA] = P[2] * jx + P[7] * jy
        o[COV_PHI_KX] = P[3] * jx + P[8] * jy
        o[COV_PHI_KY] = P[4] * jx + P[9] * jy
        o[VAR_OMEGA] = P[12]
        o[VAR_KX] = P[18]
        o[COV_KXKY] = P[19]
        o[VAR_KY] = P[24]
        o[MEAN_OMEGA] = self.filters.mean[1]
        o[AMPLITUDE] = sqrt(A2) / gain
        self.whitener.colour(s3[2] / (2 * PI), &colour, &gain)
        o[PHI_FREE] = wrap(atan2(s3[1], s3[0]) - colour)
        o[OMEGA_FREE] = s3[2]
        o[MEAN_OMEGA_FREE] = self.filters.mean3[1]
        A2 = s3[0] * s3[0] + s3[1] * s3[1] + 1e-12
        for j in range(r):
            num += pu[j] * size[j]
            x = (u_re[j] * u_re[j] + u_im[j] * u_im[j]) * size[j]
            den += x
            gauge += pu[j] * size[j] * x                             # a turn of the whole pattern is a turn of the carrier, counted there
        o[VAR_FREE] = (P3[0] * s3[1] * s3[1] + P3[4] * s3[0] * s3[0] - 2 * P3[1] * s3[0] * s3[1]) / (A2 * A2)
        o[VAR_PATTERN] = num / den - gauge / (den * den)
        o[PLANE] = self.filters.plane
        o[WAVE] = self.filters.wave
        A2 = sqrt(A2) / gain
        for i in range(r):
            o[PATTERN + i] = 0
            o[PATTERN + r + i] = 0
            for j in range(r):
                x = A2 * iV[i * r + j]
                o[PATTERN + i] += x * u_re[j]
                o[PATTERN + r + i] += x * u_im[j]

    cdef void record_rest(self, const double* modes, bint masked) noexcept nogil:
        """What the wave leaves over goes to the local filter, what both say to hindsight; the record gets them as that weighs them."""
        cdef double wave[2 * RMAX], p = self.rec[WAVE], w = self.rec[PLANE], power = 0, turn, size, var, foretold[5]
        cdef double* o = self.rec
        cdef Causal* best = &self.local.wiener.best
        cdef int j, r = self.r
        self.filters.expected(wave, &wave[r])
        for j in range(2 * r):
            wave[j] *= p
            power += wave[j] * wave[j]
        self.local.push(modes, masked)
        var = o[VAR_KX] * self.spread[0] + 2 * o[COV_KXKY] * self.spread[1] + o[VAR_KY] * self.spread[2]
        var = w * (var if var > 0 else 0) + (1 - w) * self.hindsight.foresight.of_shape() * o[VAR_PATTERN]
        var += self.hindsight.foresight.of_carrier() * (w * o[VAR_PHI] + (1 - w) * o[VAR_FREE])
        foretold[0] = p
        foretold[1] = 2 * power * var
        foretold[2] = power * (1 - p)
        foretold[3] = self.local.power * (best.total - 1)
        foretold[4] = self.local.power
        self.hindsight.rough = self.residual.credit.known
        self.hindsight.push(self.local, self.whitener, wave, foretold, masked)
        size = sqrt(self.hindsight.b_re * self.hindsight.b_re + self.hindsight.b_im * self.hindsight.b_im)
        o[LOCAL] = size if size < 1 else 1
        o[TRAVELS] = self.travels
        o[LOCAL_POWER] = self.local.power / self.spread[3]
        size = self.hindsight.pooled * best.noise_gain * self.whitener.noise_power / (self.local.power + 1e-30)
        o[LOCAL_SHARE] = self.local.seen * (1 - size) if size < 1 else 0
        o[CARRIER_SCALE] = self.hindsight.foresight.of_carrier()
        o[SHAPE_SCALE] = self.hindsight.foresight.of_shape()
        o[ERROR_LEVEL] = self.hindsight.certainty.level
        o[ERROR_BURST] = self.hindsight.certainty.burst
        o[KEPT] = 1 - (1 - self.hindsight.pooled) * (1 - self.hindsight.certainty.kept)
        for j in range(r):
            o[REST + j] = self.hindsight.b_re * self.local.re[j] - self.hindsight.b_im * self.local.im[j]
            o[REST + r + j] = self.hindsight.b_re * self.local.im[j] + self.hindsight.b_im * self.local.re[j]
        o[LOCAL_TOTAL] = best.total
        for j in range(GRID):
            o[LOCAL_AHEAD + j] = best.ahead_re[j]
            o[LOCAL_AHEAD + GRID + j] = best.ahead_im[j]
        o[RESIDUAL] = self.residual.credit.b
        if self.residual.on:
            best = &self.residual.wiener.best
            o[RESIDUAL_POWER] = self.residual.credit.power
            o[RESIDUAL_SHARE] = self.local.seen * self.residual.credit.share
            o[RESIDUAL_TOTAL] = best.total
            for j in range(GRID):
                o[RESIDUAL_AHEAD + j] = best.ahead_re[j]
                o[RESIDUAL_AHEAD + GRID + j] = best.ahead_im[j]
        if self.local.fresh:
            self.hindsight.foresight.tell(o, wave, self.hindsight.a_re, self.hindsight.a_im)
        turn = atan2(self.hindsight.a_im, self.hindsight.a_re)
        size = sqrt(self.hindsight.a_re * self.hindsight.a_re + self.hindsight.a_im * self.hindsight.a_im)
        o[PHI] = wrap(o[PHI] + turn)
        o[PHI_FREE] = wrap(o[PHI_FREE] + turn)
        o[AMPLITUDE] *= size
        for j in range(2 * r):
            o[PATTERN + j] *= size

    def log_likelihood(self, double[:, ::1] y):
        """Log-likelihood of mode signals (n, r) under the plane wave."""
        cdef Py_ssize_t t
        cdef double modes[RMAX]
        with nogil:
            for t in range(y.shape[0]):
                self.filter(&y[t, 0], False, modes)
        return self.filters.total

    def run(self, double[:, ::1] y):
        """Feed mode signals (n, r); the records (n, RECORD) and the accumulated evidence for the plane. For calibration."""
        cdef Py_ssize_t t, n = y.shape[0]
        out = np.empty((n, RECORD))
        cdef double[:, ::1] v = out
        evidence = np.empty((n, 2))
        cdef double[:, ::1] w = evidence
        with nogil:
            for t in range(n):
                self.tick(&y[t, 0], False)
                memcpy(&v[t, 0], self.rec, sizeof(self.rec))
                w[t, 0] = self.filters.ev_plane
                w[t, 1] = self.filters.ev_wave
        return out, evidence

"""The onboard wave model: a noise-whitened plane-wave Kalman filter with a free-pattern twin, blended by likelihood.

Phase at electrode r is Phi - k.r, Phi' = omega > 0; the wave travels along k. The plane filter pools every electrode on one wave vector;
the free pattern (complex weights on the smooth modes of the layout, prior variance from the in-band excess covariance) takes over where
the wave is not plane: rotating, radial, standing, synchronous. Frequency is tracked, so the forecast does not carry a filter's detuning bias.
"""

from libc.string cimport memcpy, memset

import numpy as np

from wavestim.realtime.fmath cimport PI, atan2, exp, fabs, log, sincos, sqrt, wrap
from wavestim.realtime.forecast cimport (
    AMPLITUDE,
    COV_KXKY,
    COV_PHI_KX,
    COV_PHI_KY,
    COV_PHI_OMEGA,
    ERROR_BURST,
    ERROR_LEVEL,
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
    REST,
    TRAVELS,
    VAR_FREE,
    VAR_KX,
    VAR_KY,
    VAR_OMEGA,
    VAR_PHI,
    WAVE,
    outlook_set,
)
from wavestim.realtime.wiener cimport GRID, Causal
from wavestim.realtime.kalman cimport N_FREE, N_PLANE, predict, update
from wavestim.realtime.steering cimport Steering
from wavestim.realtime.whitening cimport biquads_run, load_biquads


cdef double SETTLE_S = 0.2          # the filters forget their start before anything is learned from them
cdef double STEP_RATIO = 400.0     # a change between ticks 20 times the usual one is no brain
cdef double STEP_MEMORY_S = 10.0
cdef double MISFIT_MEMORY_S = 2.0
cdef double LOOK_S = 0.02           # how often the band is asked whether it travels


cdef class WaveModel:

    def __init__(self, calibration, double fs_hz):
        """Start from a calibration at a tick rate of fs_hz."""
        o = calibration.options
        cdef int i, j
        self.modes = np.ascontiguousarray(calibration.modes, dtype=np.float64)
        self.xy = np.ascontiguousarray(calibration.layout_mm, dtype=np.float64)
        self.m = self.modes.shape[0]
        self.r = self.modes.shape[1]
        self.fs = fs_hz
        self.whitener = Whitener(calibration, fs_hz)
        cdef double dt = 1 / fs_hz, w0 = calibration.omega_rad_s, a0 = calibration.amplitude_uv
        cdef double[:] sd_k = calibration.sd_k_rad_mm, k = calibration.k_rad_mm
        self.dyn.dt = dt
        self.dyn.q_amp = o.q_amp * 1000 * dt
        self.dyn.tau_amp = o.tau_amp_s
        self.dyn.decay_freq = exp(-dt / <double>o.tau_freq_s)
        self.dyn.var_freq = o.sd_freq**2
        self.dyn.decay_k = exp(-dt / <double>o.tau_k_s)
        self.dyn.var_k[0] = sd_k[0] * sd_k[0]
        self.dyn.var_k[1] = sd_k[1] * sd_k[1]
        self.dyn.huber = o.huber
        outlook_set(&self.outlook, calibration)
        self.local = Local(calibration, fs_hz)
        self.travel = Travel(calibration, fs_hz)
        self.look_every = max(1, round(LOOK_S * fs_hz))
        self.hindsight = Hindsight(calibration, fs_hz)
        used = np.asarray(calibration.layout_mm)[calibration.used]
        self.spread = [np.mean(used[:, 0] ** 2), np.mean(used[:, 0] * used[:, 1]), np.mean(used[:, 1] ** 2), len(used)]
        load_biquads(&self.band, calibration.band_sos)
        self.misfit_rate = 1 - exp(-dt / MISFIT_MEMORY_S)
        self.misfit_gain = fs_hz / 2 / calibration.widths_hz[len(calibration.widths_hz) - 1]
        for i, tau in enumerate((o.tau_mean_amp_s, o.tau_mean_freq_s, o.tau_mean_k_s, o.tau_mean_k_s)):
            self.taus[i] = dt / tau
        self.refresh = max(1, round(o.refresh_s * fs_hz))
        self.steering = Steering(calibration, self.refresh)
        self.ev_decay = dt / o.evidence_tau_s
        self.ev_decay2 = dt / (2 * o.evidence_tau_s)
        self.prior_plane = o.evidence_prior
        self.ev_threshold = calibration.evidence_threshold
        self.ev_scale = calibration.evidence_scale
        self.pattern_decay = exp(-dt / <double>o.tau_pattern_s)
        self.step_power = max(calibration.step_power, 1e-12)
        self.k_max = calibration.k_max_rad_mm
        self.omega_min = 2 * np.pi * max(0.3, 0.9 * calibration.band_hz[0])
        self.omega_max = 2 * np.pi * 1.1 * calibration.band_hz[1]
        self.colour_phase = np.ascontiguousarray(calibration.colour_phase_rad)
        self.colour_gain = np.ascontiguousarray(calibration.colour_gain)
        self.prior_s = [0.0, 0.0, w0, k[0], k[1]]
        self.prior_mean = [a0, w0, k[0], k[1]]
        memset(self.prior_P, 0, sizeof(self.prior_P))
        self.prior_P[0] = self.prior_P[6] = a0 * a0
        self.prior_P[12] = (o.sd_freq * w0) ** 2
        self.prior_P[18] = 2 * self.dyn.var_k[0]
        self.prior_P[24] = 2 * self.dyn.var_k[1]
        # the pattern is calibrated in mode space, the filter holds it in white space: white = V' modes
        pattern = np.asarray(calibration.pattern)
        for j in range(self.r):
            self.prior_u[j] = pattern[j].real
            self.prior_u[RMAX + j] = pattern[j].imag
        self.reset()

    cdef void forget(self) noexcept nogil:
        """After a long gap: neither the wave nor that anything travelled."""
        self.travel.reset()
        self.reset()

    cdef void reset(self) noexcept nogil:
        """Forget the wave, keep what was learned of the noise."""
        cdef int i, j, r = self.r
        memcpy(self.s, self.prior_s, sizeof(self.s))
        memcpy(self.P, self.prior_P, sizeof(self.P))
        memcpy(self.mean, self.prior_mean, sizeof(self.mean))
        for i in range(3):
            self.s3[i] = self.s[i]
            for j in range(3):
                self.P3[i * 3 + j] = self.P[i * 5 + j]
        self.mean3[0] = self.mean[0]
        self.mean3[1] = self.mean[1]
        for j in range(r):
            self.u_re[j] = 0
            self.u_im[j] = 0
            for i in range(r):
                self.u_re[j] += self.whitener.V[i * r + j] * self.prior_u[i]
                self.u_im[j] += self.whitener.V[i * r + j] * self.prior_u[RMAX + i]
            self.pu[j] = self.whitener.sig2[j] / 2
        self.ev_plane = 0
        self.ev_wave = 0
        self.ticks = 0
        self.blind = 0
        self.coasting = False
        memset(self.level, 0, sizeof(self.level))
        memset(self.offset, 0, sizeof(self.offset))
        memset(self.last_modes, 0, sizeof(self.last_modes))
        self.fresh = True
        self.misfit = 1
        memset(self.band.z, 0, sizeof(self.band.z))
        self.local.reset()
        self.travels = 0
        self.hindsight.reset()
        self.steering.begin(self.s[3], self.s[4])
        self.steering.finish()
        self.steer()
        self.write_record()

    cdef void steer(self) noexcept nogil:
        """Steering vectors of the last renewal and their slopes in k, in white mode space."""
        cdef int j, i, q, r = self.r
        cdef double b
        self.k0[0] = self.steering.k[0]
        self.k0[1] = self.steering.k[1]
        memset(self.G, 0, sizeof(self.G))
        memset(self.D, 0, sizeof(self.D))
        for i in range(r):
            for q in range(6):
                b = self.steering.done[q][i]
                for j in range(r):
                    if q < 2:
                        self.G[q * RMAX + j] += self.whitener.V[i * r + j] * b
                    else:
                        self.D[(q - 2) * RMAX + j] += self.whitener.V[i * r + j] * b

    cdef void next_modes(self, double* out) noexcept nogil:
        """What the modes will show on the next tick: what they showed last, and the wave a tick further on."""
        cdef double now[RMAX], quadrature[RMAX], sn, cs
        cdef int j
        self.expected_modes(now, quadrature)
        sincos(self.s[2] * self.dyn.dt, &sn, &cs)
        for j in range(self.r):
            out[j] = self.last_modes[j] + self.offset[j] + (cs - 1) * now[j] - sn * quadrature[j]

    cdef void expected_modes(self, double* out, double* quadrature) noexcept nogil:
        """The wave that the plane or the pattern expects now, in mode space and in uV of the unwhitened signal, and a quarter cycle later."""
        cdef int c, i, j, r = self.r
        cdef double re[RMAX], im[RMAX], cs, sn, f, gain, phase, wp = self.rec[PLANE], a, b, x
        for i in range(r):
            re[i] = 0
            im[i] = 0
            for j in range(r):
                # plane: s . [G_cos, G_sin]; the quadrature part serves to turn back the colour of the whitening
                x = self.whitener.iV[i * r + j]
                re[i] += x * (wp * (self.s[0] * self.G[j] + self.s[1] * self.G[RMAX + j])
                              + (1 - wp) * (self.s3[0] * self.u_re[j] - self.s3[1] * self.u_im[j]))
                im[i] += x * (wp * (self.s[1] * self.G[j] - self.s[0] * self.G[RMAX + j])
                              + (1 - wp) * (self.s3[1] * self.u_re[j] + self.s3[0] * self.u_im[j]))
        f = self.s[2] / (2 * PI)
        self_colour(self, f, &phase, &gain)
        sincos(phase, &sn, &cs)
        for i in range(r):
            out[i] = (re[i] * cs + im[i] * sn) / gain             # z exp(-i phase) / gain
            quadrature[i] = (im[i] * cs - re[i] * sn) / gain

    cdef void tick(self, const double* y, bint masked) noexcept nogil:
        """One tick of mode signals (uV). Masked: the samples show our own light or nothing at all; the model coasts."""
        cdef double modes[RMAX], shaped[RMAX], white[RMAX], wave[RMAX], quadrature[RMAX], jump = 0, x
        cdef int j, r = self.r
        if self.fresh and not masked:                             # the filters start from the first value, not from zero
            for j in range(r):
                self.offset[j] = y[j]
            self.fresh = False
        if not masked and not self.coasting:
            for j in range(r):
                x = y[j] - self.offset[j] - self.last_modes[j]
                jump += x * x
            if jump > STEP_RATIO * self.step_power and self.ticks > 0:
                for j in range(r):                                # an electrode or amplifier stepped: take the step out
                    self.offset[j] = y[j] - self.last_modes[j]
                masked = True
            else:
                self.step_power += (jump - self.step_power) * self.dyn.dt / STEP_MEMORY_S
        if masked:
            # the last believed residual is held (noise is red), the expected wave goes on: no step for the filters to ring on
            self.expected_modes(wave, quadrature)
            if not self.coasting:
                for j in range(r):
                    self.level[j] = self.last_modes[j] - wave[j]
                self.coasting = True
            for j in range(r):
                modes[j] = self.level[j] + wave[j]
        else:
            if self.coasting:
                self.coasting = False
                self.blind = <int>(0.004 * self.fs)
            for j in range(r):
                modes[j] = y[j] - self.offset[j]
        memcpy(self.last_modes, modes, r * sizeof(double))
        self.whitener.white(modes, shaped, white)
        self.advance(white, masked or self.ticks < SETTLE_S * self.fs)
        if masked:
            self.travel.skip()
        else:
            if self.whitener.learn(shaped):
                self.carry_over()
            self.travel.add(&self.whitener.seen[self.whitener.n_bands - 1][0])
        if self.ticks % self.look_every == 0:
            self.look()
        self.write_record()
        self.rest(modes, masked)

    cdef void look(self) noexcept nogil:
        """Is what is reported, or anything, seen to travel?"""
        cdef double im[RMAX], limit = self.travel.limit(), here
        cdef int j
        if self.rec[PLANE] >= 0.5:
            here = self.travel.of_pattern(self.G, self.G + RMAX, self.whitener.V)
        else:
            for j in range(self.r):
                im[j] = -self.u_im[j]
            here = self.travel.of_pattern(self.u_re, im, self.whitener.V)
        self.travels = 1 if here > limit or self.travel.of_any(self.whitener.V) > limit else 0

    cdef void rest(self, const double* modes, bint masked) noexcept nogil:
        """What the wave leaves over goes to the local filter, what both say to hindsight; the record gets them as that weighs them."""
        cdef double wave[2 * RMAX], p = self.rec[WAVE], w = self.rec[PLANE], power = 0, turn, size, var, foretold[5]
        cdef double* o = self.rec
        cdef Causal* best = &self.local.wiener.best
        cdef int j, r = self.r
        self.expected_modes(wave, &wave[r])
        for j in range(2 * r):
            wave[j] *= p
            power += wave[j] * wave[j]
        self.local.push(modes, masked)
        var = o[VAR_PHI] + o[VAR_KX] * self.spread[0] + 2 * o[COV_KXKY] * self.spread[1] + o[VAR_KY] * self.spread[2]
        var = w * (var if var > 0 else 0) + (1 - w) * o[VAR_FREE]
        foretold[0] = p
        foretold[1] = 2 * power * var
        foretold[2] = power * (1 - p)
        foretold[3] = self.local.power * (best.total - 1)
        foretold[4] = self.local.power
        self.hindsight.push(self.local, wave, foretold, masked, self.whitener.noise_power)
        size = sqrt(self.hindsight.b_re * self.hindsight.b_re + self.hindsight.b_im * self.hindsight.b_im)
        o[LOCAL] = size if size < 1 else 1
        o[TRAVELS] = self.travels
        o[LOCAL_POWER] = self.local.power / self.spread[3]
        size = self.hindsight.pooled * best.noise_gain * self.whitener.noise_power / (self.local.power + 1e-30)
        o[LOCAL_SHARE] = 1 - size if size < 1 else 0
        o[ERROR_LEVEL] = self.hindsight.certainty.level
        o[ERROR_BURST] = self.hindsight.certainty.burst
        for j in range(r):
            o[REST + j] = self.hindsight.b_re * self.local.re[j] - self.hindsight.b_im * self.local.im[j]
            o[REST + r + j] = self.hindsight.b_re * self.local.im[j] + self.hindsight.b_im * self.local.re[j]
        o[LOCAL_TOTAL] = best.total
        for j in range(GRID):
            o[LOCAL_AHEAD + j] = best.ahead_re[j]
            o[LOCAL_AHEAD + GRID + j] = best.ahead_im[j]
        turn = atan2(self.hindsight.a_im, self.hindsight.a_re)
        size = sqrt(self.hindsight.a_re * self.hindsight.a_re + self.hindsight.a_im * self.hindsight.a_im)
        o[PHI] = wrap(o[PHI] + turn)
        o[PHI_FREE] = wrap(o[PHI_FREE] + turn)
        o[AMPLITUDE] *= size
        for j in range(2 * r):
            o[PATTERN + j] *= size

    cdef void carry_over(self) noexcept nogil:
        """The whitening changed: bring the pattern and the steering into the new white space."""
        cdef double re[RMAX], im[RMAX], p[RMAX], x
        cdef int i, j, r = self.r
        for i in range(r):
            re[i] = 0
            im[i] = 0
            p[i] = 0
            for j in range(r):
                x = self.whitener.M[i * r + j]
                re[i] += x * self.u_re[j]
                im[i] += x * self.u_im[j]
                p[i] += x * x * self.pu[j]
        memcpy(self.u_re, re, sizeof(re))
        memcpy(self.u_im, im, sizeof(im))
        memcpy(self.pu, p, sizeof(p))
        self.steer()

    cdef void advance(self, const double* white, bint masked) noexcept nogil:
        cdef double H[RMAX * N_PLANE], nu[RMAX], R[RMAX], ll, ll3, A2, e[RMAX], ee = 0, g, gain, yy = 0, q, huber = self.dyn.huber
        cdef double left[RMAX], wp = self.rec[PLANE], noise = self.misfit if self.misfit > 1 else 1
        cdef int i, j, r = self.r
        predict(self.s, self.P, N_PLANE, self.mean, &self.dyn)
        predict(self.s3, self.P3, N_FREE, self.mean3, &self.dyn)
        self.ticks += 1
        if self.ticks % self.refresh == 0:
            self.steering.begin(self.s[3], self.s[4])
        if self.steering.step():
            self.steer()
        for j in range(r):                                        # the pattern drifts towards its prior
            self.u_re[j] *= self.pattern_decay
            self.u_im[j] *= self.pattern_decay
            self.pu[j] = self.pattern_decay * self.pattern_decay * self.pu[j] + (1 - self.pattern_decay * self.pattern_decay) * self.whitener.sig2[j] / 2
        self.ev_plane -= self.ev_decay * self.ev_plane
        self.ev_wave -= self.ev_decay2 * self.ev_wave
        if masked:
            memset(left, 0, sizeof(left))
            biquads_run(&self.band, left, left, r)
            return
        if self.blind > 0:                                        # the filters still settle after the mask: trust the innovations less
            self.blind -= 1
            huber = 0.5 * huber
        for j in range(r):
            H[j * 5] = self.G[j]
            H[j * 5 + 1] = self.G[RMAX + j]
            H[j * 5 + 2] = 0
            H[j * 5 + 3] = self.s[0] * self.D[j] + self.s[1] * self.D[RMAX + j]
            H[j * 5 + 4] = self.s[0] * self.D[2 * RMAX + j] + self.s[1] * self.D[3 * RMAX + j]
            nu[j] = (white[j] - self.s[0] * self.G[j] - self.s[1] * self.G[RMAX + j] - H[j * 5 + 3] * (self.s[3] - self.k0[0])
                     - H[j * 5 + 4] * (self.s[4] - self.k0[1]))
            R[j] = noise
            left[j] = wp * nu[j]
            yy += white[j] * white[j]
        ll = update(self.s, self.P, N_PLANE, H, nu, R, r, huber)
        self.mean[0] += self.taus[0] * (sqrt(self.s[0] * self.s[0] + self.s[1] * self.s[1]) - self.mean[0])
        for i in range(1, 4):
            self.mean[i] += self.taus[i] * (self.s[i + 1] - self.mean[i])
        A2 = self.s3[0] * self.s3[0] + self.s3[1] * self.s3[1]
        for j in range(r):
            H[j * 3] = self.u_re[j]
            H[j * 3 + 1] = -self.u_im[j]
            H[j * 3 + 2] = 0
            nu[j] = white[j] - self.s3[0] * self.u_re[j] + self.s3[1] * self.u_im[j]
            R[j] = noise + self.pu[j] * A2
            left[j] += (1 - wp) * nu[j]
        ll3 = update(self.s3, self.P3, N_FREE, H, nu, R, r, huber)
        self.mean3[1] += self.taus[1] * (self.s3[2] - self.mean3[1])
        A2 = self.s3[0] * self.s3[0] + self.s3[1] * self.s3[1]
        for j in range(r):
            e[j] = white[j] - self.s3[0] * self.u_re[j] + self.s3[1] * self.u_im[j]
            ee += e[j] * e[j]
        gain = ee / (noise * huber * huber * r)
        if gain < 1:
            gain = 1
        for j in range(r):
            g = self.pu[j] / (noise + self.pu[j] * A2)
            self.u_re[j] += g * e[j] / gain * self.s3[0]
            self.u_im[j] -= g * e[j] / gain * self.s3[1]
            self.pu[j] -= g * self.pu[j] * A2 / 2
        q = yy / (noise * huber * huber * r)                      # the null sees the same down-weighting as the wave
        q = noise * (q if q > 1 else 1)
        self.total += ll
        self.ev_plane += ll - ll3
        self.ev_wave += (ll if ll > ll3 else ll3) + 0.5 * yy / q + 0.5 * r * log(q)
        biquads_run(&self.band, left, left, r)                    # innovations are white if the model is right
        ee = 0
        for j in range(r):
            ee += left[j] * left[j]
        self.misfit += self.misfit_rate * (self.misfit_gain * ee / r - self.misfit)
        self.keep_in_range()

    cdef void keep_in_range(self) noexcept nogil:
        """A filter that left the plausible range starts again from its prior; k and omega stay inside what the layout and band can show."""
        cdef double k2 = self.s[3] * self.s[3] + self.s[4] * self.s[4], f
        cdef int i
        if not (self.s[0] * self.s[0] + self.s[1] * self.s[1] < 1e24 and k2 < 1e12 and fabs(self.s[2]) < 1e9
                and self.s3[0] * self.s3[0] + self.s3[1] * self.s3[1] < 1e24 and fabs(self.s3[2]) < 1e9
                and self.P[0] >= 0 and self.P[6] >= 0 and self.P[12] >= 0 and self.P3[0] >= 0 and self.P3[4] >= 0):
            self.reset()
            return
        if k2 > self.k_max * self.k_max:
            f = self.k_max / sqrt(k2)
            self.s[3] *= f
            self.s[4] *= f
        self.s[2] = clip(self.s[2], self.omega_min, self.omega_max)
        self.s3[2] = clip(self.s3[2], self.omega_min, self.omega_max)

    cdef void write_record(self) noexcept nogil:
        cdef double* o = self.rec
        cdef double A2 = self.s[0] * self.s[0] + self.s[1] * self.s[1] + 1e-12, jx, jy, colour, gain, num = 0, den = 1e-12, gauge = 0, size, x
        cdef int i, j, r = self.r
        self_colour(self, self.s[2] / (2 * PI), &colour, &gain)
        jx = -self.s[1] / A2
        jy = self.s[0] / A2
        o[PHI] = wrap(atan2(self.s[1], self.s[0]) - colour)
        o[OMEGA] = self.s[2]
        o[KX] = self.s[3]
        o[KY] = self.s[4]
        o[VAR_PHI] = self.P[0] * jx * jx + self.P[6] * jy * jy + 2 * self.P[1] * jx * jy
        o[COV_PHI_OMEGA] = self.P[2] * jx + self.P[7] * jy
        o[COV_PHI_KX] = self.P[3] * jx + self.P[8] * jy
        o[COV_PHI_KY] = self.P[4] * jx + self.P[9] * jy
        o[VAR_OMEGA] = self.P[12]
        o[VAR_KX] = self.P[18]
        o[COV_KXKY] = self.P[19]
        o[VAR_KY] = self.P[24]
        o[MEAN_OMEGA] = self.mean[1]
        o[AMPLITUDE] = sqrt(A2) / gain
        self_colour(self, self.s3[2] / (2 * PI), &colour, &gain)
        o[PHI_FREE] = wrap(atan2(self.s3[1], self.s3[0]) - colour)
        o[OMEGA_FREE] = self.s3[2]
        o[MEAN_OMEGA_FREE] = self.mean3[1]
        A2 = self.s3[0] * self.s3[0] + self.s3[1] * self.s3[1] + 1e-12
        for j in range(r):
            size = 0
            for i in range(r):
                size += self.whitener.iV[i * r + j] * self.whitener.iV[i * r + j]
            num += self.pu[j] * size
            x = (self.u_re[j] * self.u_re[j] + self.u_im[j] * self.u_im[j]) * size
            den += x
            gauge += self.pu[j] * size * x                        # a turn of the whole pattern is a turn of the carrier, counted there
        o[VAR_FREE] = (self.P3[0] * self.s3[1] * self.s3[1] + self.P3[4] * self.s3[0] * self.s3[0] - 2 * self.P3[1] * self.s3[0] * self.s3[1]) / (A2 * A2) + num / den - gauge / (den * den)
        x = self.ev_plane + self.prior_plane
        o[PLANE] = 1 / (1 + exp(-clip(x, -50, 50)))
        o[WAVE] = 1 / (1 + exp(-clip((self.ev_wave - self.ev_threshold) / self.ev_scale, -50, 50)))
        A2 = sqrt(A2) / gain
        for i in range(r):
            o[PATTERN + i] = 0
            o[PATTERN + r + i] = 0
            for j in range(r):
                x = A2 * self.whitener.iV[i * r + j]
                o[PATTERN + i] += x * self.u_re[j]
                o[PATTERN + r + i] += x * self.u_im[j]

    def log_likelihood(self, double[:, ::1] y):
        """Log-likelihood of mode signals (n, r) under the plane wave."""
        cdef Py_ssize_t t
        with nogil:
            for t in range(y.shape[0]):
                self.tick(&y[t, 0], False)
        return self.total

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
                w[t, 0] = self.ev_plane
                w[t, 1] = self.ev_wave
        return out, evidence


cdef inline double clip(double x, double lo, double hi) noexcept nogil:
    return lo if x < lo else (hi if x > hi else x)


cdef inline void self_colour(WaveModel w, double f_hz, double* phase, double* gain) noexcept nogil:
    """Phase (rad) and gain of the temporal whitening at f_hz, between the points of its 1 Hz table."""
    cdef Py_ssize_t n = w.colour_phase.shape[0], i
    cdef double x = clip(f_hz - 1, 0, n - 1.000001)
    i = <Py_ssize_t>x
    x -= i
    phase[0] = w.colour_phase[i] + x * (w.colour_phase[i + 1] - w.colour_phase[i])
    gain[0] = w.colour_gain[i] + x * (w.colour_gain[i + 1] - w.colour_gain[i])

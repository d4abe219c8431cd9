"""The filter pair: a plane-wave Kalman filter and its free-pattern twin, on white mode signals, weighed by their likelihoods.

The plane filter pools every electrode on one wave vector; the free pattern (complex weights on the smooth modes of the layout, prior variance
from the in-band excess covariance) is there for what is not plane. Each tracks its carrier's frequency. Leaky sums of their log-likelihoods are
the evidence for the one against the other, and for a wave against noise alone.
"""

from libc.string cimport memcpy, memset

import numpy as np

from wavestim.realtime.fmath cimport PI, clip, exp, fabs, log, sincos, sqrt
from wavestim.realtime.kalman cimport N_FREE, N_PLANE, predict, update
from wavestim.realtime.whitening cimport biquads_run, load_biquads


cdef double BLIND_S = 0.004         # after a mask the filters of the whitening still settle
cdef double MISFIT_MEMORY_S = 2.0


cdef class FilterPair:

    def __init__(self, calibration, double fs_hz, Whitener whitener):
        """Start from a calibration at a tick rate of fs_hz, behind its whitener."""
        o = calibration.options
        cdef int i, j
        cdef double dt = 1 / fs_hz, w0 = calibration.omega_rad_s, a0 = calibration.amplitude_uv
        cdef double[:] sd_k = calibration.sd_k_rad_mm, k = calibration.k_rad_mm
        self.r = calibration.modes.shape[1]
        self.fs = fs_hz
        self.whitener = whitener
        self.dyn.dt = dt
        self.dyn.q_amp = o.q_amp * 1000 * dt
        self.dyn.tau_amp = o.tau_amp_s
        self.dyn.decay_freq = exp(-dt / <double>o.tau_freq_s)
        self.dyn.var_freq = o.sd_freq**2
        self.dyn.decay_k = exp(-dt / <double>o.tau_k_s)
        self.dyn.var_k[0] = sd_k[0] * sd_k[0]
        self.dyn.var_k[1] = sd_k[1] * sd_k[1]
        self.dyn.huber = o.huber
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
        self.k_max = calibration.k_max_rad_mm
        self.omega_min = 2 * np.pi * max(0.3, 0.9 * calibration.band_hz[0])
        self.omega_max = 2 * np.pi * 1.1 * calibration.band_hz[1]
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

    cdef void reset(self) noexcept nogil:
        """Forget the wave."""
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
        self.misfit = 1
        memset(self.band.z, 0, sizeof(self.band.z))
        self.steering.begin(self.s[3], self.s[4])
        self.steering.finish()
        self.steer()
        self.weigh()

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

    cdef void expected(self, double* out, double* quadrature) noexcept nogil:
        """The wave that the plane or the pattern expects now, in mode space and in uV of the unwhitened signal, and a quarter cycle later."""
        cdef int i, j, r = self.r
        cdef double white_re[RMAX], white_im[RMAX], re[RMAX], im[RMAX], cs, sn, gain, phase, wp = self.plane, x
        for j in range(r):
            # plane: s . [G_cos, G_sin]; the quadrature part serves to turn back the colour of the whitening
            white_re[j] = (wp * (self.s[0] * self.G[j] + self.s[1] * self.G[RMAX + j])
                           + (1 - wp) * (self.s3[0] * self.u_re[j] - self.s3[1] * self.u_im[j]))
            white_im[j] = (wp * (self.s[1] * self.G[j] - self.s[0] * self.G[RMAX + j])
                           + (1 - wp) * (self.s3[1] * self.u_re[j] + self.s3[0] * self.u_im[j]))
        for i in range(r):
            re[i] = 0
            im[i] = 0
            for j in range(r):
                x = self.whitener.iV[i * r + j]
                re[i] += x * white_re[j]
                im[i] += x * white_im[j]
        self.whitener.colour(self.s[2] / (2 * PI), &phase, &gain)
        sincos(phase, &sn, &cs)
        for i in range(r):
            out[i] = (re[i] * cs + im[i] * sn) / gain             # z exp(-i phase) / gain
            quadrature[i] = (im[i] * cs - re[i] * sn) / gain

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

    cdef void doubt(self) noexcept nogil:
        """What was seen of late is not to be believed: the phase is unknown, k and the pattern are as they were."""
        cdef int i, j
        for i in range(2):
            self.s[i] = self.s3[i] = 0
            for j in range(N_PLANE):
                self.P[i * N_PLANE + j] = self.P[j * N_PLANE + i] = 0
            for j in range(N_FREE):
                self.P3[i * N_FREE + j] = self.P3[j * N_FREE + i] = 0
        self.P[0] = self.P[6] = self.P3[0] = self.P3[4] = self.mean[0] * self.mean[0]

    cdef void settle(self) noexcept nogil:
        """A mask has just ended: for a moment the innovations are trusted less."""
        self.blind = <int>(BLIND_S * self.fs)

    cdef bint advance(self, const double* white, bint masked) noexcept nogil:
        """One tick of white mode signals; masked, the filters only go on. False: one left the plausible range, and the wave is to be forgotten."""
        cdef double nothing[RMAX]
        cdef bint plausible = True
        self.drift()
        if masked:
            memset(nothing, 0, sizeof(nothing))
            biquads_run(&self.band, nothing, nothing, self.r)
        else:
            plausible = self.learn(white)
        self.weigh()
        return plausible

    cdef void drift(self) noexcept nogil:
        """A tick ahead without looking."""
        cdef int j
        predict(self.s, self.P, N_PLANE, self.mean, &self.dyn)
        predict(self.s3, self.P3, N_FREE, self.mean3, &self.dyn)
        self.ticks += 1
        if self.ticks % self.refresh == 0:
            self.steering.begin(self.s[3], self.s[4])
        if self.steering.step():
            self.steer()
        for j in range(self.r):                                   # the pattern drifts towards its prior
            self.u_re[j] *= self.pattern_decay
            self.u_im[j] *= self.pattern_decay
            self.pu[j] = self.pattern_decay * self.pattern_decay * self.pu[j] + (1 - self.pattern_decay * self.pattern_decay) * self.whitener.sig2[j] / 2
        self.ev_plane -= self.ev_decay * self.ev_plane
        self.ev_wave -= self.ev_decay2 * self.ev_wave

    cdef bint learn(self, const double* white) noexcept nogil:
        """Both filters learn from the tick, and what they left over says how well they do."""
        cdef double nu[RMAX], nu3[RMAX], left[RMAX], ll, ll3, yy = 0, ee = 0, q
        cdef double wp = self.plane, noise = self.misfit if self.misfit > 1 else 1, huber = self.dyn.huber
        cdef int j, r = self.r
        if self.blind > 0:
            self.blind -= 1
            huber = 0.5 * huber
        for j in range(r):
            yy += white[j] * white[j]
        ll = self.learn_plane(white, noise, huber, nu)
        ll3 = self.learn_pattern(white, noise, huber, nu3)
        q = yy / (noise * huber * huber * r)                      # the null sees the same down-weighting as the wave
        q = noise * (q if q > 1 else 1)
        self.total += ll
        self.ev_plane += ll - ll3
        self.ev_wave += (ll if ll > ll3 else ll3) + 0.5 * yy / q + 0.5 * r * log(q)
        for j in range(r):
            left[j] = wp * nu[j]
            left[j] += (1 - wp) * nu3[j]
        biquads_run(&self.band, left, left, r)                    # innovations are white if the model is right
        for j in range(r):
            ee += left[j] * left[j]
        self.misfit += self.misfit_rate * (self.misfit_gain * ee / r - self.misfit)
        return self.keep_in_range()

    cdef double learn_plane(self, const double* white, double noise, double huber, double* nu) noexcept nogil:
        """Update of the plane wave; its innovations and their log-likelihood."""
        cdef double H[RMAX * N_PLANE], R[RMAX], ll
        cdef int i, j, r = self.r
        for j in range(r):
            H[j * 5] = self.G[j]
            H[j * 5 + 1] = self.G[RMAX + j]
            H[j * 5 + 2] = 0
            H[j * 5 + 3] = self.s[0] * self.D[j] + self.s[1] * self.D[RMAX + j]
            H[j * 5 + 4] = self.s[0] * self.D[2 * RMAX + j] + self.s[1] * self.D[3 * RMAX + j]
            nu[j] = (white[j] - self.s[0] * self.G[j] - self.s[1] * self.G[RMAX + j] - H[j * 5 + 3] * (self.s[3] - self.k0[0])
                     - H[j * 5 + 4] * (self.s[4] - self.k0[1]))
            R[j] = noise
        ll = update(self.s, self.P, N_PLANE, H, nu, R, r, huber)
        self.mean[0] += self.taus[0] * (sqrt(self.s[0] * self.s[0] + self.s[1] * self.s[1]) - self.mean[0])
        for i in range(1, 4):
            self.mean[i] += self.taus[i] * (self.s[i + 1] - self.mean[i])
        return ll

    cdef double learn_pattern(self, const double* white, double noise, double huber, double* nu) noexcept nogil:
        """Update of the free pattern's carrier, then of the pattern itself; the carrier's innovations and their log-likelihood."""
        cdef double H[RMAX * N_FREE], R[RMAX], e[RMAX], A2 = self.s3[0] * self.s3[0] + self.s3[1] * self.s3[1], ll, ee = 0, g, gain
        cdef int j, r = self.r
        for j in range(r):
            H[j * 3] = self.u_re[j]
            H[j * 3 + 1] = -self.u_im[j]
            H[j * 3 + 2] = 0
            nu[j] = white[j] - self.s3[0] * self.u_re[j] + self.s3[1] * self.u_im[j]
            R[j] = noise + self.pu[j] * A2
        ll = update(self.s3, self.P3, N_FREE, H, nu, R, r, huber)
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
        return ll

    cdef void weigh(self) noexcept nogil:
        """From evidence to weights."""
        cdef double x = self.ev_plane + self.prior_plane
        self.plane = 1 / (1 + exp(-clip(x, -50, 50)))
        self.wave = 1 / (1 + exp(-clip((self.ev_wave - self.ev_threshold) / self.ev_scale, -50, 50)))

    cdef bint keep_in_range(self) noexcept nogil:
        """k and omega stay inside what the layout and the band can show; False when a filter has left any plausible range."""
        cdef double k2 = self.s[3] * self.s[3] + self.s[4] * self.s[4], f
        if not (self.s[0] * self.s[0] + self.s[1] * self.s[1] < 1e24 and k2 < 1e12 and fabs(self.s[2]) < 1e9
                and self.s3[0] * self.s3[0] + self.s3[1] * self.s3[1] < 1e24 and fabs(self.s3[2]) < 1e9
                and self.P[0] >= 0 and self.P[6] >= 0 and self.P[12] >= 0 and self.P3[0] >= 0 and self.P3[4] >= 0):
            return False
        if k2 > self.k_max * self.k_max:
            f = self.k_max / sqrt(k2)
            self.s[3] *= f
            self.s[4] *= f
        self.s[2] = clip(self.s[2], self.omega_min, self.omega_max)
        self.s3[2] = clip(self.s3[2], self.omega_min, self.omega_max)
        return True

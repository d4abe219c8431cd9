"""The tracker's tick in plain numpy: the pair of Kalman filters, as one would write them without a compiler.

A yardstick for speed. Of what the engine does in a tick it does the filters, their blend and the phase at every electrode; learning of the
noise, masks and the description of the wave are left out.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import sosfilt
from wavestim.controller.bench.scenes import Array
from wavestim.realtime.calibration import Calibration

FLOOR = 1e-2
"""Of the mean noise: no mode is taken to be more silent."""


class PlainTick:
    """Both filters over mode signals, started from a calibration."""

    def __init__(self, calibration: Calibration) -> None:
        c, o, dt = calibration, calibration.options, 1 / calibration.fs_hz
        self.o, self.dt, self.c = o, dt, c
        r = len(c.noise_cov)
        self.projection = np.where(c.used[:, None], c.modes, 0.0)
        factor = np.linalg.cholesky(c.noise_cov + FLOOR * np.trace(c.noise_cov) / r * np.eye(r))
        inverse = np.linalg.inv(factor)
        power, axes = np.linalg.eigh(c.in_band_cov - c.noise_cov)
        power = np.maximum(power, 0)
        prior = (axes * (power / (power.sum() + 1e-12) + o.pattern_floor / r)) @ axes.T * c.n_pattern
        self.prior_u, turn = np.linalg.eigh(inverse @ prior @ inverse.T)
        self.white = inverse.T @ turn
        self.patterns = c.modes @ factor @ turn
        self.steer_modes = self.white.T @ c.modes.T
        self.zi = np.zeros((len(c.shaper_sos), 2, r))
        self.decay = np.exp(-dt / np.array([o.tau_freq_s, o.tau_k_s, o.tau_k_s]))
        self.growth = np.array([o.sd_freq * c.omega_rad_s, *c.sd_k_rad_mm]) ** 2 * (1 - self.decay**2)
        a = c.amplitude_uv
        self.mean = np.array([a, c.omega_rad_s, *c.k_rad_mm])
        self.mean_free = self.mean[:2].copy()
        self.s = np.array([0.0, 0.0, c.omega_rad_s, *c.k_rad_mm])
        self.P = np.diag([a * a, a * a, (o.sd_freq * c.omega_rad_s) ** 2, *(2 * c.sd_k_rad_mm**2)])
        self.s_free, self.P_free = self.s[:3].copy(), self.P[:3, :3].copy()
        self.u = self.white.T @ c.pattern
        self.pu = self.prior_u / 2
        self.taus = dt / np.array([o.tau_mean_amp_s, o.tau_mean_freq_s, o.tau_mean_k_s, o.tau_mean_k_s])
        self.evidence, self.ticks = 0.0, 0
        self.refresh = max(1, round(o.refresh_s * c.fs_hz))
        self.steer()

    def steer(self) -> None:
        """What the plane wave looks like in white mode space, and its slopes in k."""
        xy = self.c.layout_mm
        wave = np.exp(1j * (xy @ self.s[3:]))
        slope = 1j * wave[:, None] * xy
        self.k0 = self.s[3:].copy()
        self.G, self.D = self.steer_modes @ wave, self.steer_modes @ slope

    def predict(self, s: Array, P: Array, mean: Array) -> tuple[Array, Array]:
        """One tick ahead."""
        o, dt, n = self.o, self.dt, len(s)
        A2 = s[0] ** 2 + s[1] ** 2 + 1e-12
        A, unknown = np.sqrt(A2), P[0, 0] + P[1, 1]
        back = dt / o.tau_amp_s * A2 / (A2 + unknown)
        turn = np.array([[np.cos(s[2] * dt), -np.sin(s[2] * dt)], [np.sin(s[2] * dt), np.cos(s[2] * dt)]])
        carrier = turn @ s[:2]
        radial = carrier / A if 1e-4 * mean[0] < A else np.array([1.0, 0.0])
        along = np.outer(radial, radial)
        stretch = min(1.05, 1 + back * (mean[0] - A) / A)
        F = np.diag(np.concatenate([[0.0, 0.0], self.decay[: n - 2]]))
        F[:2, :2] = ((1 - back) * along + stretch * (np.eye(2) - along)) @ turn
        s = np.concatenate([carrier * stretch, mean[1:] + self.decay[: n - 2] * (s[2:] - mean[1:])])
        F[0, 2], F[1, 2] = -s[1] * dt, s[0] * dt
        P = F @ P @ F.T
        P[range(2, n), range(2, n)] += self.growth[: n - 2]
        A2, unknown = s[0] ** 2 + s[1] ** 2 + 1e-12, P[0, 0] + P[1, 1]
        q = o.q_amp * 1000 * dt * mean[0] ** 2
        along = np.outer(s[:2], s[:2]) / A2
        P[:2, :2] += q * along + q * unknown / (A2 + unknown) * (np.eye(2) - along)
        return s, P

    def update(self, s: Array, P: Array, H: Array, nu: Array, R: Array) -> tuple[Array, Array, float]:
        """State, covariance and log-likelihood after white innovations."""
        huber = self.o.huber**2 * len(nu)
        misfit = float(np.sum(nu * nu / R))
        down = max(1.0, misfit / huber)
        HR = H.T / (R * down)
        inner = np.eye(len(s)) + P @ (HR @ H)
        P = np.asarray(np.linalg.solve(inner, P), dtype=np.float64)
        gained = HR @ nu
        step = P @ gained
        loglik = -0.5 * (misfit / down - gained @ step + np.log(np.linalg.det(inner)) + np.sum(np.log(R * down)))
        return s + step, 0.5 * (P + P.T), float(loglik)

    def tick(self, x: Array) -> Array:
        """The phase at every electrode, rad, from one sample of each channel, uV."""
        y, self.zi = sosfilt(self.c.shaper_sos, (x @ self.projection)[None], axis=0, zi=self.zi)
        y = y[0] @ self.white
        s, P = self.predict(self.s, self.P, self.mean)
        self.ticks += 1
        if self.ticks % self.refresh == 0:
            self.s = s
            self.steer()
        G, D, r = self.G, self.D, len(y)
        H = np.column_stack([G.real, G.imag, np.zeros(r), s[0] * D.real + s[1] * D.imag])
        nu = y - H[:, :2] @ s[:2] - H[:, 3:] @ (s[3:] - self.k0)
        s, P, plane = self.update(s, P, H, nu, np.ones(r))
        self.s, self.P = s, P
        self.mean += self.taus * (np.array([np.hypot(s[0], s[1]), *s[2:]]) - self.mean)

        f, P = self.predict(self.s_free, self.P_free, self.mean_free)
        keep = np.exp(-self.dt / self.o.tau_pattern_s)
        self.u *= keep
        self.pu = keep**2 * self.pu + (1 - keep**2) * self.prior_u / 2
        H = np.column_stack([self.u.real, -self.u.imag, np.zeros(r)])
        f, P, free = self.update(f, P, H, y - H @ f, 1 + self.pu * (f[0] ** 2 + f[1] ** 2))
        self.s_free, self.P_free = f, P
        self.mean_free[1] += self.taus[1] * (f[2] - self.mean_free[1])
        A2, e = f[0] ** 2 + f[1] ** 2, y - H @ f
        g = self.pu / (1 + self.pu * A2)
        self.u += g * e / max(1.0, e @ e / (self.o.huber**2 * r)) * complex(f[0], -f[1])
        self.pu -= g * self.pu * A2 / 2
        self.evidence += plane - free - self.dt / self.o.evidence_tau_s * self.evidence

        wave = 1 / (1 + np.exp(-np.clip(self.evidence + self.o.evidence_prior, -50, 50)))
        grid = np.arange(1.0, len(self.c.colour_phase_rad) + 1)
        colour = np.interp(np.array([s[2], f[2]]) / (2 * np.pi), grid, self.c.colour_phase_rad)
        at_plane = np.exp(1j * (np.arctan2(s[1], s[0]) - colour[0] - self.c.layout_mm @ s[3:]))
        pattern = self.patterns @ self.u
        at_free = pattern / (np.abs(pattern) + 1e-12) * np.exp(1j * (np.arctan2(f[1], f[0]) - colour[1]))
        return np.asarray(np.angle(wave * at_plane + (1 - wave) * at_free))

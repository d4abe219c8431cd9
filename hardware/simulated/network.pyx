"""A network of complex-valued units with a delay on every connection: cortex as a reservoir that tokens drive and a read-out watches.

Every unit relaxes towards what reaches it, turned by the phase that the axon's delay costs at its own frequency, and saturates::

    z ← a z + b (Σ_j w_j z_j(t − d_j) e^{iω d_j} + u) + noise,   a = e^{−dt/τ + iω dt},  b = 1 − e^{−dt/τ}
    z ← z / √(1 + |z|²/s²)

It has no wave of its own and no borders that carry one, as :class:`~wavestim.hardware.simulated.cortex.Sheet` has: whatever travels was put in by the
drive, and connections are free (`wiring.py`): directed, isotropic, shuffled, none, several regions. Many runs go side by side, with the same
connections and noise of their own. The order of every sum is fixed: a seed gives the same bits however the caller cuts time.

A sheet of 16 × 16 units of this kind, driven by tokens at its edge: Muller, Churchland & Sejnowski, arXiv 2401.14267; complex-valued networks
with delays: Budzinski et al., Chaos 32, 031101 (2022).
"""
import numpy as np

cdef extern from *:
    """
    static void wn_turned(float *restrict cr, float *restrict ci, const float *restrict zr, const float *restrict zi, float p, float q, int n)
    { for (int i = 0; i < n; i++) { cr[i] += p * zr[i] - q * zi[i]; ci[i] += p * zi[i] + q * zr[i]; } }
    static void wn_relax(float *restrict re, float *restrict im, const float *restrict zr, const float *restrict zi,
                         const float *restrict cr, const float *restrict ci, const float *restrict u,
                         const float *restrict nr, const float *restrict ni, float ar, float ai, float b, float inv_s2, int n)
    {
        for (int i = 0; i < n; i++) {
            float x = ar * zr[i] - ai * zi[i] + b * (cr[i] + u[i]) + nr[i];
            float y = ar * zi[i] + ai * zr[i] + b * ci[i] + ni[i];
            float f = 1.0f / __builtin_sqrtf(1.0f + (x * x + y * y) * inv_s2);
            re[i] = x * f;
            im[i] = y * f;
        }
    }
    """
    void wn_turned(float* cr, float* ci, const float* zr, const float* zi, float p, float q, int n) noexcept nogil
    void wn_relax(float* re, float* im, const float* zr, const float* zi, const float* cr, const float* ci, const float* u,
                  const float* nr, const float* ni, float ar, float ai, float b, float inv_s2, int n) noexcept nogil


cdef class Network:
    """Units and their connections, in several runs at once.

    Parameters
    ----------
    n_units : int
    first : (n_units + 1,) int
        Connections into unit i are those from ``first[i]`` up to ``first[i + 1]``.
    source, weight, delay_s : (n,)
        Of each connection: unit it comes from, strength, time that it takes; at least one step passes.
    dt_s, tau_s, frequency_hz : float
    saturation : float
        s: an amplitude is held below it.
    noise : float
        SD of the noise that enters each part of each unit in a step.
    n_runs : int
    seed : int
        Of the noise.

    Raises
    ------
    ValueError
        For connections that don't fit the units, or times that make no sense.
    """

    cdef readonly int n_units, n_runs
    cdef readonly double dt_s
    cdef int n_slots, now
    cdef int[::1] first, source, delay
    cdef float[::1] cos_weight, sin_weight
    cdef float[:, :, ::1] re, im
    cdef float[:, ::1] sum_re, sum_im
    cdef float a_re, a_im, b, inv_s2
    cdef object rng
    cdef double noise

    def __init__(self, int n_units, first, source, weight, delay_s, *, double dt_s=1e-3, double tau_s=5e-3, double frequency_hz=15.0,
                 double saturation=1.0, double noise=0.0, int n_runs=1, seed=0):
        first, source = np.ascontiguousarray(first, np.int32), np.ascontiguousarray(source, np.int32)
        weight, delay_s = np.asarray(weight, np.float64), np.asarray(delay_s, np.float64)
        n = len(source)
        if n_units < 1 or n_runs < 1:
            raise ValueError(f"a network has at least one unit and one run, not {n_units} and {n_runs}")
        if len(first) != n_units + 1 or first[0] != 0 or first[n_units] != n or (np.diff(first) < 0).any():
            raise ValueError(f"first has to rise from 0 to {n}, the number of connections, in {n_units + 1} steps")
        if len(weight) != n or len(delay_s) != n:
            raise ValueError(f"{n} connections need as many weights and delays, not {len(weight)} and {len(delay_s)}")
        if n and not (0 <= source.min() and source.max() < n_units):
            raise ValueError(f"connections come from units 0 to {n_units - 1}, not {source.min()} to {source.max()}")
        if not (np.isfinite(weight).all() and np.isfinite(delay_s).all() and (delay_s >= 0).all()):
            raise ValueError("weights and delays have to be finite, and delays not negative")
        if not (dt_s > 0 and tau_s > 0 and saturation > 0 and noise >= 0):
            raise ValueError(f"dt_s {dt_s}, tau_s {tau_s} and saturation {saturation} have to be positive, noise {noise} not negative")
        omega = 2 * np.pi * frequency_hz
        steps = np.maximum(np.rint(delay_s / dt_s), 1).astype(np.int32)
        self.n_units, self.n_runs, self.dt_s, self.noise, self.now = n_units, n_runs, dt_s, noise, 0
        self.first, self.source, self.delay = first, source, steps
        self.cos_weight = (weight * np.cos(omega * steps * dt_s)).astype(np.float32)
        self.sin_weight = (weight * np.sin(omega * steps * dt_s)).astype(np.float32)
        self.n_slots = int(steps.max(initial=1)) + 1
        self.re, self.im = np.zeros((2, self.n_slots, n_units, n_runs), np.float32)
        self.sum_re, self.sum_im = np.zeros((2, n_units, n_runs), np.float32)
        self.a_re, self.a_im = np.exp(-dt_s / tau_s) * np.cos(omega * dt_s), np.exp(-dt_s / tau_s) * np.sin(omega * dt_s)
        self.b, self.inv_s2 = -np.expm1(-dt_s / tau_s), 1 / saturation**2
        self.rng = np.random.default_rng(seed)

    @property
    def z(self):
        """A copy of the state now, complex64 (n_units, n_runs)."""
        out = np.empty((self.n_units, self.n_runs), np.complex64)
        out.real, out.imag = self.re[self.now], self.im[self.now]
        return out

    def advance(self, int steps, drive):
        """So many time steps under a drive that stays.

        Parameters
        ----------
        steps : int
        drive : (n_units, n_runs) float32
            Real push on every unit: tokens, light.

        Raises
        ------
        ValueError
            For a drive of another shape.
        """
        cdef const float[:, ::1] u = np.ascontiguousarray(drive, np.float32)
        cdef const float[:, :, ::1] noise
        cdef int k
        if u.shape[0] != self.n_units or u.shape[1] != self.n_runs:
            raise ValueError(f"the drive of {self.n_units} units in {self.n_runs} runs can't be of shape {(u.shape[0], u.shape[1])}")
        for k in range(steps):
            drawn = self.rng.standard_normal((2, self.n_units, self.n_runs), np.float32)
            drawn *= np.float32(self.noise)
            noise = drawn
            with nogil:
                self.step(u, noise)

    cdef void step(self, const float[:, ::1] u, const float[:, :, ::1] noise) noexcept nogil:
        cdef int i, j, slot, nxt = (self.now + 1) % self.n_slots, n = self.n_runs
        cdef float* cr
        cdef float* ci
        for i in range(self.n_units):
            cr, ci = &self.sum_re[i, 0], &self.sum_im[i, 0]
            for j in range(n):
                cr[j] = ci[j] = 0.0
            for j in range(self.first[i], self.first[i + 1]):
                slot = nxt - self.delay[j]
                if slot < 0:
                    slot += self.n_slots
                wn_turned(cr, ci, &self.re[slot, self.source[j], 0], &self.im[slot, self.source[j], 0], self.cos_weight[j],
                          self.sin_weight[j], n)
        for i in range(self.n_units):
            wn_relax(&self.re[nxt, i, 0], &self.im[nxt, i, 0], &self.re[self.now, i, 0], &self.im[self.now, i, 0], &self.sum_re[i, 0],
                     &self.sum_im[i, 0], &u[i, 0], &noise[0, i, 0], &noise[1, i, 0], self.a_re, self.a_im, self.b, self.inv_s2, n)
        self.now = nxt

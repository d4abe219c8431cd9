"""The photocycle of a channelrhodopsin: four states, two of them open, driven by photon flux.

States C1 → O1 ⇄ O2 ← C2, with light-dependent rates in the Hill form of PyRhO (Evans et al., Front. Neuroinform. 2016;
four-state scheme of Nikolic et al., Photochem. Photobiol. 2009)::

    h_p = φ^p / (φ^p + φm^p),  h_q likewise
    Ga1 = k1 h_p, Ga2 = k2 h_p, Gf = Gf0 + kf h_q, Gb = Gb0 + kb h_q
    O1' = Ga1 C1 − (Gd1 + Gf) O1 + Gb O2
    O2' = Ga2 C2 + Gf O1 − (Gd2 + Gb) O2
    C2' = Gd2 O2 − (Ga2 + Gr0) C2
    open = O1 + γ O2

All rates are per ms and all fluxes are effective photons/(mm² s), weighted by the action spectrum.
"""
import numpy as np

from libc.math cimport ceil, pow

RATES = ("k1", "k2", "p", "phi_m", "gd1", "gd2", "gr0", "gf0", "kf", "gb0", "kb", "q", "gamma")


cdef class Photocycle:
    """The opsin states of ``n`` cells (or spots of tissue) under light.

    Parameters
    ----------
    n : int
        Number of cells.
    rates : dict
        The parameters of an opsin as in ``opsins.yaml`` (per ms; ``phi_m`` in photons/mm²/s): numbers, or (n,) where cells differ.
    """

    def __init__(self, int n, dict rates):
        self.n = n
        self.rates = np.stack([np.broadcast_to(np.asarray(rates[name], np.float64), n) for name in RATES], axis=1)
        self.state = np.zeros((max(n, 1), 3))
        self.dark_adapted = True

    cdef void step(self, const double* flux, double dt_ms, double* conductance) noexcept nogil:
        """Advance every cell by dt_ms under a constant flux; write the mean open fraction (0 … 1) over that time."""
        cdef int i, s, n_sub
        cdef double phi, hp, hq, a1, a2, f, b, fastest, h, o1, o2, c2, c1, d1, d2, d3, mean, largest = 0.0
        cdef double k1, k2, p, phi_m, g_d1, g_d2, g_r, g_f0, k_f, g_b0, k_b, q, gamma
        for i in range(self.n):
            k1, k2, p, phi_m = self.rates[i, 0], self.rates[i, 1], self.rates[i, 2], self.rates[i, 3]
            g_d1, g_d2, g_r, g_f0 = self.rates[i, 4], self.rates[i, 5], self.rates[i, 6], self.rates[i, 7]
            k_f, g_b0, k_b, q, gamma = self.rates[i, 8], self.rates[i, 9], self.rates[i, 10], self.rates[i, 11], self.rates[i, 12]
            phi = flux[i] / phi_m
            hp = hq = 0.0
            if phi > 0.0:
                hp = pow(phi, p)
                hp = hp / (hp + 1.0)
                hq = pow(phi, q)
                hq = hq / (hq + 1.0)
            a1 = k1 * hp
            a2 = k2 * hp
            f = g_f0 + k_f * hq
            b = g_b0 + k_b * hq
            fastest = a1 + a2 + f + b + g_d1 + g_d2
            n_sub = 1 + <int>ceil(4.0 * fastest * dt_ms)      # explicit Euler well inside its stability limit
            h = dt_ms / n_sub
            o1 = self.state[i, 0]
            o2 = self.state[i, 1]
            c2 = self.state[i, 2]
            mean = 0.0
            for s in range(n_sub):
                mean += 0.5 * (o1 + gamma * o2)
                c1 = 1.0 - o1 - o2 - c2
                d1 = a1 * c1 - (g_d1 + f) * o1 + b * o2
                d2 = a2 * c2 + f * o1 - (g_d2 + b) * o2
                d3 = g_d2 * o2 - (a2 + g_r) * c2
                o1 = o1 + h * d1
                o2 = o2 + h * d2
                c2 = c2 + h * d3
                mean += 0.5 * (o1 + gamma * o2)
            self.state[i, 0] = o1
            self.state[i, 1] = o2
            self.state[i, 2] = c2
            conductance[i] = mean / n_sub
            if o1 + o2 + c2 > largest:
                largest = o1 + o2 + c2
        self.dark_adapted = largest < 1e-12

    def advance(self, double[::1] flux, double dt_ms):
        """Advance by dt_ms under ``flux`` (n,) photons/mm²/s; return the mean open fractions (n,)."""
        if flux.shape[0] != self.n:
            raise ValueError(f"flux has {flux.shape[0]} values for {self.n} cells")
        conductance = np.zeros(max(self.n, 1))
        cdef double[::1] view = conductance
        if self.n:
            self.step(&flux[0], dt_ms, &view[0])
        return conductance[:self.n]

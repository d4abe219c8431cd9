"""One millisecond of the mock rig after another: light edges → opsins → sheet → electrodes, without Python in between.

``Tissue`` owns the order of things inside a step and nothing else: the sheet, the photocycle and the tables (where electrodes sit, which LED
reaches which unit) are given to it, and everything random or slow (drift, noise) comes in blocks from callables, at fixed block lengths, so that
reading 1 or 1000 samples at a time gives the same bits.

A light edge acts at its exact time: a step is cut at its edges and the photocycle runs through the pieces, so a pulse of any length gives its dose.
"""
import heapq

import numpy as np

from libc.math cimport atan2, cos, exp, hypot, sin, sqrt
from libc.stdint cimport int16_t, int64_t

from wavestim.hardware.simulated.cortex cimport Sheet
from wavestim.hardware.simulated.kinetics cimport Photocycle

DRIFT_BLOCK = 256          # steps per block of drift
NOISE_BLOCK = 64           # steps per block of the sheet's own noise
cdef int N_DRIFT = DRIFT_BLOCK, N_NOISE = NOISE_BLOCK
cdef double PI = 3.141592653589793


cdef class Tissue:
    """The sheet under light and electrodes.

    Parameters
    ----------
    sheet : Sheet
    order : ndarray (n_units,)
        Which unit of the sheet sits at each place (identity; a permutation is the shuffled control).
    drift : callable
        ``drift() -> (DRIFT_BLOCK, 5)`` float64: ω (rad/s), kx, ky (rad/mm), amplitude, token entering (or −1); one row per step.
    noise : callable
        ``noise() -> (NOISE_BLOCK, 2·n_units)`` float32: increments of the sheet per step.
    taps : tuple (index (n_electrodes, 4) int32, weight (n_electrodes, 4) float32)
        Places that each electrode hears, as unit numbers.
    light : dict
        ``cells`` (n,) int32 lit units, one that has two opsins twice; ``flux`` (leds, n) photons/mm²/s per mW/mm², ``cycle`` Photocycle,
        ``gain_per_s`` (n,) signed drive at full opening,
        ``artefact_uv`` (leds, electrodes) µV per mW/mm², ``edge_uv`` the same for the step spikes, ``charge_ms``, ``decay_ms``.
    tokens : ndarray (n_tokens, n_units) float32
        Real drive (1/s) of each token at each place; empty without tokens.
    token_steps : int
        Steps that a token lasts.
    window : ndarray (n,) int32, (n,) int32, (n,) int32
        Places of the electrode array and their right and upper neighbours, for the wave's true gradient.
    gain_uv : float
    steps_per_sample : int
    """

    cdef Sheet sheet
    cdef Photocycle cycle
    cdef object next_drift, next_noise, heap
    cdef int[::1] where                      # place -> padded cell
    cdef int[:, ::1] tap_cell
    cdef float[:, ::1] tap_weight
    cdef int n_electrodes, n_leds, n_lit, per_sample, token, token_left, token_steps, n_window
    cdef double gain_uv
    cdef int[::1] lit_cell, win, win_x, win_y
    cdef double[:, ::1] led_flux
    cdef double[::1] level, mean_level, flux, opening, artefact_state, spike, light_gain
    cdef float[:, ::1] artefact_uv, edge_uv, token_drive, noise_block
    cdef double charge, decay
    cdef double[:, ::1] drift_block
    cdef int drift_at, noise_at
    cdef readonly int64_t steps, late_edges, samples
    cdef int64_t edge_serial
    cdef double next_edge_step
    cdef bint bright, artefact_live
    cdef double[::1] win_re, win_im
    cdef double kx, ky
    cdef list token_log

    def __init__(self, Sheet sheet, order, drift, noise, taps, dict light, tokens, int token_steps, window, double gain_uv, int steps_per_sample):
        cdef int i, r = sheet.radius
        order = np.asarray(order)
        iy, ix = np.divmod(order, sheet.nx)
        where = ((iy + r) * sheet.stride + ix + r).astype(np.int32)
        self.where = where
        self.sheet, self.next_drift, self.next_noise = sheet, drift, noise
        self.tap_cell = np.ascontiguousarray(where[taps[0]], dtype=np.int32)
        self.tap_weight = np.ascontiguousarray(taps[1], dtype=np.float32)
        self.n_electrodes = self.tap_cell.shape[0]
        self.cycle = light["cycle"]
        self.lit_cell = where[light["cells"]]
        self.n_lit = self.lit_cell.shape[0]
        self.led_flux = np.ascontiguousarray(light["flux"], dtype=np.float64)
        self.n_leds = self.led_flux.shape[0]
        self.light_gain = np.ascontiguousarray(light["gain_per_s"], dtype=np.float64)
        self.artefact_uv = np.ascontiguousarray(light["artefact_uv"], dtype=np.float32)
        self.edge_uv = np.ascontiguousarray(light["edge_uv"], dtype=np.float32)
        dt_ms = sheet.dt_s * 1e3
        self.charge, self.decay = 1.0 - exp(-dt_ms / light["charge_ms"]), 1.0 - exp(-dt_ms / light["decay_ms"])
        leds = max(self.n_leds, 1)
        self.level, self.mean_level, self.artefact_state, self.spike = np.zeros((4, leds))
        self.flux, self.opening = np.zeros((2, max(self.n_lit, 1)))
        self.token_drive = np.ascontiguousarray(tokens, dtype=np.float32)
        self.token, self.token_left, self.token_steps = -1, 0, token_steps
        self.win, self.win_x, self.win_y = (where[np.asarray(w)] for w in window)
        self.n_window = self.win.shape[0]
        self.gain_uv, self.per_sample = gain_uv, steps_per_sample
        self.drift_at, self.noise_at = N_DRIFT, N_NOISE
        self.heap, self.next_edge_step = [], 1e300
        self.steps = self.samples = self.late_edges = self.edge_serial = 0
        self.bright = self.artefact_live = False
        self.token_log = []
        self.kx, self.ky = sheet.kx, sheet.ky

    @property
    def tokens(self):
        """The tokens that have entered so far: list of (step, token)."""
        return list(self.token_log)

    def add_edge(self, double time_s, int led, double irradiance_mw_mm2):
        """Queue an edge: from time_s on (since the first sample) the LED's face shines with this irradiance."""
        cdef double at = time_s / self.sheet.dt_s
        if at < self.steps - 1e-6:
            self.late_edges += 1
            at = self.steps
        heapq.heappush(self.heap, (at, self.edge_serial, led, irradiance_mw_mm2))
        self.edge_serial += 1
        self.next_edge_step = self.heap[0][0]

    cdef int take_edges(self) except -1:
        """Go through the coming step edge by edge; between edges the light is constant."""
        cdef double start = <double>self.steps, at = 0.0, until
        cdef int led
        self.mean_level[:] = 0.0
        while self.heap and self.heap[0][0] < start + 1.0:
            edge = heapq.heappop(self.heap)
            until = min(max(edge[0] - start, at), 1.0)
            self.shine(until - at)
            led, at = edge[2], until
            self.spike[led] += edge[3] - self.level[led]
            self.level[led] = edge[3]
        self.shine(1.0 - at)
        self.next_edge_step = self.heap[0][0] if self.heap else 1e300
        return 0

    cdef void shine(self, double share) noexcept nogil:
        """Irradiance → photon flux → open channels → drive of the lit units, for a share of the step."""
        cdef int i, l
        if share <= 0.0:
            return
        for i in range(self.n_lit):
            self.flux[i] = 0.0
        for l in range(self.n_leds):
            if self.level[l] > 0.0:
                self.mean_level[l] += share * self.level[l]
                for i in range(self.n_lit):
                    self.flux[i] += self.level[l] * self.led_flux[l, i]
        self.cycle.step(&self.flux[0], share * self.sheet.dt_s * 1e3, &self.opening[0])
        for i in range(self.n_lit):
            self.sheet.drive[self.lit_cell[i]] += <float>(share * self.light_gain[i] * self.opening[i])

    cdef void photovoltaic(self) noexcept nogil:
        """Charge and discharge of the metal under light (one state per LED)."""
        cdef int l
        cdef bint live = False
        for l in range(self.n_leds):
            if self.mean_level[l] > 0.0:
                self.artefact_state[l] += self.charge * (self.mean_level[l] - self.artefact_state[l])
            else:
                self.artefact_state[l] -= self.decay * self.artefact_state[l]
            if self.artefact_state[l] > 1e-6 or self.spike[l] != 0.0:
                live = True
        self.artefact_live = live

    cdef void one_step(self) noexcept nogil:
        cdef int i, l, token
        cdef bint lit = False
        cdef double[::1] row = self.drift_block[self.drift_at]
        if self.next_edge_step < self.steps + 1:
            with gil:
                self.take_edges()
            self.bright = True
        elif self.bright:
            for l in range(self.n_leds):
                self.mean_level[l] = 0.0
            self.shine(1.0)
        if self.bright:
            self.photovoltaic()
            for l in range(self.n_leds):
                lit = lit or self.level[l] > 0.0
            if not lit and not self.artefact_live and self.cycle.dark_adapted:
                self.bright = False
        token = <int>row[4]
        if token >= 0:
            self.token, self.token_left = token, self.token_steps
            with gil:
                self.token_log.append((self.steps, token))
        if self.token_left > 0:
            self.token_left -= 1
            for i in range(self.token_drive.shape[1]):
                self.sheet.drive[self.where[i]] += self.token_drive[self.token, i]
        self.sheet.step(row[0], row[1], row[2], row[3], &self.noise_block[self.noise_at, 0])
        self.drift_at += 1
        self.noise_at += 1
        self.steps += 1

    cdef void gradient(self) noexcept nogil:
        """The wave's true wave vector over the array and how planar it is (0 … 1)."""
        cdef int i
        cdef double ar, ai, br, bi, xr = 0.0, xi = 0.0, yr = 0.0, yi = 0.0
        cdef float* re = &self.sheet.re[self.sheet.now, 0]
        cdef float* im = &self.sheet.im[self.sheet.now, 0]
        for i in range(self.n_window):
            ar, ai = re[self.win[i]], im[self.win[i]]
            br, bi = re[self.win_x[i]], im[self.win_x[i]]
            xr += ar * br + ai * bi
            xi += ar * bi - ai * br
            br, bi = re[self.win_y[i]], im[self.win_y[i]]
            yr += ar * br + ai * bi
            yi += ar * bi - ai * br
        self.kx = -atan2(xi, xr) / self.sheet.pitch_mm
        self.ky = -atan2(yi, yr) / self.sheet.pitch_mm

    def read(self, float[:, ::1] out, int16_t[:, ::1] phase, float[:, ::1] state):
        """Add the electrodes' signals (µV, light artefact included) of the next samples to ``out`` (which brings their noise).

        ``phase`` (n, electrodes; units of 2π/65536) and ``state`` (n, 6: direction in degrees, speed mm/s, frequency Hz, mean amplitude µV,
        plane order parameter, token) receive the truth; pass arrays with zero rows to leave it out.
        """
        cdef int n = out.shape[0], s, e, j, l, cell, turns
        cdef bint truth = phase.shape[0] > 0
        cdef float x, y
        cdef double k, amp, pr, pi, ang, px, py
        cdef float* re
        cdef float* im
        if truth and (phase.shape[0] < n or state.shape[0] < n):
            raise ValueError("truth arrays are shorter than the samples asked for")
        for s in range(n):
            if self.samples > 0:
                for j in range(self.per_sample):
                    if self.drift_at == N_DRIFT:
                        self.drift_block = self.next_drift()
                        self.drift_at = 0
                    if self.noise_at == N_NOISE:
                        self.noise_block = self.next_noise()
                        self.noise_at = 0
                    with nogil:
                        self.one_step()
            self.samples += 1
            with nogil:
                re = &self.sheet.re[self.sheet.now, 0]
                im = &self.sheet.im[self.sheet.now, 0]
                amp = pr = pi = 0.0
                if truth:
                    self.gradient()
                for e in range(self.n_electrodes):
                    x = y = 0.0
                    for j in range(4):
                        cell = self.tap_cell[e, j]
                        x += self.tap_weight[e, j] * re[cell]
                        y += self.tap_weight[e, j] * im[cell]
                    out[s, e] += <float>(self.gain_uv * x)
                    if truth:
                        ang = atan2(y, x)
                        turns = <int>(ang * (32768.0 / PI) + 65536.5)       # positive, so truncation rounds to nearest
                        phase[s, e] = <int16_t>(turns & 0xFFFF)
                        amp += sqrt(x * x + y * y)
                if self.artefact_live:
                    for l in range(self.n_leds):
                        if self.artefact_state[l] > 1e-6 or self.spike[l] != 0.0:
                            for e in range(self.n_electrodes):
                                out[s, e] += <float>(self.artefact_uv[l, e] * self.artefact_state[l] + self.edge_uv[l, e] * self.spike[l])
                            self.spike[l] = 0.0
                if truth:
                    k = hypot(self.kx, self.ky)
                    state[s, 0] = <float>(atan2(self.ky, self.kx) * 180.0 / PI)
                    state[s, 1] = <float>(self.sheet.omega / k if k * 1e6 > self.sheet.omega else 1e6)
                    state[s, 2] = <float>(self.sheet.omega / (2.0 * PI))
                    state[s, 3] = <float>(self.gain_uv * amp / self.n_electrodes)
                    state[s, 4] = <float>self.planarity()
                    state[s, 5] = <float>(self.token if self.token_left > 0 else -1)
        return n

    cdef double planarity(self) noexcept nogil:
        """|Σ z e^{ik·r}| / √(N Σ|z|²) over the array: 1 for a plane wave of even amplitude."""
        cdef int i, col, row_
        cdef double a, b, c, d, er, ei, sr = 0.0, si = 0.0, power = 0.0
        cdef float* re = &self.sheet.re[self.sheet.now, 0]
        cdef float* im = &self.sheet.im[self.sheet.now, 0]
        self.sheet.phasors(self.kx, self.ky)
        for i in range(self.n_window):
            row_ = self.win[i] // self.sheet.stride
            col = self.win[i] - row_ * self.sheet.stride
            er = self.sheet.ex_re[col] * self.sheet.ey_re[row_] - self.sheet.ex_im[col] * self.sheet.ey_im[row_]
            ei = -(self.sheet.ex_re[col] * self.sheet.ey_im[row_] + self.sheet.ex_im[col] * self.sheet.ey_re[row_])
            a, b = re[self.win[i]], im[self.win[i]]
            sr += a * er - b * ei
            si += a * ei + b * er
            power += a * a + b * b
        return hypot(sr, si) / sqrt(self.n_window * power) if power > 0.0 else 0.0

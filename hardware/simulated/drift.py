"""What changes slowly: frequency, direction, speed and amplitude wander; tokens enter.

Every quantity is an Ornstein–Uhlenbeck process (log-normal for speed and amplitude). The wave vector is smoothed over 80 ms, so
that a turn is a turn and not a jump; a reversal passes through a moment without a gradient. Blocks have a fixed length, so nothing
depends on how the caller reads.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from .config import State, Tokens

SMOOTH_S = 0.08


class Ou:
    """A unit-variance Ornstein–Uhlenbeck process in blocks."""

    def __init__(self, rng: np.random.Generator, tau_s: float, dt_s: float) -> None:
        self.rng = rng
        self.decay = float(np.exp(-dt_s / tau_s))
        self.value = float(rng.standard_normal())

    def block(self, n: int) -> NDArray[np.float64]:
        """The next n values."""
        drive = self.rng.standard_normal(n) * np.sqrt(1.0 - self.decay**2)
        path, _ = lfilter([1.0], [1.0, -self.decay], drive, zi=[self.decay * self.value])
        self.value = float(path[-1])
        return np.asarray(path)


class Smooth:
    """One-pole smoothing that carries its state from block to block."""

    def __init__(self, tau_s: float, dt_s: float, start: float) -> None:
        self.decay = float(np.exp(-dt_s / tau_s))
        self.value = start

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        y, _ = lfilter([1.0 - self.decay], [1.0, -self.decay], x, zi=[self.decay * self.value])
        self.value = float(y[-1])
        return np.asarray(y)


class Drift:
    """The wave that the sheet is asked to carry, ``block(n)`` steps at a time.

    Rows are ω (rad/s), kx, ky (rad/mm), amplitude (mean square 1) and the token that enters at this step (−1: none).
    """

    def __init__(self, wave: State, tokens: Tokens | None, dt_s: float, seeds: list[np.random.SeedSequence]) -> None:
        c = wave
        rngs = [np.random.default_rng(s) for s in seeds]
        self.wave, self.tokens, self.dt_s, self.step = wave, tokens, dt_s, 0
        self.frequency = Ou(rngs[0], c.frequency_tau_s, dt_s)
        self.speed = Ou(rngs[1], c.speed_tau_s, dt_s)
        self.direction = Ou(rngs[2], c.direction_tau_s, dt_s)
        self.amplitude = Ou(rngs[3], c.amplitude_tau_s, dt_s)
        self.flips, self.token_rng = rngs[4], rngs[5]
        self.reversed = False
        self.next_flip = self._dwell()
        self.next_token, self.token_number = 0.0, 0
        omega, kx, ky, amplitude = (float(v[0]) for v in self._targets([np.array([p.value]) for p in self._paths()], np.zeros(1)))
        self.start = (omega, kx, ky, amplitude)
        self._kx, self._ky = Smooth(SMOOTH_S, dt_s, kx), Smooth(SMOOTH_S, dt_s, ky)
        self._amplitude = Smooth(SMOOTH_S / 2, dt_s, amplitude)

    def _paths(self) -> tuple[Ou, Ou, Ou, Ou]:
        return self.frequency, self.speed, self.direction, self.amplitude

    def _dwell(self) -> float:
        dwell = self.wave.dwell_s
        return self.step + self.flips.exponential(dwell) / self.dt_s if dwell else np.inf

    def _targets(
        self, paths: list[NDArray[np.float64]], turn: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        c = self.wave
        f, v, d, a = paths
        omega = 2 * np.pi * np.maximum(c.frequency_hz + c.frequency_sd_hz * f, 0.2 * c.frequency_hz)
        speed = c.speed_mm_s * np.exp(c.speed_log_sd * np.clip(v, -2.5, 2.5))
        angle = np.deg2rad(c.direction_deg + c.direction_sd_deg * d) + turn
        amplitude = np.exp(c.amplitude_log_sd * np.clip(a, -3.0, 3.0) - c.amplitude_log_sd**2)  # mean square 1
        k = 2 * np.pi * c.frequency_hz / speed
        return omega, k * np.cos(angle), k * np.sin(angle), amplitude

    def become(self, wave: State) -> None:
        """From the next block on another wave; what wanders goes on from where it is, and turns as smoothly as ever."""
        for path, tau_s in zip(
            self._paths(), (wave.frequency_tau_s, wave.speed_tau_s, wave.direction_tau_s, wave.amplitude_tau_s), strict=True
        ):
            path.decay = float(np.exp(-self.dt_s / tau_s))
        dwells = wave.dwell_s != self.wave.dwell_s
        self.wave = wave
        if dwells:
            self.next_flip = self._dwell()

    def block(self, n: int) -> NDArray[np.float64]:
        """The next n steps, (n, 5)."""
        turn = np.full(n, np.pi * self.reversed)
        while self.next_flip < self.step + n:
            at = int(self.next_flip) - self.step
            self.reversed = not self.reversed
            turn[max(at, 0) :] = np.pi * self.reversed
            self.next_flip += self.flips.exponential(self.wave.dwell_s or 1.0) / self.dt_s
        omega, kx, ky, amplitude = self._targets([p.block(n) for p in self._paths()], turn)
        rows = np.column_stack([omega, self._kx(kx), self._ky(ky), self._amplitude(amplitude), self._tokens(n)])
        self.step += n
        return np.ascontiguousarray(rows)

    def _tokens(self, n: int) -> NDArray[np.float64]:
        out = np.full(n, -1.0)
        tokens = self.tokens
        if tokens is None:
            return out
        while round(self.next_token) < self.step + n:
            if tokens.sequence is not None:
                token = tokens.sequence[self.token_number % len(tokens.sequence)]
            else:
                token = int(self.token_rng.integers(tokens.n_tokens))
            out[round(self.next_token) - self.step] = token
            self.token_number += 1
            self.next_token = self.token_number * tokens.period_ms * 1e-3 / self.dt_s
        return out

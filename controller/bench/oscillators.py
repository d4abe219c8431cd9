"""Matsuda and Komaki's oscillator as a state-space model, fitted to a spectrum (Whittle) and run as a steady-state Kalman filter.

Matsuda & Komaki 2017; with the filter's causal phase as in Wodeyar et al. 2021. The observation is an oscillator, two first-order
processes for noise that is not white, and white noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.linalg import block_diag, solve_discrete_are
from scipy.optimize import minimize
from scipy.signal import lfilter, welch
from wavestim.controller.bench.methods import Estimate, IntArray, Method, Settings, all_sites, forecast, rhythm_hz
from wavestim.controller.bench.scenes import Array, ComplexArray, Scene

HIGHEST_HZ = 60.0


@dataclass(frozen=True)
class Oscillator:
    """One oscillator in noise; variances are those of the innovations, per sample."""

    radius: float
    frequency_hz: float
    variance: float
    poles: tuple[float, float]
    pole_variances: tuple[float, float]
    white: float


def _unpack(p: Array) -> Oscillator:
    """The model of a parameter vector: logits of radius and poles, Hz, logarithms of variances."""
    inside, size = 1 / (1 + np.exp(-p)), np.exp(p)
    return Oscillator(
        radius=float(inside[0]), frequency_hz=float(p[1]), variance=float(size[2]),
        poles=(float(inside[3]), float(inside[5])), pole_variances=(float(size[4]), float(size[6])), white=float(size[7]),
    )  # fmt: skip


def spectrum(model: Oscillator, f: Array, fs_hz: float) -> Array:
    """Power of the model at frequencies, innovations' variance per sample."""
    return _spectrum(model, f, fs_hz)[0]


def _spectrum(model: Oscillator, f: Array, fs_hz: float) -> tuple[Array, Array]:
    """Power and its gradient (8, f) in the parameters of :func:`_unpack`."""
    w, turn, r = 2 * np.pi * f / fs_hz, 2 * np.pi * model.frequency_hz / fs_hz, model.radius
    oscillation, by_radius, by_turn = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for sign in (-1, 1):
        angle = w + sign * turn
        peak = 0.5 * model.variance / (1 - 2 * r * np.cos(angle) + r * r)
        oscillation += peak
        by_radius -= peak * peak / (0.5 * model.variance) * (2 * r - 2 * np.cos(angle))
        by_turn -= peak * peak / (0.5 * model.variance) * sign * 2 * r * np.sin(angle)
    rows = [by_radius * r * (1 - r), by_turn * 2 * np.pi / fs_hz, oscillation]
    power = oscillation + model.white
    for pole, variance in zip(model.poles, model.pole_variances, strict=True):
        shape = 1 / (1 - 2 * pole * np.cos(w) + pole * pole)
        rows += [-variance * shape**2 * (2 * pole - 2 * np.cos(w)) * pole * (1 - pole), variance * shape]
        power = power + variance * shape
    rows.append(np.full_like(w, model.white))
    return power, np.stack(rows)


def fit(power: Array, f: Array, fs_hz: float, band_hz: tuple[float, float], start_hz: float) -> Oscillator:
    """The model under which a periodogram is likeliest, from two starts."""
    use = (f >= 1.0) & (f <= min(HIGHEST_HZ, 0.45 * fs_hz)) & (np.abs(f - 50) > 2) & (np.abs(f - 60) > 2)
    f, power = f[use], power[use]
    scale = float(power.mean()) + 1e-30
    power = power / scale

    def misfit(p: Array) -> tuple[float, Array]:
        expected, gradient = _spectrum(_unpack(p), f, fs_hz)
        return float(np.sum(np.log(expected) + power / expected)), gradient @ ((1 - power / expected) / expected)

    floor = float(np.log(power[-(len(power) // 5) :].mean()))
    slow, fast = (_logit(np.exp(-2 * np.pi * corner_hz / fs_hz)) for corner_hz in (2.0, 20.0))
    limits = [(1.0, 8.0), band_hz, (-25.0, 8.0), (-2.0, 9.0), (-25.0, 8.0), (-2.0, 9.0), (-25.0, 8.0), (-25.0, 8.0)]
    low, high = np.array(limits).T
    found = [
        minimize(misfit, np.clip([damping, start_hz, np.log(width_hz / fs_hz), slow, -6.0, fast, -5.0, floor - 0.7], low, high),
                 jac=True, method="SLSQP", bounds=limits)
        for width_hz in (1.0, 4.0)
        for damping in [_logit(np.exp(-np.pi * width_hz / fs_hz))]
    ]  # fmt: skip
    model = _unpack(min(found, key=lambda one: float(one.fun)).x)
    return replace(
        model,
        variance=model.variance * scale,
        pole_variances=(model.pole_variances[0] * scale, model.pole_variances[1] * scale),
        white=model.white * scale,
    )


def _logit(q: float) -> float:
    return float(np.log(q / (1 - q)))


def run_filter(x: Array, model: Oscillator, fs_hz: float, agility: float = 1.0) -> ComplexArray:
    """The oscillator's state as an analytic signal, at every sample of every column, by the steady-state gain.

    ``agility`` multiplies the variance that the oscillator is given: more follows faster, less averages longer.
    """
    turn = 2 * np.pi * model.frequency_hz / fs_hz
    rotation = model.radius * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    step = block_diag(rotation, np.diag(model.poles))
    noise = np.diag([agility * model.variance, agility * model.variance, *model.pole_variances])
    look = np.array([[1.0, 0.0, 1.0, 1.0]])
    floor = 1e-9 * float(np.trace(noise)) + 1e-15
    noise, white = noise + floor * np.eye(4), model.white + floor
    covariance = solve_discrete_are(step.T, look.T, noise, np.array([[white]]))
    gain = (covariance @ look.T / (look @ covariance @ look.T + white))[:, 0]
    poles, vectors = np.linalg.eig(step - np.outer(gain, look @ step))
    read, drive = vectors[0] + 1j * vectors[1], np.linalg.solve(vectors, gain.astype(complex))
    z = np.zeros(x.shape, dtype=complex)
    for pole, weight in zip(poles, read * drive, strict=True):
        z += weight * lfilter([1.0], [1.0, -pole], x.astype(complex), axis=0)
    return z


def periodogram(x: Array, fs_hz: float) -> tuple[Array, Array]:
    """Welch's estimate in windows of two seconds, in variance per sample (f, (f, channels))."""
    f, power = welch(x, fs_hz, nperseg=min(len(x), round(2 * fs_hz)), axis=0)
    return f, power * fs_hz / 2


@lru_cache(maxsize=2)
def _pooled_model(scene: Scene) -> Oscillator:
    scale = scene.learnable.std(axis=0) + 1e-12
    f, power = periodogram(scene.learnable / scale, scene.fs_hz)
    return fit(power.mean(axis=1), f, scene.fs_hz, scene.band_hz, rhythm_hz(scene))


def per_channel(scene: Scene, settings: Settings) -> tuple[ComplexArray, Oscillator]:
    """Analytic signals of all channels. One model is fitted to the channels' mean spectrum: better than each to its own."""
    scale = scene.learnable.std(axis=0) + 1e-12
    model = _pooled_model(scene)
    return run_filter(scene.lfp / scale, model, scene.fs_hz, settings["agility"]), model


def run(scene: Scene, at: IntArray, horizons_s: tuple[float, ...], settings: Settings) -> Estimate:
    """See :class:`wavestim.controller.bench.methods.Method`."""
    z, model = per_channel(scene, settings)
    return Estimate(forecast(z, at, horizons_s, scene.fs_hz, model.frequency_hz, tracked=settings["tracked"]), all_sites(scene))


GRID = tuple({"agility": agility, "tracked": tracked} for agility in (0.1, 0.3, 1.0, 3.0) for tracked in (False, True))
METHOD = Method("kalman", "MK Kalman per channel", run, GRID, "Matsuda-Komaki oscillator, fitted to the mean spectrum of the first seconds")

"""What light did to the wave: the amplitude of its travelling component after light, by condition, with honest intervals.

Every pulse is measured the same way, light or sham. In a window after light the samples are fitted by a wave along the pre-light
wave vector, one against it, and an offset and slope per channel:

    x_c(t) = a cos(wt - k.r) + b sin(wt - k.r) + c cos(wt + k.r) + d sin(wt + k.r) + offset_c + slope_c t

The amplitude is sqrt(a^2 + b^2). It is positive and biased upwards by noise, equally in every condition, so only differences between
conditions are read. They are given in percent of the mean pre-light amplitude of the whole session: that makes animals comparable,
and, unlike a ratio per pulse, puts no noise into the denominator (conditions are randomised, so the common denominator is fair).

The electrodes see the light itself. So the window starts for every condition at the same time: 20 ms after light-on, or when the
longest pattern and its artefact have decayed, whichever is later. Slow waves make long patterns: the slowest tenth of the pulses, if
it would push the window further, is left out instead, by the speed of the wave and so alike in every condition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.report._session import CATCH, Floats, Pulses, SessionLike, condition_order, headings, window
from wavestim.controller.report.light import pattern_length_ms

START_MS, LENGTH_MS, DECAY_MS = 20.0, 100.0, 10.0
KEPT = 0.9
"""The fraction of pulses whose patterns decide when the window starts."""
WORST_CONDITION = 50.0
"""A fit in which waves along and against k cannot be told apart this well is not used (one channel, long waves)."""
LEAST = 5
"""Fewer pulses than this in a condition give no interval."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % bootstrap interval."""

    name: str
    estimate: float
    low: float
    high: float
    n: int

    @property
    def shown(self) -> bool:
        """Whether the interval leaves zero out."""
        return bool(self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Effect:
    """Amplitudes per pulse, per condition, and the differences."""

    post_uv: Floats
    """Per pulse; NaN where it could not be measured."""
    pre_uv: Floats
    start_ms: float
    length_ms: float
    levels: tuple[Estimate, ...]
    """Per condition, in percent of the mean pre-light amplitude."""
    differences: tuple[Estimate, ...]
    reference_uv: float
    """The mean pre-light amplitude."""
    why_not: str = ""
    """Why nothing could be said."""


def amplitude_uv(samples_uv: Floats, times_s: Floats, positions_mm: Floats, k_rad_mm: Floats, omega_rad_s: float) -> float:
    """Amplitude of the component that travels along k; NaN when the fit cannot tell it from the one against k.

    Parameters
    ----------
    samples_uv : array
        (n, channels).
    times_s : array
        (n,).
    positions_mm : array
        (channels, 2).
    k_rad_mm : array
        Wave vector; the wave travels along it.
    omega_rad_s : float
        Angular frequency.
    """
    n, channels = samples_uv.shape
    if n < 8 or not np.isfinite(k_rad_mm).all() or not omega_rad_s > 0:
        return float("nan")
    space = positions_mm @ k_rad_mm
    along, against = omega_rad_s * times_s[:, None] - space, omega_rad_s * times_s[:, None] + space
    basis = np.stack([np.cos(along), np.sin(along), np.cos(against), np.sin(against)])
    drift, _ = np.linalg.qr(np.stack([np.ones(n), times_s - times_s.mean()], axis=1))
    basis -= drift @ (drift.T @ basis)  # offset and slope of every channel projected out
    design = basis.reshape(4, n * channels)
    normal = design @ design.T
    if not np.trace(normal) > 0 or np.linalg.cond(normal) > WORST_CONDITION**2:
        return float("nan")
    data = samples_uv - drift @ (drift.T @ samples_uv)
    coefficients = np.linalg.solve(normal, design @ data.ravel())
    return float(np.hypot(coefficients[0], coefficients[1]))


def measure(session: SessionLike, pulses: Pulses, *, longest_ms: float | None = None, seed: int = 1, draws: int = 2000) -> Effect:
    """Measure every pulse and compare the conditions.

    Parameters
    ----------
    session : SessionLike
        Its samples and experiment.
    pulses : Pulses
        From ``join``.
    longest_ms : float, optional
        When the last light of the longest pattern ends, counted from light-on at the site; default: from the LEDs and the wave.
    seed, draws : int
        Of the bootstrap.
    """
    if session.summary.get("recording"):
        nothing = np.full(len(pulses), np.nan)
        return Effect(nothing, nothing, START_MS, LENGTH_MS, (), (), float("nan"), "light of a replay acts on nothing")
    lengths = pattern_length_ms(session, pulses) if longest_ms is None else np.full(len(pulses), longest_ms)
    last_ms = float(np.quantile(lengths[pulses.done], KEPT)) if pulses.done.any() else 0.0
    start_ms = max(START_MS, last_ms + DECAY_MS)
    kept = pulses.done & (lengths + DECAY_MS <= start_ms + 1e-9)
    fs, positions = session.fs_hz, np.asarray(session.positions_mm, dtype=np.float64).reshape(-1, 2)
    used = [c for c in range(len(positions)) if c not in set(_bad_channels(session))]
    lead = np.where(pulses.done, pulses.fire_sample - pulses.start_sample, 0.0)
    pre_end = -(float(lead.max(initial=0.0)) + 2)
    length = round(LENGTH_MS * fs / 1000)
    post, pre = np.full(len(pulses), np.nan), np.full(len(pulses), np.nan)
    for i in np.flatnonzero(kept):
        heading = np.radians(pulses.direction_deg[i])
        wavelength = pulses.wavelength_mm[i]
        if not (np.isfinite(heading) and np.isfinite(wavelength) and wavelength > 0):
            continue
        k = 2 * np.pi / wavelength * np.array([np.cos(heading), np.sin(heading)])
        omega = 2 * np.pi * pulses.frequency_hz[i]
        for out, begin in ((post, start_ms * fs / 1000), (pre, pre_end - length)):
            first = int(np.ceil(pulses.fire_sample[i] + begin))
            block = window(session, first, first + length)
            if block is not None:
                times = (first + np.arange(length) - pulses.fire_sample[i]) / fs
                out[i] = amplitude_uv(block[:, used], times, positions[used], k, omega)
    return _compare(session, pulses, post, pre, start_ms, seed, draws)


def bootstrap(groups: Sequence[Floats], seed: int, draws: int) -> NDArray[np.float64]:
    """Bootstrap means, (draws, groups): pulses are drawn with replacement within each condition."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return np.stack([g[generator.integers(0, len(g), (draws, len(g)))].mean(axis=1) for g in groups], axis=1)


def _compare(session: SessionLike, pulses: Pulses, post: Floats, pre: Floats, start_ms: float, seed: int, draws: int) -> Effect:
    reference = float(np.nanmean(pre)) if np.isfinite(pre).any() else float("nan")
    names = [n for n in condition_order(session, pulses) if (np.isfinite(post) & (pulses.condition == n)).sum() >= LEAST]
    if not names or not reference > 0:
        return Effect(post, pre, start_ms, LENGTH_MS, (), (), reference, _why_not(pulses, post))
    groups = [post[np.isfinite(post) & (pulses.condition == n)] / reference * 100 for n in names]
    means, drawn = [float(g.mean()) for g in groups], bootstrap(groups, seed, draws)
    levels = tuple(_estimate(n, m, drawn[:, i], len(groups[i])) for i, (n, m) in enumerate(zip(names, means, strict=True)))
    differences = tuple(
        _estimate(f"{names[a]} − {names[b]}", means[a] - means[b], drawn[:, a] - drawn[:, b], len(groups[a]) + len(groups[b]))
        for a, b in _pairs(names, headings(session))
    )
    return Effect(post, pre, start_ms, LENGTH_MS, levels, differences, reference)


def _estimate(name: str, value: float, drawn: Floats, n: int) -> Estimate:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(name, value, float(low), float(high), n)


def _pairs(names: Sequence[str], kinds: Mapping[str, str]) -> list[tuple[int, int]]:
    """With against against first, then every light against every sham and its own catch trials; without those, every pair."""
    kind = [kinds.get(n, "") for n in names]
    pairs = [(a, b) for a in range(len(names)) for b in range(len(names)) if (kind[a], kind[b]) == ("with", "against")]
    lit = [i for i, k in enumerate(kind) if k not in ("sham", "catch")]
    pairs += [(a, b) for a in lit for b, k in enumerate(kind) if k == "sham" or names[b] == names[a] + CATCH]
    return pairs or list(combinations(range(len(names)), 2))


def _bad_channels(session: SessionLike) -> list[int]:
    probe = session.experiment.get("probe", {})
    return [int(c) for c in probe.get("bad_channels", ())] if isinstance(probe, Mapping) else []


def _why_not(pulses: Pulses, post: Floats) -> str:
    if not pulses.done.any():
        return "no pulse was fired"
    if not np.isfinite(post).any():
        return "a wave along its travel cannot be told from one against it (too few channels, or a wave much longer than the array)"
    return f"no condition has {LEAST} pulses that can be measured"

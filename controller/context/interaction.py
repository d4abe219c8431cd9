"""The primary statistic: does the information about older tokens sit further along the wave?

Information B[a, j] of electrode j about a token of age a is a table of lag x position. A memory that each electrode keeps for itself, one
source that all electrodes hear, and an artefact of the stimulus make it a product f(a) g(j): they fade everywhere alike. A code that
travels does not: its centre moves. So the interaction of lag and position is the covariance of age and travel time under B,

    S = sum_aj B[a, j] (a - a0) (T_j - T0),     a0, T0 the means of age and travel time under B's margins,

which is zero for any product, whatever f, g and the signs of their slopes; it stays zero to second order when a0 and T0 are off. An
interaction of raw accuracies does not have this: a code that is merely stronger near the entry would pass for one that travels.

Three questions, and the p-value is the largest of the three, so that each null hypothesis is held by the one that is made for it:

``moves``     S > 0 beyond chance. Blocks of the session are left out in turn; signs of their pseudo-values are flipped. Holds products.
``along``     S is larger for the wave's travel times than for the same map turned into other directions. Exact where nothing ties the
              direction of whatever structure there is (several sources, time constants that change over the cortex) to that of the wave.
              On a line of electrodes there is one direction only, and on a map that is no plane turning means nothing: there,
              travel times are dealt out anew to the electrodes, which is exact where electrodes are exchangeable.
``arrives``   on the downstream half the information still rises after what the filter could explain. Whatever enters everywhere at once
              and fades, with any time constants, falls by then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.information import Codes

Floats = NDArray[np.float64]

LEVEL = 0.05
FLIPS = 4999
TURNS = 360
DEALS = 999
PLANE = 0.8
"""A map is turned as a plane when a plane explains this much of it."""
LINE = 0.02
"""Electrodes lie on a line when they spread across it by less than this part of their spread along it."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Interaction:
    """The primary statistic and what it rests on.

    Attributes
    ----------
    correlation : of age and travel time under the information, -1 ... 1; its interval by leaving out blocks.
    delay_ratio : ms by which the code is later for each ms of the wave's travel time; 1: as fast as the wave's phase.
    p, p_moves, p_along, p_arrives : p is the largest of the others.
    turned : (n,) the correlation on maps turned or dealt out anew.
    by_turning : those maps were turned; otherwise electrodes were exchanged.
    heading_deg : where the information moves to, minus where the wave does.
    values : (blocks, 3) pseudo-values of S, of S along the map turned by a right angle, and of the clearest rise, for the power analysis.
    critical : (2,) what t of S and of the clearest rise has to pass.
    spread : (2, 2) covariance of the map and the one turned by a right angle over the electrodes that tell something.
    """

    correlation: Estimate
    delay_ratio: Estimate
    p: float
    p_moves: float
    p_along: float
    p_arrives: float
    turned: Floats
    by_turning: bool
    heading_deg: float
    values: Floats
    critical: Floats
    spread: Floats


def interaction(codes: Codes, travel_ms: Floats, positions_mm: Floats, settle_ms: float, seed: int = 1) -> Interaction:
    """The interaction of lag and position.

    Parameters
    ----------
    codes : Codes
    travel_ms : (electrodes,)
        How long ago what is now at each electrode was at some place upstream; NaN: not known, and the electrode is left out.
    positions_mm : (electrodes, 2)
    settle_ms : float
        What enters everywhere at once may rise for so long in the patterns.
    seed : int
        Of the flips.
    """
    known = np.isfinite(travel_ms)
    T, xy, age = travel_ms[known], positions_mm[known], codes.age_ms
    B, left = codes.information()[:, known], codes.left_out()[:, :, known]
    rng = np.random.default_rng(seed)
    maps, by_turning = _other_maps(T, xy, rng)
    w = _weights(B, left)
    c, ratio = _moments(B, age, T, w)
    s_left, c_left, ratio_left = (
        np.array(v) for v in zip(*((_covariance(b, age, T, w), *_moments(b, age, T, w)) for b in left), strict=True)
    )
    s = _pseudo(_covariance(B, age, T, w), s_left)
    others = _correlations(B, age, maps, w)
    across = maps[TURNS // 4 - 1] if by_turning else T
    s_across = _pseudo(_covariance(B, age, across, w), np.array([_covariance(b, age, across, w) for b in left]))
    p_arrives, rise, needs = _arrives(B, left, age, T, settle_ms, rng)
    p_moves, moves_needs = _flipped(s[:, None], rng)
    p_along = float((1 + (others >= c).sum()) / (1 + len(others)))
    return Interaction(
        correlation=_jackknife(c, c_left),
        delay_ratio=_jackknife(ratio, ratio_left),
        p=max(p_moves, p_along, p_arrives),
        p_moves=p_moves,
        p_along=p_along,
        p_arrives=p_arrives,
        turned=others,
        by_turning=by_turning,
        heading_deg=_heading(B, age, T, xy, w),
        values=np.column_stack([s, s_across, rise]),
        critical=np.array([moves_needs, needs]),
        spread=_spread(B, T, across, w),
    )


def covariance(codes: Codes, travel_ms: Floats) -> float:
    """S alone."""
    known = np.isfinite(travel_ms)
    B = codes.information()[:, known]
    return _covariance(B, codes.age_ms, travel_ms[known], _weights(B, codes.left_out()[:, :, known]))


def line(codes: Codes, electrodes: NDArray[np.int64], travel_ms: Floats) -> Callable[[float], float]:
    """Where along the travel times the information of an age is: a line through the means, as steep as the spreads of both say.

    Where nothing moves downstream, it moves as fast as the wave's phase from where the wave enters.
    """
    B, left = codes.information()[:, electrodes], codes.left_out()[:, :, electrodes]
    w = _weights(B, left)
    f, g = _margins(B, w)
    a0, t0 = float(f @ codes.age_ms), float(g @ travel_ms)
    va, vt = float(f @ (codes.age_ms - a0) ** 2), float(g @ (travel_ms - t0) ** 2)
    if _covariance(B, codes.age_ms, travel_ms, w) > 0 and va > 0:
        return lambda age: t0 + np.sqrt(vt / va) * (age - a0)
    return lambda age: float(travel_ms.min()) + age


def turned_p(along: Floats, across: Floats, spread: Floats) -> Floats:
    """p of ``along`` for S (any shape) along the map and along the one turned by a right angle: how many directions do as well."""
    angle = np.arange(1, TURNS) * 2 * np.pi / TURNS
    way = np.stack([np.cos(angle), np.sin(angle)])
    size = np.sqrt(np.maximum(np.einsum("ia,ij,ja->a", way, spread, way), 1e-300))
    others = (along[..., None] * way[0] + across[..., None] * way[1]) / size
    own = along / np.sqrt(max(float(spread[0, 0]), 1e-300))
    return np.asarray((1 + (others >= own[..., None]).sum(axis=-1)) / TURNS)


@dataclass(frozen=True)
class _Weights:
    """How far ages and electrodes are to be trusted: about 1 where their information is known, 0 where it is noise."""

    age: Floats
    electrode: Floats


def _weights(B: Floats, left: Floats) -> _Weights:
    return _Weights(*(_trusted(B.sum(axis=axis), left.sum(axis=1 + axis)) for axis in (1, 0)))


def _trusted(margin: Floats, without: Floats) -> Floats:
    n = len(without)
    variance = (n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    power = np.maximum(margin, 0) ** 2
    trust = power / (power + variance + 1e-300)
    return np.asarray(trust if trust.max() > 1e-6 else np.ones(len(margin)))


def _margins(B: Floats, w: _Weights) -> tuple[Floats, Floats]:
    """Shares of ages and of electrodes in the information; even where there is none at all."""
    f, g = w.age * np.maximum(B @ w.electrode, 0), w.electrode * np.maximum(w.age @ B, 0)
    return (f / f.sum() if f.sum() > 0 else w.age / w.age.sum()), (g / g.sum() if g.sum() > 0 else w.electrode / w.electrode.sum())


def _covariance(B: Floats, age: Floats, T: Floats, w: _Weights) -> float:
    f, g = _margins(B, w)
    return float((w.age * (age - f @ age)) @ B @ (w.electrode * (T - g @ T)))


def _correlations(B: Floats, age: Floats, maps: Floats, w: _Weights) -> Floats:
    """Of age and travel time under B, on several maps (n, electrodes)."""
    f, g = _margins(B, w)
    a, centred = age - f @ age, maps - (maps @ g)[:, None]
    total, spread = float(w.age @ B @ w.electrode), float(f @ a**2) * (centred**2 @ g)
    if not total > 0:
        return np.zeros(len(maps))
    return np.asarray(np.clip(centred @ (w.electrode * ((w.age * a) @ B)) / total / np.sqrt(np.maximum(spread, 1e-300)), -1, 1))


def _moments(B: Floats, age: Floats, T: Floats, w: _Weights) -> tuple[float, float]:
    """Correlation of age and travel time under B, and ms of age for each ms of travel time."""
    g = _margins(B, w)[1]
    total, vt = float(w.age @ B @ w.electrode), float(g @ (T - g @ T) ** 2)
    slope = _covariance(B, age, T, w) / total / vt if total > 0 and vt > 0 else 0.0
    return float(_correlations(B, age, T[None], w)[0]), slope


def _spread(B: Floats, T: Floats, across: Floats, w: _Weights) -> Floats:
    g = _margins(B, w)[1]
    maps = np.stack([T - g @ T, across - g @ across])
    return np.asarray((maps * g) @ maps.T)


def _pseudo(whole: float, left: Floats) -> Floats:
    return np.asarray(len(left) * whole - (len(left) - 1) * left)


def _jackknife(whole: float, left: Floats) -> Estimate:
    from scipy.stats import t

    n = len(left)
    sd = float(np.sqrt((n - 1) / n * ((left - left.mean()) ** 2).sum()))
    half = float(t.ppf(0.975, n - 1)) * sd
    return Estimate(whole, whole - half, whole + half)


def _flipped(values: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """One-sided p of the largest of several means (blocks, several) above zero when signs of blocks are exchangeable, studentised.

    And the t that would have been enough.
    """
    n = len(values)
    power = (values**2).mean(axis=0)
    values, power = values[:, power > 0], power[power > 0]
    if not len(power):
        return 1.0, np.inf
    signs = rng.choice([-1.0, 1.0], size=(FLIPS, n))

    def largest(mean: Floats) -> Floats:
        return np.asarray((mean / np.sqrt(np.maximum(power - mean**2, 1e-12 * power))).max(axis=-1))

    by_chance = largest(signs @ values / n)
    p = float((1 + (by_chance >= largest(values.mean(axis=0)) - 1e-12).sum()) / (1 + FLIPS))
    return p, float(np.quantile(by_chance, 1 - LEVEL)) * np.sqrt(n - 1)


def _arrives(B: Floats, left: Floats, age: Floats, T: Floats, settle_ms: float, rng: np.random.Generator) -> tuple[float, Floats, float]:
    """p of a rise on the downstream half from one age to a later one, both after the filter has settled.

    And the pseudo-values of the clearest rise, and the t that would have been enough.
    """
    far = np.median(T) <= T
    late = np.flatnonzero(age >= settle_ms)
    if len(late) < 2:
        return 1.0, np.zeros(len(left)), np.inf
    late = late[np.argsort(age[late], kind="stable")]
    early, later = np.triu_indices(len(late), 1)
    whole, without = B[:, far].sum(axis=1)[late], left[:, :, far].sum(axis=2)[:, late]
    profile = len(left) * whole - (len(left) - 1) * without
    rises = profile[:, later] - profile[:, early]
    clearest = np.argmax(rises.mean(axis=0) / np.maximum(rises.std(axis=0), 1e-300))
    p, needs = _flipped(rises, rng)
    return p, rises[:, clearest], needs


def _other_maps(T: Floats, xy: Floats, rng: np.random.Generator) -> tuple[Floats, bool]:
    centred = xy - xy.mean(axis=0)
    spread = np.linalg.svd(centred, compute_uv=False)
    k = np.linalg.lstsq(centred, T - T.mean(), rcond=None)[0]
    plane = 1 - ((T - T.mean() - centred @ k) ** 2).sum() / max(((T - T.mean()) ** 2).sum(), 1e-300)
    if len(spread) > 1 and spread[1] > LINE * spread[0] and plane >= PLANE:
        angle = np.arange(1, TURNS) * 2 * np.pi / TURNS
        cos, sin = np.cos(angle), np.sin(angle)
        turned = np.column_stack([cos * k[0] - sin * k[1], sin * k[0] + cos * k[1]])
        return np.asarray(turned @ centred.T), True
    return np.asarray(rng.permuted(np.tile(T, (DEALS, 1)), axis=1)), False


def _heading(B: Floats, age: Floats, T: Floats, xy: Floats, w: _Weights) -> float:
    """Angle from the wave's direction to the one in which the centre of the information moves with age."""
    f, g = _margins(B, w)
    centred = (xy - g @ xy) * w.electrode[:, None]
    moved = (w.age * (age - f @ age)) @ B @ centred
    wave = np.linalg.lstsq(xy - xy.mean(axis=0), T - T.mean(), rcond=None)[0]
    angle = np.degrees(np.arctan2(moved[1], moved[0]) - np.arctan2(wave[1], wave[0]))
    return float((angle + 180) % 360 - 180)

"""Connections of a network of cortex: a sheet from isotropic to directed, controls that take one property away, regions joined. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FAR = 0.01
"""Weights below this part of the kernel's peak are left out."""


@dataclass(frozen=True)
class Wiring:
    """Who hears whom, when and how much.

    Attributes
    ----------
    units_mm : (n_units, 2)
    target, source : (n,) int
        Connections, ordered by their target.
    weight, delay_s : (n,)
    """

    units_mm: NDArray[np.float64]
    target: NDArray[np.int32]
    source: NDArray[np.int32]
    weight: NDArray[np.float64]
    delay_s: NDArray[np.float64]

    @property
    def n_units(self) -> int:
        return len(self.units_mm)

    @property
    def first(self) -> NDArray[np.int32]:
        """Connections into unit i are those from ``first[i]`` up to ``first[i + 1]``."""
        return np.searchsorted(self.target, np.arange(self.n_units + 1)).astype(np.int32)


def grid_mm(nx: int, ny: int, pitch_mm: float) -> NDArray[np.float64]:
    """Places of the units of a sheet (ny · nx, 2), row by row from the lower left."""
    x, y = np.meshgrid(np.arange(nx), np.arange(ny))
    return np.column_stack([x.ravel(), y.ravel()]).astype(np.float64) * pitch_mm


def sheet(
    units_mm: NDArray[np.float64],
    *,
    reach_mm: float = 0.6,
    speed_mm_s: float = 200.0,
    gain: float = 0.95,
    asymmetry: float = 1.0,
    heading_deg: float = 0.0,
) -> Wiring:
    """Every unit hears its neighbours: a Gaussian kernel, w ∝ exp(−ρ²/2σ²) (1 + α cos∠(ρ, heading)), delays ρ/v.

    Parameters
    ----------
    units_mm : (n, 2)
    reach_mm : float
        σ.
    speed_mm_s : float
        v, of the axons.
    gain : float
        What a unit in the middle of the sheet gets of a field that is the same everywhere (median over the units).
    asymmetry : float
        α: 0 isotropic, 1 from upstream alone.
    heading_deg : float
        Where the sheet sends to.

    Raises
    ------
    ValueError
        For an asymmetry beyond 0 to 1, a reach or speed that is not positive, or a reach that leaves most units alone.
    """
    if not 0 <= asymmetry <= 1:
        raise ValueError(f"asymmetry lies between 0 (isotropic) and 1 (directed), not {asymmetry}")
    if not (reach_mm > 0 and speed_mm_s > 0):
        raise ValueError(f"reach_mm {reach_mm} and speed_mm_s {speed_mm_s} have to be positive")
    step = units_mm[:, None, :] - units_mm[None, :, :]  # [target, source]
    distance = np.hypot(step[..., 0], step[..., 1])
    ahead = step @ np.array([np.cos(np.radians(heading_deg)), np.sin(np.radians(heading_deg))])
    with np.errstate(invalid="ignore"):
        weight = np.exp(-(distance**2) / (2 * reach_mm**2)) * (1 + asymmetry * np.nan_to_num(ahead / distance))
    np.fill_diagonal(weight, 0.0)
    weight[weight < FAR] = 0.0
    weight *= gain / _heard(weight, f"reach_mm {reach_mm}")
    target, source = np.nonzero(weight)
    return Wiring(units_mm, target.astype(np.int32), source.astype(np.int32), weight[target, source], distance[target, source] / speed_mm_s)


def _heard(weight: NDArray[np.float64], reach: str) -> float:
    """What a unit hears in all (median)."""
    heard = float(np.median(weight.sum(axis=1))) if len(weight) else 0.0
    if not heard > 0:
        raise ValueError(f"{reach} is so short that most units hear nobody; make it longer than their distance")
    return heard


def shuffled(wiring: Wiring, rng: np.random.Generator) -> Wiring:
    """The same weights and delays into every unit, from sources drawn anew: no topography."""
    source, first = wiring.source.copy(), wiring.first
    for i in range(wiring.n_units):
        others = np.delete(np.arange(wiring.n_units), i)
        source[first[i] : first[i + 1]] = rng.permutation(others)[: first[i + 1] - first[i]]
    return replace(wiring, source=source)


def local(wiring: Wiring) -> Wiring:
    """No connections: every unit remembers by itself."""
    none = np.zeros(0)
    return replace(wiring, target=none.astype(np.int32), source=none.astype(np.int32), weight=none, delay_s=none)


def undelayed(wiring: Wiring) -> Wiring:
    """The same connections, without conduction delays."""
    return replace(wiring, delay_s=np.zeros_like(wiring.delay_s))


def thinned(wiring: Wiring, part: float, rng: np.random.Generator) -> Wiring:
    """A part of the connections, drawn at random, is cut: propagation is disrupted.

    Raises
    ------
    ValueError
        For a part beyond 0 to 1.
    """
    if not 0 <= part <= 1:
        raise ValueError(f"the part of the connections that is cut lies between 0 and 1, not {part}")
    keep = rng.random(len(wiring.weight)) >= part
    return replace(wiring, target=wiring.target[keep], source=wiring.source[keep], weight=wiring.weight[keep], delay_s=wiring.delay_s[keep])


@dataclass(frozen=True)
class Path:
    """Connections from one region to another.

    Attributes
    ----------
    source, target : int
        Which regions.
    gain : float
        What a unit of the target gets of a field that is the same everywhere in the source.
    delay_s : float
    blur_mm : float
        Each unit hears the source around the same place; σ of a Gaussian.
    """

    source: int
    target: int
    gain: float
    delay_s: float
    blur_mm: float = 0.4


def joined(regions: Sequence[Wiring], paths: Sequence[Path], *, apart_mm: float = 20.0) -> Wiring:
    """Regions side by side in one network, with feed-forward and feed-back paths that keep the map from place to place.

    Parameters
    ----------
    regions : sequence of Wiring
    paths : sequence of Path
    apart_mm : float
        How far apart along x the regions lie; their own places don't change in between.

    Raises
    ------
    ValueError
        For a path from or to a region that there is none of, or by which most units of its target hear nobody.
    """
    for path in paths:
        if not (0 <= path.source < len(regions) and 0 <= path.target < len(regions) and path.blur_mm > 0):
            raise ValueError(f"a path leads between regions 0 to {len(regions) - 1} with a blur_mm above 0, not {path}")
    offsets = np.concatenate([[0], np.cumsum([region.n_units for region in regions])]).astype(np.int32)
    places = np.concatenate([region.units_mm + np.array([apart_mm * i, 0.0]) for i, region in enumerate(regions)])
    parts = [(r.target + o, r.source + o, r.weight, r.delay_s) for r, o in zip(regions, offsets, strict=False)]
    for path in paths:
        into, out_of = regions[path.target], regions[path.source]
        step = into.units_mm[:, None, :] - out_of.units_mm[None, :, :]
        weight = np.exp(-(step**2).sum(axis=2) / (2 * path.blur_mm**2))
        weight[weight < FAR] = 0.0
        weight *= path.gain / _heard(weight, f"blur_mm {path.blur_mm} of the path from {path.source} to {path.target}")
        target, source = np.nonzero(weight)
        parts.append(
            (
                target + offsets[path.target],
                source + offsets[path.source],
                weight[target, source],
                np.full(len(target), path.delay_s),
            )
        )
    target, source, weight, delay_s = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(target, kind="stable")
    return Wiring(places, target[order].astype(np.int32), source[order].astype(np.int32), weight[order], delay_s[order])

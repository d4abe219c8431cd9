"""What both generators make alike: the course of a recording, its wave vector, what plane and curved waves look like, the hum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.bench.scenes import CHANGE_AT, Array, ComplexArray, Spec


@dataclass(frozen=True)
class Course:
    """When the samples of a recording come, and what has changed by then.

    Attributes
    ----------
    t_s : (n,)
    late : (n,) bool, after the moment at which things change, whether they do or not.
    change : (n,) bool, the wave has become another one.
    """

    t_s: Array
    late: NDArray[np.bool_]
    change: NDArray[np.bool_]

    @property
    def n(self) -> int:
        """Samples."""
        return len(self.t_s)


def course(spec: Spec, fs_hz: float) -> Course:
    """The course of the recording that a spec asks for."""
    n = round(spec.seconds * fs_hz)
    late = np.arange(n) >= CHANGE_AT * n
    return Course(np.arange(n) / fs_hz, late, late & (spec.changes in ("wave", "both")))


def wave_vector(frequency_hz: Array, speed_mm_s: Array, heading_rad: Array) -> Array:
    """(n, 2) rad/mm along the heading."""
    return np.asarray((2 * np.pi * frequency_hz / speed_mm_s)[:, None] * np.column_stack([np.cos(heading_rad), np.sin(heading_rad)]))


@dataclass(frozen=True)
class Curved:
    """Where turning and spreading waves have their centre, and how a turning wave rises from it.

    Attributes
    ----------
    centre_mm : draws the centre, (n, 2) or, where it stays, (2,).
    rise : amplitude of a turning wave by the distance (mm) from its centre, where it is 0.
    """

    centre_mm: Callable[[], Array]
    rise: Callable[[Array], Array]


def shapes(rng: np.random.Generator, kind: NDArray[np.str_], xy: Array, k_rad_mm: Array, curved: Curved) -> ComplexArray:
    """What the wave looks like over the electrodes at each sample, by its kind there."""
    shape = np.zeros((len(kind), len(xy)), dtype=complex)
    for name in dict.fromkeys(kind.tolist()):
        here = kind == name
        shape[here] = pattern(rng, name, xy, k_rad_mm, curved)[here]
    return shape


def pattern(rng: np.random.Generator, kind: str, xy: Array, k_rad_mm: Array, curved: Curved) -> ComplexArray:
    """A kind of wave over the electrodes, (n, m); phases are those behind the carrier's."""
    n = len(k_rad_mm)
    if kind == "planar":
        return np.asarray(np.exp(-1j * (k_rad_mm @ xy.T)))
    if kind in ("synchronous", "none"):
        return np.ones((n, len(xy)), dtype=complex)
    dx, dy = np.moveaxis(xy - curved.centre_mm()[..., None, :], -1, 0)
    r = np.hypot(dx, dy)
    if kind == "rotating":
        turn = rng.choice([-1, 1])
        return np.broadcast_to(curved.rise(r) * np.exp(1j * turn * np.arctan2(dy, dx)), (n, len(xy)))
    return np.asarray(np.exp(-1j * np.hypot(k_rad_mm[:, :1], k_rad_mm[:, 1:]) * r))


def mains_hum(rng: np.random.Generator, spec: Spec, t_s: Array, m: int, mains_hz: float) -> Array:
    """Mains in unequal electrodes, where the spec asks for it, in units of the wave's amplitude."""
    return np.asarray(0.5 * np.cos(2 * np.pi * mains_hz * t_s)[:, None] * (spec.noise == "hum") * rng.uniform(0.8, 1.2, m))

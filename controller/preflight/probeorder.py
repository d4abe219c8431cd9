"""Do the channels lie where the file says? How alike two channels are is a smooth function of their places.

That function is fitted to all pairs. Then places are swapped, rows, columns and single channels: a swap that leaves clearly less
unexplained, in both halves of the samples, was made at the connector. A map that has nothing to do with the samples is seen by the fit.
Turning or mirroring the whole array leaves all distances as they are and can't be seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt
from wavestim.controller.preflight.electrodes import without_mains
from wavestim.controller.preflight.finding import Finding, green, red, unlooked
from wavestim.controller.preflight.heard import Array

Indices = NDArray[np.intp]

RANGE_HZ = (2.0, 120.0)
LEAST_CHANNELS = 12
LEAST_ALIKE = 0.3
"""Correlation of the likenesses of the two halves: below it neighbours share too little to tell anything."""
LEAST_EXPLAINED = 0.2
"""Part of the likenesses that distance explains; on the right map it is above 0.7, on another one as good as nothing."""
LEAST_GAIN = 0.08
"""Part of what is unexplained that a swap must explain, in both halves. On right maps none explains 0.01; swapped rows do 0.15 to 0.8."""
CANDIDATES, ROUNDS = 24, 6
"""Channels that fit worst, of which all pairs are tried; swaps that are looked for one after the other."""


@dataclass(frozen=True)
class Swap:
    """Two places whose channels are taken for each other's.

    Attributes
    ----------
    what : ``rows``, ``columns`` or ``channels``
    a, b : channels of the one and of the other place
    gain : part of what was unexplained that it explains, in the worse half
    """

    what: str
    a: Indices
    b: Indices
    gain: float

    def words(self) -> str:
        """For people: channels as the source counts them."""
        if len(self.a) == 1:
            return f"channels {self.a[0]} and {self.b[0]}"
        return f"{self.what} of channels {self.a[0]} to {self.a[-1]} and {self.b[0]} to {self.b[-1]}"


def check_probe(x: Array, fs_hz: float, positions_mm: Array, good: NDArray[np.bool_]) -> Finding:
    """The places of the probe against the samples.

    Parameters
    ----------
    x : (n, m) uV, heard in the dark.
    fs_hz : float
    positions_mm : (m, 2).
    good : (m,) channels to look at.
    """
    channels = np.flatnonzero(good)
    if len(channels) < LEAST_CHANNELS:
        return unlooked(
            "probe-order", f"{len(channels)} good channels are too few to tell whether they lie where the file says", "check it by hand"
        )
    xy = positions_mm[channels]
    halves = [_likeness(half, fs_hz) for half in np.array_split(x[:, channels], 2)]
    upper = np.triu_indices(len(channels), 1)
    alike = float(np.corrcoef(halves[0][upper], halves[1][upper])[0, 1])
    smooth = _Smooth(xy)
    both = (halves[0] + halves[1]) / 2
    explained = 1 - smooth.unexplained(both) / max(float(np.var(both[upper])) * len(upper[0]), 1e-30)
    figures = {"alike": alike, "explained": explained}
    if not alike >= LEAST_ALIKE:
        return unlooked(
            "probe-order",
            "neighbouring channels share too little to tell whether they lie where the file says",
            "check the map by hand: tap the contacts one after the other, or give a test signal to one",
            **figures,
        )
    if explained < LEAST_EXPLAINED:
        return red(
            "probe-order",
            f"how alike channels are has nothing to do with how near they lie by the file (distance explains {100 * explained:.0f} %)",
            "the map is another probe's or another adapter's: correct probe.channel_map or the probe file",
            **figures,
        )
    swaps = [Swap(s.what, channels[s.a], channels[s.b], s.gain) for s in _swaps(halves, xy, smooth)]
    if swaps:
        return red(
            "probe-order",
            f"swapped: {'; '.join(s.words() for s in swaps)}",
            "correct probe.channel_map (or the adapter): direction and speed of every wave depend on it",
            **figures, swaps=[{"what": s.what, "a": s.a.tolist(), "b": s.b.tolist(), "gain": s.gain} for s in swaps],
        )  # fmt: skip
    return green("probe-order", f"channels that lie near each other are alike (distance explains {100 * explained:.0f} %)", **figures)


def _likeness(x: Array, fs_hz: float) -> Array:
    """Correlation of all pairs, of steps from sample to sample: these weigh frequencies about alike, so a short stretch tells much."""
    high = min(RANGE_HZ[1], 0.4 * fs_hz)
    y = sosfilt(butter(2, (RANGE_HZ[0], high), "bandpass", fs=fs_hz, output="sos"), without_mains(x - x[0], fs_hz), axis=0)[
        round(0.5 * fs_hz) :
    ]
    every = max(1, int(fs_hz / (8 * high)))
    return np.asarray(np.corrcoef(np.diff(y[::every], axis=0).T))


def _terms(lag: Array) -> Array:
    """Even polynomials of a lag (…, 2): likeness does not depend on which of two channels comes first."""
    x, y = lag[..., 0], lag[..., 1]
    return np.stack([np.ones_like(x), x * x, x * y, y * y, x**4, x**3 * y, x * x * y * y, x * y**3, y**4], axis=-1)


class _Smooth:
    """Functions of the lag that vary slowly over the array, as an orthonormal basis over all pairs of places."""

    def __init__(self, xy: Array) -> None:
        self.upper = np.triu_indices(len(xy), 1)
        lag = xy[self.upper[0]] - xy[self.upper[1]]
        u, s, _ = np.linalg.svd(_terms(lag / np.abs(lag).max()), full_matrices=False)
        self.basis: Array = np.ascontiguousarray(u[:, s > 1e-6 * s[0]].T)

    def unexplained(self, likeness: Array) -> float:
        """Sum of squares that is left of the likeness of all pairs."""
        c = likeness[self.upper]
        return float(c @ c - np.sum((self.basis @ c) ** 2))

    def misfit(self, likeness: Array) -> Array:
        """(m,) how badly each channel fits: the median of what is left of its pairs."""
        c = likeness[self.upper]
        left = np.full(likeness.shape, np.nan)
        left[self.upper] = np.abs(c - self.basis.T @ (self.basis @ c))
        left.T[self.upper] = left[self.upper]
        return np.asarray(np.nanmedian(left, axis=1))


def _swaps(halves: list[Array], xy: Array, smooth: _Smooth) -> list[Swap]:
    """Swaps that explain more in both halves, the best first; each is undone before the next is looked for."""
    order = np.arange(len(xy))  # which channel is taken to lie at each place
    found: list[Swap] = []
    for _ in range(ROUNDS):
        now = [h[np.ix_(order, order)] for h in halves]
        before = [smooth.unexplained(h) for h in now]
        best: tuple[float, str, Indices, Indices] | None = None
        for what, a, b in _hypotheses(smooth.misfit(now[0] + now[1]), xy):
            place = np.arange(len(xy))
            place[a], place[b] = b, a
            after = [smooth.unexplained(h[np.ix_(place, place)]) for h in now]
            gain = min(1 - left / had for left, had in zip(after, before, strict=True))
            if gain > LEAST_GAIN and (best is None or gain > best[0]):
                best = gain, what, a, b
        if best is None:
            break
        gain, what, a, b = best
        found.append(Swap(what, order[a], order[b], gain))
        order[a], order[b] = order[b], order[a]
    return found


def _hypotheses(misfit: Array, xy: Array) -> Iterator[tuple[str, Indices, Indices]]:
    """Rows and columns of a grid, and pairs of the channels that fit worst."""
    for axis, name in ((1, "rows"), (0, "columns")):
        lines, which = np.unique(np.round(xy[:, axis], 6), return_inverse=True)
        if len(lines) * 2 > len(xy):  # no line has two channels: not a grid
            continue
        for a, b in combinations(range(len(lines)), 2):
            one, other = (_along(which == line, xy, 1 - axis) for line in (a, b))
            across = set(np.round(xy[one, 1 - axis], 6)) & set(np.round(xy[other, 1 - axis], 6))
            pairs = [[i for i in side if round(float(xy[i, 1 - axis]), 6) in across] for side in (one, other)]
            if len(pairs[0]) > 1 and len(pairs[0]) == len(pairs[1]):
                yield name, np.array(pairs[0]), np.array(pairs[1])
    worst = np.argsort(-misfit)[:CANDIDATES]
    for i, j in combinations(sorted(worst.tolist()), 2):
        yield "channels", np.array([i]), np.array([j])


def _along(line: NDArray[np.bool_], xy: Array, axis: int) -> Indices:
    """Channels of a line in their order along it."""
    channels = np.flatnonzero(line)
    return channels[np.argsort(xy[channels, axis])]

"""The widest strip between what is too late and what is too early: how two clocks are compared over a line that delays as it likes.

A frame to the device can only have been longer on its way than nothing, and so can the answer. So every exchange says that the line
device = offset + rate * host runs below one point and above another. All lines that run between all points are possible; none else is.
(Duda et al. 1987; Zhang, Liu & Xia 2002, IEEE INFOCOM: clock synchronisation by convex hulls.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EDGES_MISS = 2.0
"""So many times the expected miss of both edges count as chance."""


@dataclass(frozen=True)
class Strip:
    """All lines ``y = offset + slope * x`` that run between the points.

    Attributes
    ----------
    slope, low, high
        The widest strip of parallel lines: ``low`` and ``high`` are the offsets of its edges.
    turn
        How far the middle may be off at the asked place because the slope is not known better: over all slopes whose strip is narrower by
        no more than chance makes it.
    """

    slope: float
    low: float
    high: float
    turn: float

    @property
    def offset(self) -> float:
        """The middle."""
        return (self.low + self.high) / 2

    @property
    def half_width(self) -> float:
        """How far a line along the strip can be from the middle."""
        return (self.high - self.low) / 2


def widest_strip(x_above: Floats, above: Floats, x_below: Floats, below: Floats, max_slope: float, at: float) -> Strip | None:
    """The widest strip between two sets of points.

    Parameters
    ----------
    x_above, above : array
        Points that no line may run above; x rises.
    x_below, below : array
        Points that no line may run below; x rises.
    max_slope : float
        No line is steeper.
    at : float
        Where the spread of the possible lines is wanted.

    Returns
    -------
    Strip or None
        None when no line can be.
    """
    xa, ya = _hull(x_above, above, 1.0)
    xb, yb = _hull(x_below, below, -1.0)
    edges = np.concatenate((np.diff(ya) / np.maximum(np.diff(xa), 1e-300), np.diff(yb) / np.maximum(np.diff(xb), 1e-300)))
    slopes = np.unique(np.clip(np.concatenate((edges, (-max_slope, max_slope))), -max_slope, max_slope))
    high, low = _edges(slopes, xa, ya, xb, yb)
    width = high - low
    best = float(width.max())
    if best < 0:
        return None
    slope = float(slopes[width >= best - 1e-9 * max(1.0, best)].mean())
    (top,), (bottom,) = _edges(np.array([slope]), xa, ya, xb, yb)
    # n points that lie evenly beyond an edge miss it by twice their median over n
    chance = EDGES_MISS * 2 * (np.median(above - slope * x_above - top) + np.median(bottom + slope * x_below - below)) / len(x_above)
    least = max(0.0, best - chance)
    # the width is straight between two of these slopes: where it passes the least is exact
    between = [
        s0 + (s1 - s0) * (w0 - least) / (w0 - w1)
        for s0, s1, w0, w1 in zip(slopes[:-1], slopes[1:], width[:-1], width[1:], strict=True)
        if (w0 < least) != (w1 < least)
    ]
    likely = np.concatenate((slopes[width >= least], between))
    high, low = _edges(likely, xa, ya, xb, yb)
    turn = np.abs((high + low - top - bottom) / 2 + (likely - slope) * at).max()
    return Strip(slope, float(bottom), float(top), float(turn))


def _edges(slopes: Floats, xa: Floats, ya: Floats, xb: Floats, yb: Floats) -> tuple[Floats, Floats]:
    """Highest and lowest offset of a line of each slope."""
    return (ya - slopes[:, None] * xa).min(axis=1), (yb - slopes[:, None] * xb).max(axis=1)


def _hull(x: Floats, y: Floats, sign: float) -> tuple[Floats, Floats]:
    """The lower (sign 1) or upper (sign -1) convex hull; x rises."""
    xs, ys = x.tolist(), (sign * y).tolist()
    kept: list[int] = []
    for i in range(len(xs)):
        while len(kept) > 1:
            a, b = kept[-2], kept[-1]
            if (ys[i] - ys[a]) * (xs[b] - xs[a]) > (ys[b] - ys[a]) * (xs[i] - xs[a]):
                break
            kept.pop()
        kept.append(i)
    return x[kept], y[kept]

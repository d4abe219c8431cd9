"""Smooth spatial modes of an electrode layout: what the wave model looks at instead of single electrodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_MODES = 10
"""Orthonormal low-order polynomials kept; six are as good, three and fifteen slightly worse (measured on synthetic waves)."""


NARROW = 0.06
"""Of the length, by the spread of the electrodes: what is no wider is a line. Four columns of 96 electrodes 20 um apart are 0.04."""


@dataclass(frozen=True)
class Layout:
    """A layout in its own axes.

    Attributes
    ----------
    positions_mm : (m, 2) electrode positions in layout axes, centred on their centroid; a strip has zeros in the second column.
    rotation : (2, 2) turns layout axes into probe axes: ``probe = layout @ rotation``.
    modes : (m, r) orthonormal modes over the electrodes that are in use; rows of electrodes left out are the modes' values there.
    gradient : (2, m, r) derivative of the modes along the two layout axes, 1/mm.
    extent_mm : (2,) half the size along each layout axis; 0 where the layout has none.
    """

    positions_mm: NDArray[np.float64]
    rotation: NDArray[np.float64]
    modes: NDArray[np.float64]
    gradient: NDArray[np.float64]
    extent_mm: NDArray[np.float64]

    @property
    def nearest_mm(self) -> float:
        """Median distance of an electrode to its nearest neighbour."""
        p = self.positions_mm
        if len(p) < 2:
            return 1.0
        step = max(1, len(p) // 64)
        d = np.hypot(*(p[::step, None, :] - p[None, :, :]).transpose(2, 0, 1))
        d[d == 0] = np.inf
        return float(np.median(d.min(axis=1)))


def make_layout(positions_mm: NDArray[np.float64], used: NDArray[np.bool_], max_modes: int = MAX_MODES, constant: bool = True) -> Layout:
    """Modes and axes of a layout.

    Parameters
    ----------
    positions_mm : (m, 2) positions, mm.
    used : (m,) electrodes that take part; at least one.
    max_modes : number of modes at most.
    constant : whether to keep the constant mode; a common reference takes it out of the samples, so it must not be looked at then.

    Notes
    -----
    Layouts that are one-dimensional to within a part of their length get one-dimensional modes: nothing is known across a strip, or across
    the staggered columns of a probe.
    """
    p = np.asarray(positions_mm, dtype=np.float64)
    p = p - p[used].mean(axis=0)
    _, size, axes = np.linalg.svd(p[used], full_matrices=int(used.sum()) < 2)  # the axes whole, never the electrodes squared
    size = np.pad(size, (0, 2 - len(size)))
    rotation = axes * np.sign(axes[np.arange(2), np.abs(axes).argmax(axis=1)])[:, None]
    q = p @ rotation.T
    if size[1] <= NARROW * size[0]:
        q[:, 1] = 0.0
    if size[0] <= 1e-9:
        q[:] = 0.0
    extent = np.abs(q[used]).max(axis=0)
    scale = max(float(extent.max()), 1e-9)
    u = q / scale
    drop = 0 if constant else 1
    r = min(max_modes + drop, int(used.sum()))
    powers: list[tuple[int, int]] = []
    columns: list[NDArray[np.float64]] = []
    for px, py in ((degree - i, i) for degree in range(12) for i in range(degree + 1)):
        if len(columns) == r:
            break
        column = monomial = u[:, 0] ** px * u[:, 1] ** py
        for done in columns * 2:  # twice: orthogonal to rounding
            column = column - done * float(done[used] @ column[used])
        left = float(np.linalg.norm(column[used]))
        if left > 1e-6 * max(float(np.linalg.norm(monomial[used])), 1e-12):
            columns.append(column / left)
            powers.append((px, py))
    modes = np.ascontiguousarray(np.column_stack(columns))
    monomials = np.column_stack([u[:, 0] ** px * u[:, 1] ** py for px, py in powers])
    mixing = np.linalg.lstsq(monomials[used], modes[used], rcond=None)[0]
    slopes = [
        np.column_stack([px * u[:, 0] ** max(px - 1, 0) * u[:, 1] ** py for px, py in powers]),
        np.column_stack([py * u[:, 0] ** px * u[:, 1] ** max(py - 1, 0) for px, py in powers]),
    ]
    gradient = np.array([slope @ mixing / scale for slope in slopes])
    return Layout(q, rotation, np.ascontiguousarray(modes[:, drop:]), np.ascontiguousarray(gradient[:, :, drop:]), extent)

"""In which order a phase is followed over the electrodes of a layout: from a site outwards, over steps as short as the layout has them.

Phase is known but for whole cycles. Followed from electrode to electrode over short steps it is known without them, relative to where the
walk began. The electrode before each one is the nearest of those that lie nearer to the site; where several are as near, the one nearest
to the straight line. So steps are short, walks almost straight, and where a pattern turns around a centre its seam lies behind the centre,
as seen from the site. Only sums and products decide: the same walk on every machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

STRAIGHT = 0.5
"""How much a squared distance from the straight line counts beside the squared length of the step."""


def walk_from(site: int, layout_mm: NDArray[np.float64], used: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The order of the electrodes and, for each, the one that is visited before it.

    Parameters
    ----------
    site : index of the electrode where the walk begins; it need not be in use.
    layout_mm : (m, 2) places.
    used : (m,) electrodes that can be walked over; the others are ends.

    Returns
    -------
    order : (m,) electrodes, the site first, every one after its predecessor.
    before : (m,) predecessor of each electrode; the site's is itself.
    """
    away = np.asarray(layout_mm, dtype=np.float64) - layout_mm[site]
    far = away[:, 0] * away[:, 0] + away[:, 1] * away[:, 1]
    order = np.concatenate([[site], [j for j in np.argsort(far, kind="stable") if j != site]]).astype(np.intp)
    steps = order[1:][np.asarray(used, dtype=bool)[order[1:]]]  # by their distance from the site
    before = np.full(len(away), site, dtype=np.intp)
    for j in order[1:]:
        nearer = np.concatenate([[site], steps[: np.searchsorted(far[steps], far[j])]])
        if far[j] == 0 or len(nearer) == 1:
            continue
        step = away[j] - away[nearer]
        off = away[j, 0] * away[nearer, 1] - away[j, 1] * away[nearer, 0]
        cost = step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1] + STRAIGHT * off * off / far[j]
        before[j] = nearer[np.argmin(cost)]
    return order, before

"""The ten smoothest modes of the electrode layout, each with a Matsuda-Komaki filter of its own: the strongest simple peer."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.spatial import cKDTree
from wavestim.controller.bench import oscillators
from wavestim.controller.bench.methods import Estimate, IntArray, Method, Settings, all_sites, forecast, rhythm_hz
from wavestim.controller.bench.scenes import Array, Scene


def smooth_modes(positions_mm: Array, count: int) -> Array:
    """Eigenvectors of the Laplacian of the graph of neighbours: on a full grid the two-dimensional cosine transform. (m, count)."""
    m = len(positions_mm)
    tree = cKDTree(positions_mm)
    nearest = float(np.max(tree.query(positions_mm, k=[2])[0])) if m > 1 else 1.0
    laplacian = np.zeros((m, m))
    for i, j in tree.query_pairs(1.1 * nearest):
        laplacian[[i, j], [j, i]] -= 1
        laplacian[[i, j], [i, j]] += 1
    return np.asarray(np.linalg.eigh(laplacian)[1][:, :count])


@lru_cache(maxsize=4)
def _models(scene: Scene, count: int) -> tuple[oscillators.Oscillator, ...]:
    f, power = oscillators.periodogram(scene.learnable @ smooth_modes(scene.positions_mm, count), scene.fs_hz)
    return tuple(oscillators.fit(one, f, scene.fs_hz, scene.band_hz, rhythm_hz(scene)) for one in power.T)


def run(scene: Scene, at: IntArray, horizons_s: tuple[float, ...], settings: Settings) -> Estimate:
    """See :class:`wavestim.controller.bench.methods.Method`."""
    modes = smooth_modes(scene.positions_mm, settings["modes"])
    centre = rhythm_hz(scene)
    y = scene.lfp @ modes
    z = np.empty(y.shape, dtype=complex)
    for j, model in enumerate(_models(scene, settings["modes"])):
        z[:, j] = oscillators.run_filter(y[:, j : j + 1], model, scene.fs_hz, settings["agility"])[:, 0]
    phase = forecast(np.asarray(z @ modes.T, dtype=complex), at, horizons_s, scene.fs_hz, centre, tracked=settings["tracked"])
    return Estimate(phase, all_sites(scene))


GRID = tuple(
    {"modes": count, "agility": agility, "tracked": tracked}
    for count in (6, 10)
    for agility in (0.1, 0.3, 1.0, 3.0)
    for tracked in (False, True)
)
METHOD = Method(
    "modes-kalman", "smooth modes x MK Kalman", run, GRID, "modes of the layout's graph Laplacian; on a grid they are the DCT's"
)

"""``track()`` as a method of the benchmark: with its defaults, which is how it ships."""

from __future__ import annotations

import numpy as np
from wavestim.controller.bench.methods import Estimate, IntArray, Method, Settings, all_sites
from wavestim.controller.bench.scenes import Scene
from wavestim.realtime import track


def run(scene: Scene, at: IntArray, horizons_s: tuple[float, ...], settings: Settings) -> Estimate:
    """See :class:`wavestim.controller.bench.methods.Method`; ``options`` may hold other :class:`ModelOptions`."""
    w = track(scene.lfp, scene.fs_hz, scene.positions_mm, scene.band_hz, options=settings.get("options"))
    return Estimate(
        phase=np.stack([w.forecast(h)[at] for h in horizons_s]),
        sites=all_sites(scene),
        sd_deg=np.stack([w.forecast_sd_deg(h)[at] for h in horizons_s]),
        direction_deg=w.direction_deg[at],
        speed_mm_s=w.speed_mm_s[at],
        kind=w.kind[at],
    )


METHOD = Method("tracker", "wavestim track()", run, ({},), "its defaults")

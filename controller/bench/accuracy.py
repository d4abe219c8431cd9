"""Scores a method on a recording whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from wavestim.controller.bench import metrics
from wavestim.controller.bench.methods import Estimate, IntArray, Method
from wavestim.controller.bench.scenes import Array, Scene, Spec, make_scene

HORIZONS_MS = (0, 5, 10, 20, 50)
EVERY_S = 0.02


def times(scene: Scene, last_horizon_s: float) -> IntArray:
    """Samples that a scene is judged at, such that the truth at the longest horizon is still there."""
    step = max(1, round(EVERY_S * scene.fs_hz))
    return np.arange(scene.evaluate_from, len(scene.lfp) - round(last_horizon_s * scene.fs_hz) - 1, step)


def errors(scene: Scene, at: IntArray, estimate: Estimate, horizons_ms: Sequence[float]) -> Array:
    """(horizons, times, sites) rad, estimate minus truth."""
    ahead = [np.round(h / 1000 * scene.fs_hz).astype(int) for h in horizons_ms]
    truth = np.stack([scene.phase[at + h][:, estimate.sites] for h in ahead])
    return metrics.wrap(estimate.phase - truth)


def score(
    scene: Scene, method: Method, settings: Mapping[str, Any] | None = None, horizons_ms: Sequence[float] = HORIZONS_MS
) -> dict[str, Any]:
    """Figures of one method on one scene.

    Returns
    -------
    dict
        ``rms_deg`` and ``sd_deg`` by horizon, ``direction_error_deg``, ``speed_ratio``; what the method itself expects of its errors as
        ``calibration`` (deciles by horizon) and what it calls the wave as ``kinds``, where it does.
    """
    at = times(scene, max(horizons_ms) / 1000)
    settings = method.grid[0] if settings is None else settings
    estimate = method.run(scene, at, tuple(h / 1000 for h in horizons_ms), settings)
    error = errors(scene, at, estimate, horizons_ms)
    result: dict[str, Any] = {
        "method": method.name,
        "rms_deg": {str(h): metrics.rms_deg(e) for h, e in zip(horizons_ms, error, strict=True)},
        "sd_deg": {str(h): metrics.circular_sd_deg(e) for h, e in zip(horizons_ms, error, strict=True)},
    }
    if estimate.direction_deg is not None and estimate.speed_mm_s is not None:
        result["direction_error_deg"] = metrics.direction_error_deg(estimate.direction_deg, scene.direction_deg[at])
        result["speed_ratio"] = metrics.speed_ratio(estimate.speed_mm_s, scene.speed_mm_s[at])
    if estimate.sd_deg is not None:
        result["calibration"] = {str(h): metrics.calibration(sd, e) for h, sd, e in zip(horizons_ms, estimate.sd_deg, error, strict=True)}
    if estimate.kind is not None:
        result["kinds"] = metrics.fractions(estimate.kind)
    return result


def score_spec(spec: Spec, methods: Sequence[tuple[Method, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Figures of several methods on the recording of a spec."""
    scene = make_scene(spec)
    return [score(scene, method, settings) for method, settings in methods]

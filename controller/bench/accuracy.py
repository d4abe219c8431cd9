"""Scores a method on a recording whose truth is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from wavestim.controller.bench import certainty, metrics
from wavestim.controller.bench.methods import Estimate, IntArray, Method
from wavestim.controller.bench.scenes import Array, Scene, Spec, make_scene

HORIZONS_MS = (0, 5, 10, 20, 50)
EVERY_S = 0.02
TRIGGER_SD_DEG = 60.0
"""``trigger.max_phase_sd_deg`` of an experiment that says nothing."""


def times(scene: Scene, last_horizon_s: float) -> IntArray:
    """Samples that a scene is judged at, such that the truth at the longest horizon is still there."""
    step = max(1, round(EVERY_S * scene.fs_hz))
    return np.arange(scene.evaluate_from, len(scene.lfp) - round(last_horizon_s * scene.fs_hz) - 1, step)


def true_phase(scene: Scene, at: Array) -> Array:
    """Phase at sample numbers that need not be whole: on the arc between two samples."""
    before = np.floor(at).astype(np.int64)
    arc = metrics.wrap(scene.phase[before + 1] - scene.phase[before])
    return np.asarray(scene.phase[before] + (at - before)[:, None] * arc)


def errors(scene: Scene, at: IntArray, estimate: Estimate, horizons_ms: Sequence[float]) -> Array:
    """(horizons, times, sites) rad, estimate minus truth."""
    truth = np.stack([true_phase(scene, (at + h / 1000 * scene.fs_hz).astype(np.float64))[:, estimate.sites] for h in horizons_ms])
    return metrics.wrap(estimate.phase - truth)


def score(
    scene: Scene, method: Method, settings: Mapping[str, Any] | None = None, horizons_ms: Sequence[float] = HORIZONS_MS
) -> dict[str, Any]:
    """Figures of one method on one scene.

    Returns
    -------
    dict
        ``rms_deg`` by horizon, ``direction_error_deg``, ``speed_ratio``; where the method has them, ``certainty`` (a sketch by horizon, see
        :mod:`wavestim.controller.bench.certainty`), ``sure`` (part of the ticks whose SD a trigger would accept by default) and ``kinds``
        (ticks by true and reported kind).
    """
    at = times(scene, max(horizons_ms) / 1000)
    settings = method.grid[0] if settings is None else settings
    estimate = method.run(scene, at, tuple(h / 1000 for h in horizons_ms), settings)
    error = errors(scene, at, estimate, horizons_ms)
    result: dict[str, Any] = {
        "method": method.name,
        "rms_deg": {str(h): metrics.rms_deg(e) for h, e in zip(horizons_ms, error, strict=True)},
    }
    if estimate.direction_deg is not None and estimate.speed_mm_s is not None:
        result["direction_error_deg"] = metrics.direction_error_deg(estimate.direction_deg, scene.direction_deg[at])
        result["speed_ratio"] = metrics.speed_ratio(estimate.speed_mm_s, scene.speed_mm_s[at])
    if estimate.sd_deg is not None:
        result["certainty"] = {str(h): certainty.sketch(sd, e) for h, sd, e in zip(horizons_ms, estimate.sd_deg, error, strict=True)}
        result["sure"] = float(np.mean(estimate.sd_deg[0] < TRIGGER_SD_DEG))
    if estimate.kind is not None:
        result["kinds"] = metrics.confusion(scene.kind[at], estimate.kind)
    return result


def score_spec(spec: Spec, methods: Sequence[tuple[Method, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Figures of several methods on the recording of a spec, without those that are not run on its kind of wave."""
    scene = make_scene(spec)
    return [score(scene, method, settings) for method, settings in methods if method.kinds is None or spec.kind in method.kinds]

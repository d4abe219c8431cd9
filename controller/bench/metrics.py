"""How far off: figures of phase, direction, speed, certainty and kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.controller.bench.scenes import Array


def wrap(angle_rad: ArrayLike) -> Array:
    """Angles in (-pi, pi]."""
    return np.asarray(np.angle(np.exp(1j * np.asarray(angle_rad, dtype=np.float64))))


def rms_deg(error_rad: ArrayLike) -> float:
    """Root mean square of phase errors; 104 degrees is chance."""
    error = wrap(error_rad)
    return float(np.degrees(np.sqrt(np.mean(error**2)))) if error.size else float("nan")


def circular_sd_deg(error_rad: ArrayLike) -> float:
    """sqrt(-2 ln R) in degrees, at most 180: without the bias."""
    resultant = abs(np.mean(np.exp(1j * np.asarray(error_rad, dtype=np.float64))))
    return float(min(180.0, np.degrees(np.sqrt(-2 * np.log(max(resultant, 1e-12))))))


def direction_error_deg(estimate_deg: ArrayLike, truth_deg: ArrayLike) -> float:
    """Median absolute error where the truth has a direction; NaN where it never does."""
    estimate, truth = np.asarray(estimate_deg, dtype=np.float64), np.asarray(truth_deg, dtype=np.float64)
    known = np.isfinite(truth)
    if not known.any():
        return float("nan")
    return float(np.median(np.abs(np.degrees(wrap(np.radians(estimate[known] - truth[known]))))))


def speed_ratio(estimate_mm_s: ArrayLike, truth_mm_s: ArrayLike) -> float:
    """Median of estimate over truth where the truth has a speed; NaN where it never does."""
    estimate, truth = np.asarray(estimate_mm_s, dtype=np.float64), np.asarray(truth_mm_s, dtype=np.float64)
    known = np.isfinite(truth)
    return float(np.median(estimate[known] / truth[known])) if known.any() else float("nan")


def confusion(truth: NDArray[np.str_], reported: NDArray[np.str_]) -> dict[str, dict[str, int]]:
    """Ticks by true kind and reported kind."""
    pairs, counts = np.unique(np.stack([truth.astype(str), reported.astype(str)]), axis=1, return_counts=True)
    found: dict[str, dict[str, int]] = {}
    for (true, said), count in zip(pairs.T, counts, strict=True):
        found.setdefault(str(true), {})[str(said)] = int(count)
    return found

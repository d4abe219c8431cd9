"""How well a task is done, on a scale that all tasks share. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from wavestim.controller.studies.study import Row

Between = Mapping[str, tuple[float, float]]
"""task -> accuracy by chance, and the best that there can be."""


def scores(rows: Iterable[Row], between: Between) -> dict[int, float]:
    """Mean over the tasks of where accuracy lies between chance (0) and the best (1), by seed."""
    found: dict[int, list[float]] = {}
    for row in rows:
        chance, best = between[row["task"]]
        found.setdefault(row["seed"], []).append((row["accuracy"] - chance) / (best - chance))
    return {seed: float(np.mean(each)) for seed, each in found.items()}

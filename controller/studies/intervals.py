"""Intervals of differences between arms over seeds. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats
from wavestim.controller.studies.study import Effect, Row, Verdict

LEVEL = 0.95


def by_seed(rows: Sequence[Row], arm: str, value: str) -> Mapping[int, float]:
    """One number a seed."""
    return {row["seed"]: float(row[value]) for row in rows if row["arm"] == arm}


def difference(name: str, ours: Mapping[int, float], theirs: Mapping[int, float], *, of: int = 1) -> Effect:
    """Mean difference over the seeds that both have, with a t interval that holds for ``of`` of them together (Bonferroni).

    Raises
    ------
    ValueError
        For less than two seeds.
    """
    seeds = sorted(ours.keys() & theirs.keys())
    if len(seeds) < 2:
        raise ValueError(f"{name}: an interval needs two seeds at least, not {len(seeds)}")
    d = np.array([ours[seed] - theirs[seed] for seed in seeds])
    half = float(stats.t.ppf(1 - (1 - LEVEL) / 2 / of, len(d) - 1)) * float(d.std(ddof=1)) / math.sqrt(len(d))
    return Effect(name, float(d.mean()), float(d.mean()) - half, float(d.mean()) + half)


def verdict(effects: Sequence[Effect], matters: float) -> Verdict:
    """``yes`` when every difference is larger than 0 for certain, ``no`` when one of them is for certain smaller than what matters."""
    if any(effect.high < matters for effect in effects):
        return "no"
    return "yes" if all(effect.low > 0 for effect in effects) else "undecided"

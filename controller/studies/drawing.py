"""Pictures that several studies share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from wavestim.controller.studies.scores import Between
from wavestim.controller.studies.study import Effect, Outcome, Row

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#555555", "#cc79a7", "#d55e00", "#56b4e9", "#000000")
"""Okabe and Ito."""


def curves_and_effects(curves: Mapping[str, NDArray[np.float64]], outcome: Outcome, *, chance: float, period_ms: float) -> Figure:
    """Forgetting curves (seeds × lags for each arm) with the range of their seeds, beside the effects with their intervals."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(5, 4))
    for (arm, found), colour in zip(curves.items(), COLOURS, strict=False):
        lags = np.arange(found.shape[1])
        left.fill_between(lags, found.min(axis=0), found.max(axis=0), color=colour, alpha=0.2, linewidth=0)
        left.plot(lags, found.mean(axis=0), color=colour, marker="o", markersize=3, label=arm)
    left.axhline(chance, color="#999999", linestyle=":", label="chance")
    left.set(xlabel=f"lag, tokens of {period_ms:g} ms", ylabel="accuracy of a linear read-out", ylim=(0, 1.03))
    left.legend(frameon=False, fontsize=8)
    draw_effects(right, outcome.effects)
    titled(figure, outcome)
    return figure


def bars_and_effects(rows: Sequence[Row], arms: Sequence[str], between: Between, outcome: Outcome, *, ylabel: str) -> Figure:
    """Accuracy by task and arm with its seeds, chance and the best there can be, beside the effects with their intervals."""
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    wide = 0.8 / len(arms)
    for i, (arm, colour) in enumerate(zip(arms, COLOURS, strict=False)):
        for j, task in enumerate(between):
            values = [row["accuracy"] for row in rows if (row["arm"], row["task"]) == (arm, task)]
            at = j + (i - (len(arms) - 1) / 2) * wide
            left.bar(at, np.mean(values), wide * 0.9, color=colour, label=arm if j == 0 else None)
            left.plot([at] * len(values), values, ".", color="black", markersize=2)
    for j, (chance, best) in enumerate(between.values()):
        left.plot([j - 0.4, j + 0.4], [best] * 2, color="black", linewidth=1)
        left.plot([j - 0.4, j + 0.4], [chance] * 2, color="black", linewidth=1, linestyle=":")
    left.set_xticks(range(len(between)), list(between), fontsize=8)
    left.set(ylabel=ylabel, xlabel="line: the best there can be; dotted: chance; points: seeds", ylim=(0, 1.25))
    left.legend(frameon=False, fontsize=7, ncols=4, loc="upper center")
    draw_effects(right, outcome.effects)
    titled(figure, outcome)
    return figure


def titled(figure: Figure, outcome: Outcome) -> None:
    """Put the verdict above, in as many lines as it takes."""
    figure.suptitle(fill(f"{outcome.verdict}: {outcome.because}", round(14 * figure.get_figwidth())), fontsize=9)


def draw_effects(axes: object, effects: Sequence[Effect]) -> None:
    """Estimates and intervals, from above to below."""
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    at = np.arange(len(effects))[::-1]
    for y, effect in zip(at, effects, strict=True):
        axes.plot([effect.low, effect.high], [y, y], color=COLOURS[0], linewidth=2)
        axes.plot(effect.estimate, y, "o", color=COLOURS[0])
    axes.axvline(0, color="#999999", linestyle=":")
    axes.set_yticks(at, [effect.name for effect in effects], fontsize=8)
    axes.set(ylim=(-0.6, len(effects) - 0.4), xlabel="difference, 95 % interval")

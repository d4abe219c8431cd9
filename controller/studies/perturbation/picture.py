"""The picture of the docs page: forgetting with and without light, what is left beyond the replayed light, the phase that was hit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from wavestim.controller.studies.drawing import COLOURS, draw_effects
from wavestim.controller.studies.perturbation.rig import CONDITIONS
from wavestim.controller.studies.perturbation.sessions import CLOSED, DARK, REPLAYED
from wavestim.controller.studies.plan import Plan
from wavestim.controller.studies.study import Outcome, Row

SHOWN = ("with − against, beyond", "lag × position", "learned")


def draw(plan: Plan, rows: Sequence[Row], outcome: Outcome) -> Figure:
    """A row of panels for each arm, and the effects beside them."""
    p, arms = plan.parameters, plan.parameters["colours"]
    figure = Figure(figsize=(13, 3.4 * len(arms)), layout="constrained")
    grid = figure.add_gridspec(len(arms), 3, width_ratios=(4, 4, 4))
    for i, arm in enumerate(arms):
        own = [row for row in rows if row["arm"] == arm and row["dose"] == p["doses"][0] and row["measure"] == "accuracy"]
        _forgetting(figure.add_subplot(grid[i, 0]), own, p["n_tokens"], arm, p["period_ms"])
        _beyond(figure.add_subplot(grid[i, 1]), outcome.figures[arm]["beyond_replayed_by_lag"], arm, outcome.figures[arm]["phase_sd_deg"])
    draw_effects(figure.add_subplot(grid[:, 2]), [e for e in outcome.effects if e.name.startswith(SHOWN)])
    figure.suptitle(f"{outcome.verdict}: {outcome.because}", fontsize=9)
    return figure


def _forgetting(axes: Axes, rows: Sequence[Row], n_tokens: int, arm: str, period_ms: float) -> None:
    for name, colour in zip((DARK, *CONDITIONS), ("#999999", *COLOURS), strict=False):
        for light, style in ((DARK, "-"), (CLOSED, "-"), (REPLAYED, ":")):
            mine = [row for row in rows if row["condition"] == name and row["light"] == light]
            lags = sorted({row["lag"] for row in mine})
            mean = [np.mean([row["value"] for row in mine if row["lag"] == k]) for k in lags]
            if mine:
                axes.plot(lags, mean, style, color=colour, marker="o", markersize=3, label=name if light != REPLAYED else None)
    axes.plot([], [], ":", color="#000000", label="replayed")
    axes.axhline(1 / n_tokens, color="#999999", linewidth=0.8)
    axes.set(title=arm, xlabel=f"lag, tokens of {period_ms:g} ms", ylabel="accuracy, frozen decoder", ylim=(0.15, 1.03))
    axes.legend(frameon=False, fontsize=8)


def _beyond(axes: Axes, by_lag: dict[str, list[dict[str, float]]], arm: str, sd_deg: float) -> None:
    for i, (name, colour) in enumerate(zip(CONDITIONS, COLOURS, strict=False)):
        at = np.arange(len(by_lag[name])) + 0.14 * (i - 1.5)
        estimate, low, high = (np.array([row[key] for row in by_lag[name]]) for key in ("estimate", "low", "high"))
        axes.errorbar(at, estimate, [estimate - low, high - estimate], fmt="o", color=colour, markersize=3, linewidth=1, label=name)
    axes.axhline(0, color="#999999", linewidth=0.8)
    hit = f": phase hit ± {sd_deg:.0f}°" if np.isfinite(sd_deg) else ""
    axes.set(title=f"{arm}{hit}", xlabel="lag", ylabel="closed loop − replayed, 95 % of all lags")
    axes.legend(frameon=False, fontsize=8)

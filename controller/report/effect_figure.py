"""The figure of the effect: amplitude after light by condition, and the differences with their intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from wavestim.controller.report import _style as style
from wavestim.controller.report._session import Pulses
from wavestim.controller.report.effect import Effect


def effect_figure(effect: Effect, pulses: Pulses, colours: dict[str, str]) -> Any | None:
    """Left: every pulse and the mean of its condition; right: differences, which are what counts."""
    if not effect.levels:
        return None
    percent = effect.post_uv / effect.reference_uv * 100
    rows = max(len(effect.levels), len(effect.differences))
    with style.look() as Figure:
        figure = Figure(figsize=(11, 1.5 + 0.52 * rows))
        left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
        generator = np.random.default_rng(0)
        for row, level in enumerate(effect.levels):
            own = percent[(pulses.condition == level.name) & np.isfinite(percent)]
            jitter = row + generator.uniform(-0.28, 0.28, len(own))
            left.plot(own, jitter, ".", color=colours[level.name], alpha=0.35, markersize=4, rasterized=len(own) > 500)
            left.plot([level.low, level.high], [row, row], color=style.INK, linewidth=3, solid_capstyle="round")
            left.plot(level.estimate, row, "o", color=colours[level.name], markeredgecolor=style.INK, markersize=9)
        left.set_yticks(range(len(effect.levels)), [f"{e.name}  (n = {e.n})" for e in effect.levels])
        left.set_ylim(len(effect.levels) - 0.4, -0.6)
        left.set_xlim(0, float(np.nanquantile(percent, 0.99)) * 1.15)
        left.set_xlabel("wave after light, % of before")
        for row, difference in enumerate(effect.differences):
            colour = style.INK if difference.shown else style.GREY
            right.plot([difference.low, difference.high], [row, row], color=colour, linewidth=3, solid_capstyle="round")
            right.plot(difference.estimate, row, "o", color=colour, markersize=9)
            right.annotate(
                f"{difference.estimate:+.1f}", (difference.estimate, row), (0, 9), textcoords="offset points", ha="center", fontsize=9
            )
        right.axvline(0, color=style.INK, linewidth=1)
        right.set_yticks(range(len(effect.differences)), [e.name for e in effect.differences])
        right.set_ylim(len(effect.differences) - 0.4, -0.75)
        right.margins(x=0.12)
        right.set_xlabel("difference in percentage points, 95 % interval")
        for axes in (left, right):
            axes.grid(axis="y", visible=False)
    return figure

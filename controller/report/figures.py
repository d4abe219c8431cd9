"""The figures about the loop itself: did light come at the wanted phase, on which waves, in time, and why not otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from wavestim.controller.record.trials import Course
from wavestim.controller.report import _style as style
from wavestim.controller.report._session import Floats, Pulses, SessionLike, drawn
from wavestim.controller.report.phase import PhaseErrors

MOST_OPENINGS = 500
"""Openings of the gate that are drawn; more would be one tint."""
REASONS = {
    "no-wave": "no wave",
    "unsure": "forecast not sure enough",
    "direction": "wave travels another way",
    "pgd": "wave not directed enough",
    "gate": "the gate was shut",
    "washout": "washout after a block",
    "passed": "replayed pulse, its moment had passed",
}


def phase_figure(errors: PhaseErrors, target_deg: float, pulses: Pulses) -> Any:
    """Polar histogram of the phase at light-on, with the target and the mean."""
    with style.look() as Figure:
        figure = Figure(figsize=(4.6, 4.2))
        axes = figure.add_subplot(projection="polar")
        phase = np.radians(errors.known + pulses.target_deg[np.isfinite(errors.error_deg)])
        counts, edges = np.histogram(np.mod(phase, 2 * np.pi), bins=36, range=(0, 2 * np.pi))
        axes.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=style.BLUE, alpha=0.75, edgecolor="none")
        top = max(1, counts.max(initial=1)) * 1.08
        axes.plot([np.radians(target_deg)] * 2, [0, top], color=style.RED, linewidth=2, label="wanted")
        if len(phase):
            mean = np.angle(np.exp(1j * phase).mean())
            axes.plot([mean, mean], [0, top * abs(np.exp(1j * phase).mean())], color=style.INK, linewidth=2.5, label="mean")
        axes.set_ylim(0, top)
        axes.set_xticks(np.radians([0, 90, 180, 270]), ["peak\n0°", "90°", "trough\n180°", "−90°"])
        axes.set_yticks([])
        axes.spines["polar"].set_alpha(0.3)
        figure.legend(loc="outside lower center", fontsize=9, ncols=2)
    return figure


def direction_figure(direction_deg: Floats, wanted: Mapping[str, Any]) -> Any:
    """Rose of the directions in which the waves travelled that were lit, with the wanted sector."""
    with style.look() as Figure:
        figure = Figure(figsize=(4.2, 4.2))
        axes = figure.add_subplot(projection="polar")
        counts, edges = np.histogram(np.mod(direction_deg, 360), bins=24, range=(0, 360))
        top = max(1, counts.max(initial=1)) * 1.08
        angle = wanted.get("direction_deg")
        if isinstance(angle, int | float):
            tolerance = float(wanted.get("direction_tolerance_deg") or 45)
            axes.bar(np.radians(angle), top, width=np.radians(2 * tolerance), color=style.RED, alpha=0.15, edgecolor="none")
        axes.bar(np.radians(edges[:-1]), counts, width=np.radians(15), align="edge", color=style.TEAL, alpha=0.8, edgecolor="none")
        axes.set_ylim(0, top)
        axes.set_xticks(np.radians([0, 90, 180, 270]), ["+x\n0°", "+y  90°", "−x\n180°", "−y  −90°"])
        axes.set_yticks([])
        axes.spines["polar"].set_alpha(0.3)
    return figure


def timing_figure(session: SessionLike) -> Any | None:
    """How far ahead light was planned, and how much of that the way to the board took."""
    decisions = drawn(session)
    scheduled = decisions[decisions["verdict"] == "scheduled"] if len(decisions) else decisions
    if not len(scheduled):
        return None
    ahead = (scheduled["start_sample"] - scheduled["sample"]) / session.fs_hz * 1000
    ahead = ahead[np.isfinite(ahead)]
    with style.look() as Figure:
        figure = Figure(figsize=(6.4, 3.1))
        axes = figure.add_subplot()
        span = (min(0.0, float(ahead.min())), max(float(ahead.max()) * 1.05, 1.0))
        axes.hist(ahead, bins=60, range=span, color=style.BLUE, alpha=0.75, label="light planned ahead")
        latency = session.summary.get("latency_us")
        if isinstance(latency, Mapping):
            for name, colour in (("p50", style.GREEN), ("p99", style.ORANGE), ("max", style.RED)):
                value = latency.get(name)
                if isinstance(value, int | float):
                    axes.axvline(value / 1000, color=colour, linewidth=2, label=f"latency {name} {_time(value)}")
        axes.set_xlim(*span)
        axes.set_xlabel("ms after the newest sample")
        axes.set_ylabel("decisions")
        figure.legend(loc="outside upper left", fontsize=9, ncols=2)
    return figure


def veto_figure(decisions: np.ndarray) -> Any | None:
    """Why light was withheld, most frequent reason first."""
    if not len(decisions):
        return None
    names, counts = np.unique(decisions["verdict"][decisions["verdict"] != "scheduled"].astype(str), return_counts=True)
    if not len(names):
        return None
    order = np.argsort(counts)
    with style.look() as Figure:
        figure = Figure(figsize=(6.4, 0.9 + 0.36 * len(names)))
        axes = figure.add_subplot()
        bars = axes.barh([REASONS.get(names[i], names[i]) for i in order], counts[order], color=style.GREY, height=0.65)
        axes.bar_label(bars, labels=[f"{c} ({c / counts.sum():.0%})" for c in counts[order]], padding=4, fontsize=9)
        axes.margins(x=0.18)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("decisions")
    return figure


def timeline_figure(session: SessionLike, pulses: Pulses, names: list[str], colours: dict[str, str], course: Course) -> Any:
    """Every pulse of the session over time, one row for each condition; what did not come out is a red cross.

    While the gate was open the ground is tinted, and a line stands at the end of every block.
    """
    length_s = max(float(session.samples.shape[0]) / session.fs_hz, 1e-3)
    unit, factor = ("min", 60.0) if length_s > 180 else ("s", 1.0)
    with style.look() as Figure:
        figure = Figure(figsize=(11, 0.9 + 0.34 * max(1, len(names))))
        axes = figure.add_subplot()
        for begin, end in course.openings[:MOST_OPENINGS] / session.fs_hz:
            axes.axvspan(begin / factor, min(end, length_s) / factor, color=style.TEAL, alpha=0.14, linewidth=0)
        for block in range(course.blocks):
            last = session.decisions["fire_sample"][course.block == block].max(initial=0.0)
            axes.axvline(last / session.fs_hz / factor, color=style.INK, linewidth=0.9, linestyle=":")
        for row, name in enumerate(names):
            mine = pulses.condition == name
            at = pulses.fire_sample / session.fs_hz / factor
            axes.vlines(at[mine & pulses.done], row - 0.36, row + 0.36, color=colours[name], linewidth=0.9, alpha=0.85)
            lost = mine & ~pulses.done
            axes.plot(at[lost], np.full(lost.sum(), row), "x", color=style.RED, markersize=6, markeredgewidth=1.6)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlim(0, length_s / factor)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(unit)
    return figure


def _time(us: float) -> str:
    return f"{us / 1000:.1f} ms" if us >= 1000 else f"{us:.0f} µs"

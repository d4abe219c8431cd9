"""The figure of the assay: where the information is, what can be read, from where, against what, and how much more it takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.assay import POWER, Assay
from wavestim.controller.context.interaction import line
from wavestim.controller.report import _style as style

BINS = 8
INK = "#1f2733"


def write_figure(a: Assay, path: Path) -> None:
    """Draw the assay as SVG."""
    import matplotlib

    with style.look() as Figure:
        figure = Figure(figsize=(12.5, 7.4))
        axes = figure.subplots(2, 3)
        _map(axes[0, 0], figure, a)
        _curve(axes[0, 1], a)
        _places(axes[0, 2], a)
        _turned(axes[1, 0], a)
        _controls(axes[1, 1], a)
        if isinstance(a.light, tuple) and a.light:
            _light(axes[1, 2], a)
        else:
            _power(axes[1, 2], a)
        figure.suptitle(f"{a.name}: does the wave carry the context?  {a.verdict}", fontsize=12)
        with matplotlib.rc_context({"svg.hashsalt": "assay", "svg.fonttype": "path"}):
            figure.savefig(path, facecolor="white", metadata={"Date": None, "Creator": None} if path.suffix == ".svg" else None)


def _map(axes: Any, figure: Any, a: Assay) -> None:
    """Information by age and travel time, each age in parts of its largest."""
    known = np.flatnonzero(np.isfinite(a.waves.travel_ms))
    T = a.waves.travel_ms[known]
    parts = [p for p in np.array_split(np.argsort(T, kind="stable"), min(BINS, len(T))) if len(p)]
    B = a.codes.information()[:, known]
    image = np.array([[b[p].mean() for p in parts] for b in B])
    clear = image.max(axis=1) > 0.02 * image.max()
    shown = np.where(clear[:, None], image / np.maximum(image.max(axis=1, keepdims=True), 1e-300), np.nan).clip(0, 1)
    order = np.argsort(a.codes.age_ms)
    mesh = axes.pcolormesh(np.arange(len(parts) + 1) + 0.5, _edges(a.codes.age_ms[order]), shown[order], cmap="viridis", vmin=0, vmax=1)
    figure.colorbar(mesh, ax=axes, label="information, part of the largest")
    path, ages = line(a.codes, known, T), a.codes.age_ms[clear]
    middle = np.array([T[p].mean() for p in parts])
    at = np.interp([path(x) for x in ages], middle, np.arange(len(parts)) + 1.0)
    axes.plot(at[np.argsort(ages)], np.sort(ages), color="white", lw=1.5, ls="--")
    axes.set(
        title="Where a token is read, by age", xlabel="electrodes, upstream → downstream", ylabel="age of the token (ms)",
        ylim=(0, max(float(ages.max(initial=0)) * 1.3, float(a.codes.age_ms.min()) * 2)),
    )  # fmt: skip
    axes.grid(visible=False)


def _edges(x: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = (x[1:] + x[:-1]) / 2
    return np.concatenate([[max(0.0, 2 * x[0] - middle[0])], middle, [2 * x[-1] - middle[-1]]]) if len(x) > 1 else np.array([0.0, 2 * x[0]])


def _curve(axes: Any, a: Assay) -> None:
    f, lag = a.forgetting, np.arange(len(a.forgetting.accuracy))
    axes.fill_between(lag, f.low, f.high, color=style.BLUE, alpha=0.2, lw=0)
    axes.plot(lag, f.accuracy, "o-", color=style.BLUE, label="all electrodes")
    axes.plot(lag, f.single, "s--", color=style.GREY, label="best single electrode")
    axes.axhline(f.chance, color=style.GREY, lw=1, ls=":")
    axes.text(lag[-1], f.chance, "chance ", ha="right", va="bottom", color=style.GREY, fontsize=9)
    axes.set(title="Forgetting", xlabel="lag (tokens back)", ylabel="tokens read right", ylim=(0, 1.02), xticks=lag)
    axes.legend(loc="upper right")


def _places(axes: Any, a: Assay) -> None:
    r = a.readouts
    order = np.argsort(r.age_ms)
    shown = order[r.age_ms[order] <= r.age_ms.max() * 0.75]
    axes.fill_between(r.age_ms[shown], *r.shuffled[shown].T, color=style.GREY, alpha=0.3, lw=0, label="shuffled travel times, 95 %")
    axes.plot(r.age_ms[shown], r.crossing[shown], "o-", color=style.ORANGE, label="where its wave is now", ms=4)
    axes.plot(r.age_ms[shown], r.elsewhere[shown], "s-", color=style.BLUE, label="elsewhere", ms=4)
    axes.axhline(a.forgetting.chance, color=style.GREY, lw=1, ls=":")
    axes.set(title="Read by single electrodes", xlabel="age of the token (ms)", ylabel="tokens read right")
    axes.legend(loc="upper right")


def _turned(axes: Any, a: Assay) -> None:
    f = a.found
    if f.by_turning:
        angle = np.arange(1, len(f.turned) + 1) * 360 / (len(f.turned) + 1)
        axes.plot((angle + 180) % 360 - 180, f.turned, ".", color=style.GREY, ms=2.5)
        axes.set(xlabel="travel times turned by (deg)", xticks=[-180, -90, 0, 90, 180])
        c = f.correlation
        axes.errorbar(0, c.estimate, [[c.estimate - c.low], [c.high - c.estimate]],
                      fmt="o", color=style.ORANGE, capsize=3)  # fmt: skip
    else:
        axes.hist(f.turned, bins=40, color=style.GREY)
        axes.axvline(f.correlation.estimate, color=style.ORANGE)
        axes.set(xlabel="on travel times dealt out anew")
    words = f"p {f.p:.2g}:  moves {f.p_moves:.2g} · along {f.p_along:.2g} · arrives {f.p_arrives:.2g}"
    axes.set_title(f"Lag × position\n{words}", fontsize=9)
    if f.by_turning:
        axes.set_ylabel("correlation of age and travel time")
        axes.axhline(0, color=style.GREY, lw=1)


def _controls(axes: Any, a: Assay) -> None:
    rows = [("session", a.found.correlation, style.ORANGE)] + [(c.name, c.value, style.BLUE) for c in a.controls if c.name != "surrogates"]
    for y, (_, v, colour) in enumerate(reversed(rows)):
        if np.isfinite(v.estimate):
            low, high = max(v.low, -1.2), min(v.high, 1.2)
            axes.plot([low, high], [y, y], color=colour, lw=2)
            axes.plot(v.estimate, y, "o", color=colour)
    axes.axvline(0, color=style.GREY, lw=1)
    axes.set(title="Controls", xlabel="correlation of age and travel time", xlim=(-1.05, 1.05), yticks=range(len(rows)))
    axes.set_yticklabels([name for name, _, _ in reversed(rows)])


def _power(axes: Any, a: Assay) -> None:
    axes.semilogx(a.power.tokens, a.power.power, color=style.BLUE)
    axes.axhline(POWER, color=style.GREY, lw=1, ls=":")
    axes.axvline(a.tokens, color=style.GREY, lw=1)
    axes.text(a.tokens, 0.03, " this session", color=style.GREY, fontsize=9)
    if a.power.needed is not None:
        axes.plot(a.power.needed, POWER, "o", color=style.ORANGE)
        axes.text(a.power.needed, POWER + 0.03, f" {a.power.needed}", color=style.ORANGE, fontsize=9, ha="right")
    axes.set(title="How many tokens it takes", xlabel="tokens", ylabel="power", ylim=(0, 1.02))


def _light(axes: Any, a: Assay) -> None:
    assert isinstance(a.light, tuple)
    for i, pair in enumerate(dict.fromkeys((e.condition, e.against) for e in a.light)):
        rows = [e for e in a.light if (e.condition, e.against) == pair]
        lag = np.array([e.lag for e in rows]) + 0.12 * i
        y = np.array([e.estimate for e in rows])
        spans = np.array([[e.estimate - e.low, e.high - e.estimate] for e in rows]).T
        axes.errorbar(lag, y, spans, fmt="o", color=style.CYCLE[i % len(style.CYCLE)], capsize=2, label=f"{pair[0]} − {pair[1]}")
    axes.axhline(0, color=style.GREY, lw=1)
    axes.set(title="Light, frozen decoder", xlabel="lag (tokens back)", ylabel="difference of tokens read right")
    axes.legend(loc="upper right")

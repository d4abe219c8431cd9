"""The picture of a light plan: where it is bright at the depth of the cells, how deep, how warm it gets, and what is left of the limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from wavestim.controller.experiment import irradiance
from wavestim.controller.experiment.lightdesign import DEPTHS_MM, FIRING_S, Colour, by_colour, face_levels, groups
from wavestim.controller.report import _style as style
from wavestim.controller.session.rehearsal import Rehearsal

PAPER, INK = "#ffffff", "#1d2733"
INKED = ("axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "text.color", "xtick.color", "ytick.color")
MAP_STEPS = 160
MARGIN_MM = 0.4
FAINT_MW_MM2 = 1e-3
SMALL_C = 0.05
LINES = ("-", "--")
"""By colour of light."""
HEADROOM = 30  # room for the legend above the limit


def draw(rehearsal: Rehearsal, folder: Path, name: str = "light-plan") -> list[Path]:
    """Draw the plan as PNG and SVG; returns the files."""
    from matplotlib import rc_context

    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.png", folder / f"{name}.svg"]
    n = len(rehearsal.design.colours)
    with style.look() as figure_class, rc_context(dict.fromkeys(INKED, INK)):
        figure = figure_class(figsize=(11.5 if n == 1 else 15.0, 7.6), facecolor=PAPER)
        maps = [f"map {i}" for i in range(n)]
        panels = figure.subplot_mosaic(
            [[m for m in (*maps, "depth") for _ in range(2)], [m for m in ("warming", "limits") for _ in range(n + 1)]]
        )
        for i, name in enumerate(maps):
            _map(figure, panels[name], rehearsal, i)
        _depth(panels["depth"], rehearsal)
        _warming(panels["warming"], rehearsal)
        _limits(panels["limits"], rehearsal)
        figure.suptitle(_title(rehearsal), fontsize=11, color=INK)
        figure.savefig(files[0], dpi=130, facecolor=PAPER, metadata={"Software": None})
        figure.set_layout_engine("none")  # it is laid out by now
        figure.savefig(files[1], facecolor=PAPER, metadata={"Date": None})
    return files


def _title(rehearsal: Rehearsal) -> str:
    e = rehearsal.assembly.experiment
    return f"{e.name}: {len(rehearsal.assembly.leds_mm)} LEDs, at most one pattern every {rehearsal.period_ms:.4g} ms"


def _worst(rehearsal: Rehearsal) -> int:
    """The pattern that warms most."""
    return int(np.argmax(rehearsal.design.warming_c))


def _map(figure: Any, ax: Any, rehearsal: Rehearsal, colour: int) -> None:
    """Light of one colour."""
    assembly, found, s = rehearsal.assembly, rehearsal.design, _worst(rehearsal)
    leds, electrodes, e, shown_as = assembly.leds_mm, assembly.positions_mm, assembly.experiment, found.colours[colour]
    every = np.concatenate([leds, electrodes])
    (x0, y0), (x1, y1) = every.min(axis=0) - MARGIN_MM, every.max(axis=0) + MARGIN_MM
    x, y = np.meshgrid(np.linspace(x0, x1, MAP_STEPS), np.linspace(y0, y1, MAP_STEPS))
    cells = irradiance.spread(leds, e.leds, (e.leds.depth_mm,), np.column_stack([x.ravel(), y.ravel()]))[0]
    together = irradiance.lit_together(assembly.plan.slots[s].entries, face_levels(e, assembly.plan, s), len(leds))
    mine = by_colour(e, len(leds))[colour]
    bright = (cells[:, mine] @ together[:, mine].T).max(axis=1).reshape(x.shape) if s in found.lit else np.zeros(x.shape)
    shown = np.log10(np.maximum(bright, FAINT_MW_MM2))
    image = ax.imshow(shown, origin="lower", extent=(x0, x1, y0, y1), cmap="cividis", interpolation="bilinear")
    ax.plot(*electrodes.T, "o", ms=2.5, mfc="#ffffff", mec=style.GREY, mew=0.5, label="electrode")
    ax.plot(*leds[mine].T, "o", ms=6, mfc="none", mec=style.ORANGE, label="LED")
    threshold = shown_as.threshold_mw_mm2
    if threshold is not None and bright.min() < threshold[0] < bright.max():
        ax.contour(x, y, bright, levels=[threshold[0]], colors=[style.RED], linewidths=1.4)
        ax.plot([], [], color=style.RED, label=f"{shown_as.opsin} answers ({threshold[0]:.3g} mW/mm²)")
    elif threshold is not None and bright.max() <= threshold[0]:
        ax.plot([], [], " ", label=f"{shown_as.opsin} answers nowhere (below {threshold[0]:.3g} mW/mm²)")
    bar = figure.colorbar(image, ax=ax, shrink=0.9)
    low, high = shown.min(), shown.max()
    ticks = [t for t in range(-3, 3) if low <= t <= high]
    bar.set_ticks(ticks, labels=[f"{10.0**t:g}" for t in ticks])
    bar.set_label("mW/mm²")
    ax.grid(False)
    ax.set(xlabel="x, mm", ylabel="y, mm", aspect="equal")
    which = f"{_named(shown_as)}: " if len(found.colours) > 1 else ""
    ax.set_title(f"{which}brightest moment at {e.leds.depth_mm:g} mm depth\n{assembly.plan.slots[s].name}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, fontsize=8, columnspacing=1.2, handletextpad=0.4)


def _depth(ax: Any, rehearsal: Rehearsal) -> None:
    found, e = rehearsal.design, rehearsal.assembly.experiment
    for colour, group in zip(style.CYCLE, _lit(rehearsal), strict=False):
        for line, light in zip(LINES, found.colours, strict=False):
            under = light.under_led_mw_mm2[group["slots"].start : group["slots"].stop].max(axis=0)
            if under.any() or len(found.colours) == 1:
                which = f", {light.wavelength_nm:g} nm" if len(found.colours) > 1 else ""
                ax.semilogy(DEPTHS_MM, np.maximum(under, FAINT_MW_MM2), line, color=colour, label=_label(group) + which)
    for line, light in zip(LINES, found.colours, strict=False):
        if light.threshold_mw_mm2 is not None:
            least, surely = light.threshold_mw_mm2
            ax.axhspan(least, surely, color=style.RED, alpha=0.15, lw=0)
            ax.axhline(least, color=style.RED, lw=1.2, ls=line)
            ax.text(2.0, least, f"{_named(light)}: cells answer ", color=style.RED, ha="right", va="bottom", fontsize=8)
            ax.text(2.0, surely, "most of them ", color=style.RED, ha="right", va="top", fontsize=8)
    ax.axvline(e.leds.depth_mm, color=style.GREY, lw=1, ls="--")
    ax.text(e.leds.depth_mm, FAINT_MW_MM2 * 1.3, " cells", color=style.GREY, fontsize=8)
    ax.axhline(e.safety.max_irradiance_mw_mm2, color=INK, lw=1, ls=":")
    ax.text(2.0, e.safety.max_irradiance_mw_mm2, "limit ", color=INK, ha="right", va="bottom", fontsize=8)
    ax.set(
        xlabel="depth below an LED, mm",
        ylabel="irradiance, mW/mm²",
        xlim=(0, 2),
        ylim=(FAINT_MW_MM2, HEADROOM * e.safety.max_irradiance_mw_mm2),
    )
    ax.set_title("irradiance at depth")
    _legend(ax, "upper right")


def _warming(ax: Any, rehearsal: Rehearsal) -> None:
    found, limit = rehearsal.design, rehearsal.assembly.experiment.safety.max_temperature_rise_c
    top = max(float(found.forecast_c.max(initial=0.0)), 1e-6)
    unit, scale = ("mK", 1e3) if top < SMALL_C else ("K", 1.0)
    for colour, group in zip(style.CYCLE, _lit(rehearsal), strict=False):
        slots = group["slots"]
        hottest = slots.start + int(np.argmax(found.warming_c[slots.start : slots.stop]))
        ax.plot(found.forecast_s, scale * found.forecast_c[hottest], color=colour, label=_label(group))
    ax.axvline(FIRING_S, color=style.GREY, lw=1, ls="--")
    ax.text(FIRING_S, 1.2 * scale * top, " dark", color=style.GREY, fontsize=8)
    ax.set(xlabel="time, s", ylabel=f"warming of the hottest site, {unit}", xlim=(0, found.forecast_s[-1]), ylim=(0, 1.3 * scale * top))
    if limit <= 1.25 * top:
        ax.axhline(scale * limit, color=INK, lw=1, ls=":")
    both = ", both colours" if len(found.colours) > 1 else ""
    ax.set_title(f"temperature{both}, fired as fast as it goes (limit {limit:g} K)")
    _legend(ax, "upper left")


def _limits(ax: Any, rehearsal: Rehearsal) -> None:
    """How much of each limit is used, at the fastest repetition."""
    found, limits = rehearsal.design, rehearsal.assembly.engine.limits
    assert limits is not None
    names = ["irradiance", "pulse width", "duty", "warming", "dose in an hour"]
    lit = _lit(rehearsal)
    height = 0.8 / max(1, len(lit))
    for row, (colour, group) in enumerate(zip(style.CYCLE, lit, strict=False)):
        at = slice(group["slots"].start, group["slots"].stop)
        shares = [
            limits.brightest_mw_mm2[at].max() / limits.max_irradiance_mw_mm2,
            limits.longest_s[at].max() / limits.max_pulse_s,
            found.duty[at].max() / limits.max_duty,
            found.warming_c[at].max() / limits.max_rise_c,
            found.dose_mj_mm2_per_h[at].max() / limits.max_dose_mj_mm2,
        ]
        where = np.arange(len(names)) + (row - (len(lit) - 1) / 2) * height
        ax.barh(where, shares, height=0.9 * height, color=colour, label=_label(group))
        for y, share, limit in zip(where, shares, [1, 1, 1, 1, limits.max_dose_mj_mm2], strict=True):
            ax.text(min(share, 1.0) + 0.01, y, f"{share:.1%}" if np.isfinite(limit) else "no limit", va="center", fontsize=8, color=INK)
    ax.axvline(1.0, color=INK, lw=1, ls=":")
    ax.set_yticks(range(len(names)), labels=names)
    ax.invert_yaxis()
    ax.set(xlim=(0, 1.15), xlabel="part of the limit that is used")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.grid(axis="y", visible=False)
    ax.set_title("what the limits leave")


def _named(light: Colour) -> str:
    return f"{light.opsin} at {light.wavelength_nm:g} nm"


def _legend(ax: Any, where: str) -> None:
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize=8, loc=where)


def _lit(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    return [g for g in groups(rehearsal.assembly.plan) if g["lit"]]


def _label(group: dict[str, Any]) -> str:
    names = ", ".join(group["lit"])
    return f"{group['label']}: {names}" if len(names) < 40 else f"{group['label']}: {len(group['lit'])} conditions"

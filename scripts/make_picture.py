"""Draws docs/images/demo.png: a short demo with a fixed seed, seen with the truth that only a simulation has.

    python scripts/make_picture.py [FILE]

Top: the true phase over the electrodes at three moments of one sweep of light, with the wave and against it, and the LEDs that are
lit then (of each condition the pulse with the smallest error is shown). Below: traces with every pulse of those seconds. Right: the
true phase of the wave whenever light or sham came on, all pulses, against the phase that was asked for.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt
from wavestim.controller import open_session
from wavestim.controller.experiment import load_experiment
from wavestim.controller.record import Session
from wavestim.controller.session import run_experiment
from wavestim.hardware.simulated import Truth

SEED, SECONDS = 1, 40.0
DPI = 110
INK, PALE, LIGHT, SHAM = "#1f2733", "#8a93a0", "#1d9bf0", "#8a93a0"
COLOURS = {"with-wave": "#2f6fc4", "against-wave": "#e08a1e", "sham": SHAM}
SHOWN_S = 1.2
MOMENTS_MS = (-8.0, 0.0, 8.0)
Floats = NDArray[np.float64]


def main(path: Path) -> None:
    """Run the demo in a folder that is thrown away, draw it, write ``path``."""
    import matplotlib as mpl

    with tempfile.TemporaryDirectory() as folder, mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 10, "axes.edgecolor": PALE}):
        out = Path(folder) / "demo"
        experiment = load_experiment("against-the-wave")
        run_experiment(experiment, out=out, seconds=SECONDS, pace="virtual", seed=SEED, arm=True, progress=lambda _: None)
        figure = draw(open_session(out))
        path.parent.mkdir(parents=True, exist_ok=True)
        save(figure, path)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def save(figure: Any, path: Path) -> None:
    """Write a PNG of few colours: small enough for a repository."""
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI, facecolor="white")
    Image.open(buffer).convert("RGB").save(path, optimize=True)


def draw(session: Session) -> Any:
    """The whole picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.5, 7.6))
    FigureCanvasAgg(figure)
    columns = figure.add_gridspec(1, 2, left=0.075, right=0.955, top=0.95, bottom=0.07, width_ratios=(1.5, 1), wspace=0.27)
    left = columns[0].subgridspec(2, 1, height_ratios=(1.42, 1), hspace=0.24)
    maps = left[0].subgridspec(2, len(MOMENTS_MS), hspace=0.08, wspace=0.06)
    chosen = {name: best(session, name) for name in ("with-wave", "against-wave")}
    grid = [[figure.add_subplot(maps[row, column]) for column in range(len(MOMENTS_MS))] for row in range(2)]
    for row, (name, pulse) in zip(grid, chosen.items(), strict=True):
        for axes, after_ms in zip(row, MOMENTS_MS, strict=True):
            picture = phase_map(axes, session, pulse, after_ms)
            if row is grid[0]:
                axes.set_title(f"{after_ms:+.0f} ms".replace("-", "−") if after_ms else "light at the centre", fontsize=10, color=INK)
        row[0].set_ylabel(
            f"light {'with' if name == 'with-wave' else 'against'}\nthe wave", color=COLOURS[name], fontsize=11, fontweight="bold"
        )
    bar = figure.colorbar(
        picture, ax=[axes for row in grid for axes in row], ticks=[-180, -90, 0, 90, 180], fraction=0.03, pad=0.02, aspect=32
    )
    bar.ax.set_yticklabels(["trough", "rising", "peak", "falling", "trough"], fontsize=8)
    bar.outline.set_visible(False)
    traces(figure.add_subplot(left[1]), session, chosen["with-wave"])
    right = columns[1].subgridspec(3, 1, height_ratios=(0.02, 1, 0.2))
    polar(figure.add_subplot(right[1], projection="polar"), session)
    return figure


def best(session: Session, condition: str) -> int:
    """The fired pulse of a condition that the model was surest of and whose light came at the right phase."""
    pulses, decisions = session.pulses, session.decisions
    mine = (decisions["condition"][pulses["decision"]] == condition) & (pulses["verdict"] == "fired") & (pulses["decision"] > 0)
    score = np.where(mine, np.abs(pulses["phase_error_deg"]) + np.abs(pulses["direction_error_deg"]), np.inf)
    middle = np.abs(decisions["fire_sample"][pulses["decision"]] / session.fs_hz - SECONDS / 2) < SECONDS / 2 - 2 * SHOWN_S
    return int(np.argmin(np.where(middle, score, np.inf)))


def lit_leds(session: Session, pulse: int, sample: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """LEDs that are lit at a sample, and LEDs that were lit before."""
    decision = session.decisions[session.pulses["decision"][pulse]]
    entries = session.about["slots"][int(decision["slot"])]["entries"]
    now = np.zeros(len(session.about["leds_mm"]), dtype=bool)
    before = now.copy()
    at_us = (sample - decision["start_sample"]) / session.fs_hz * 1e6
    for led, delay, width, _ in entries:
        now[int(led)] |= delay <= at_us < delay + width
        before[int(led)] |= at_us >= delay + width
    return now, before


def phase_map(axes: Any, session: Session, pulse: int, after_ms: float) -> Any:
    """The true phase at a moment of a sweep, the direction of the wave, and the LEDs."""
    decision = session.decisions[session.pulses["decision"][pulse]]
    at = float(decision["fire_sample"]) + (after_ms + 2.0) * session.fs_hz / 1000  # 2 ms into the light of that moment
    xy, leds = session.positions_mm, np.asarray(session.about["leds_mm"])
    with Truth(session.path / "truth.bin") as truth:
        phase = np.degrees(truth.phase(np.full(len(xy), at), np.arange(len(xy))))
        direction = float(truth.rows["direction_deg"][round(at)])
    half = 0.2
    x, y = np.unique(xy[:, 0].round(6)), np.unique(xy[:, 1].round(6))
    image = np.full((len(y), len(x)), np.nan)
    image[np.searchsorted(y, xy[:, 1].round(6)), np.searchsorted(x, xy[:, 0].round(6))] = phase
    extent = (x[0] - half, x[-1] + half, y[0] - half, y[-1] + half)
    picture = axes.imshow(image, origin="lower", extent=extent, cmap="twilight_shifted", vmin=-180, vmax=180, interpolation="nearest")
    now, before = lit_leds(session, pulse, at)
    axes.plot(*leds[~now & ~before].T, "o", ms=3.6, mfc="none", mec=INK, mew=0.8, alpha=0.7)
    axes.plot(*leds[before].T, "o", ms=3.6, mfc=INK, mec=INK, mew=0.8, alpha=0.7)
    axes.plot(*leds[now].T, "o", ms=14, mfc=LIGHT, mec="none", alpha=0.35, zorder=7)
    axes.plot(*leds[now].T, "o", ms=8, mfc=LIGHT, mec="white", mew=1.2, zorder=8)
    arrow(axes, (0.0, 0.0), direction, 1.25, INK)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return picture


def arrow(axes: Any, middle: tuple[float, float], direction_deg: float, length: float, colour: str) -> None:
    """An arrow through ``middle``."""
    from matplotlib.patheffects import withStroke

    step = length * np.array([np.cos(np.radians(direction_deg)), np.sin(np.radians(direction_deg))])
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": 2.0, "mutation_scale": 16, "shrinkA": 0, "shrinkB": 0}
    drawn = axes.annotate("", np.add(middle, step), np.subtract(middle, step), arrowprops=style, zorder=6)
    drawn.arrow_patch.set_path_effects([withStroke(linewidth=4.2, foreground="white")])


def traces(axes: Any, session: Session, pulse: int) -> None:
    """A row of electrodes, raw and filtered, and every pulse of those seconds."""
    fs, decisions = session.fs_hz, session.decisions
    centre = float(decisions["fire_sample"][session.pulses["decision"][pulse]])
    first, last = round(centre - 0.5 * SHOWN_S * fs), round(centre + 0.5 * SHOWN_S * fs)
    pad = round(fs)
    block = np.asarray(session.samples[first - pad : last + pad], dtype=np.float64)
    band = session.experiment["band_hz"]
    smooth = sosfiltfilt(butter(2, band, "bandpass", fs=fs, output="sos"), block, axis=0)[pad:-pad]
    raw = sosfiltfilt(butter(2, 3.0, "highpass", fs=fs, output="sos"), block, axis=0)[pad:-pad]
    site = int(decisions["site"][0])
    row = site // 10 * 10
    shown = [row, *sorted({row + 9, site})]
    step = 240.0
    t = (np.arange(first, last) - first) / fs
    for i, channel in enumerate(shown):
        base = i * step
        here = channel == site
        axes.plot(t, base + raw[:, channel], color=PALE, linewidth=0.6, alpha=0.7)
        axes.plot(t, base + smooth[:, channel], color="#b3262e" if here else INK, linewidth=1.6 if here else 1.1)
    top = len(shown) * step - 0.25 * step
    seen = set()
    for p in session.pulses:
        decision = decisions[p["decision"]]
        if not first <= p["true_sample"] < last:
            continue
        name = str(decision["condition"])
        at = (p["true_sample"] - first) / fs
        label = name if name not in seen else None
        seen.add(name)
        axes.axvline(at, color=COLOURS[name], linewidth=1.5, linestyle=":" if p["dark"] else "-", alpha=0.9, zorder=0, ymax=0.955)
        axes.plot(
            [at], [top], "o" if p["dark"] else "v", color=COLOURS[name], mfc="white" if p["dark"] else COLOURS[name], ms=7, label=label
        )
    axes.set(xlim=(0, SHOWN_S), ylim=(-0.75 * step, top + 0.35 * step), yticks=[])
    axes.spines[["left", "top", "right"]].set_visible(False)
    axes.set_xlabel("s")
    axes.plot([-0.012, -0.012], [-0.5 * step, -0.5 * step + 100], color=INK, linewidth=2, clip_on=False)
    axes.text(-0.02, -0.5 * step + 50, "100 µV", rotation=90, ha="right", va="center", fontsize=8, color=INK)
    axes.set_title(
        f"three electrodes of a row, from 3 Hz and {band[0]:g}–{band[1]:g} Hz; red: where the phase must hold",
        fontsize=10,
        color=INK,
        loc="left",
        pad=18,
    )
    order = {str(text): handle for handle, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    axes.legend(
        [order[n] for n in COLOURS if n in order],
        [n for n in COLOURS if n in order],
        loc="lower left",
        bbox_to_anchor=(-0.01, 0.965),
        ncol=3,
        fontsize=8,
        frameon=False,
        handletextpad=0.2,
        columnspacing=1.2,
    )


def polar(axes: Any, session: Session) -> None:
    """True phase at light-on, lit pulses and shams, against the target."""
    pulses, decisions = session.pulses, session.decisions
    known = np.isfinite(pulses["true_phase_deg"])
    target = float(session.experiment["trigger"]["phase_deg"])
    edges = np.radians(np.arange(-180, 181, 15))
    bottom: Floats = np.zeros(len(edges) - 1)
    names = decisions["condition"][pulses["decision"]]
    for name, colour in COLOURS.items():
        count, _ = np.histogram(np.radians(pulses["true_phase_deg"][known & (names == name)]), edges)
        axes.bar(
            edges[:-1], count, width=np.diff(edges), align="edge", bottom=bottom, color=colour, ec="white", lw=0.6, label=name, zorder=2
        )
        bottom += count
    most = float(bottom.max())
    axes.plot([np.radians(target)] * 2, [0, most * 1.12], color="#b3262e", linewidth=2.2, zorder=4)
    axes.text(np.radians(target), most * 1.16, " target", color="#b3262e", ha="center", va="bottom", fontsize=10, fontweight="bold")
    error = session.summary["phase_error_deg"]
    axes.set_theta_zero_location("N")
    axes.set(ylim=(0, most * 1.12))
    axes.set_thetagrids([0, 90, 180, 270], ["", "falling", "trough", "rising"], fontsize=9, color=INK)
    axes.set_yticklabels([])
    axes.grid(color=PALE, alpha=0.3)
    axes.spines["polar"].set_visible(False)
    axes.set_title("true phase of the wave\nwhen light came on", fontsize=12, fontweight="bold", color=INK, pad=34)
    bias = f"{error['bias']:+.1f}".replace("-", "−")
    words = (
        f"{error['n']} pulses in {SECONDS:.0f} s\n"
        f"bias {bias}°, SD {error['sd']:.1f}°, median error {error['median_abs']:.1f}°\n"
        "cortex in silico, 0 dB: in 8–24 Hz as much noise as wave"
    )
    axes.text(0.5, -0.19, words, transform=axes.transAxes, ha="center", va="top", fontsize=9, color=INK, linespacing=1.5)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.09), ncol=3, fontsize=8, frameon=False, handlelength=1.0, columnspacing=1.2)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "docs" / "images" / "demo.png")

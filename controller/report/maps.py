"""The wave around a pulse of each condition: phase maps over a two-dimensional probe, a strip of traces over a line."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import cKDTree
from wavestim.controller.report import _style as style
from wavestim.controller.report._session import Floats, Pulses, SessionLike
from wavestim.controller.report.phase import analytic

AROUND_MS = (-40.0, -20.0, 0.0, 40.0, 80.0)
STRIP_S = 0.25
MOST = 4
MANY = 256
"""Electrodes from which on a map is a picture, not a shape for each."""


def maps_figure(session: SessionLike, pulses: Pulses, names: list[str]) -> Any | None:
    """One row for each condition, the pulse whose wave was surest; None when there is nothing to show."""
    positions = np.asarray(session.positions_mm, dtype=np.float64).reshape(-1, 2)
    shown = [
        (name, i, found) for name in names[:MOST] if (i := _surest(pulses, name)) is not None and (found := _around(session, pulses, i))
    ]
    if not shown or len(positions) < 2:
        return None
    spread = np.linalg.svd(positions - positions.mean(axis=0), compute_uv=False)
    if spread[1] > 0.05 * spread[0]:
        return _maps(positions, shown, pulses)
    return _strips(positions, shown)


def _surest(pulses: Pulses, name: str) -> int | None:
    mine = np.flatnonzero((pulses.condition == name) & pulses.done & np.isfinite(pulses.predicted_sd_deg))
    return int(mine[np.argmin(pulses.predicted_sd_deg[mine])]) if len(mine) else None


def _around(session: SessionLike, pulses: Pulses, i: int) -> tuple[np.ndarray, Floats] | None:
    return analytic(session, pulses.fire_sample[i], 0.5)


def _maps(positions: Floats, shown: list[tuple[str, int, tuple[np.ndarray, Floats]]], pulses: Pulses) -> Any:
    size = _marker_points(positions)
    with style.look() as Figure:
        figure = Figure(figsize=(11, 0.5 + 2.15 * len(shown)))
        grid = figure.subplots(len(shown), len(AROUND_MS), squeeze=False)
        dots = None
        for row, (name, i, (signal, times)) in zip(grid, shown, strict=True):
            for axes, ms in zip(row, AROUND_MS, strict=True):
                phase = np.angle(signal[np.argmin(abs(times - ms / 1000))])
                dots = axes.scatter(
                    *positions.T,
                    c=np.degrees(phase),
                    s=size,
                    marker="s",
                    cmap="twilight",
                    vmin=-180,
                    vmax=180,
                    linewidths=0,
                    rasterized=len(positions) > MANY,
                )
                axes.set_aspect("equal")
                axes.set_xticks([])
                axes.set_yticks([])
                axes.grid(visible=False)
                axes.spines[["left", "bottom"]].set_visible(False)
                if axes in grid[0]:
                    axes.set_title("light-on" if ms == 0 else f"{ms:+.0f} ms", fontweight="bold" if ms == 0 else "normal")
            _arrow(row[2], positions, pulses.direction_deg[i])
            row[0].set_ylabel(name, color=style.INK)
        bar = figure.colorbar(dots, ax=grid, ticks=[-180, -90, 0, 90, 180], fraction=0.02, pad=0.01)
        bar.ax.set_yticklabels(["trough", "−90°", "peak", "90°", "trough"])
        bar.outline.set_visible(False)
    return figure


def _arrow(axes: Any, positions: Floats, direction_deg: float) -> None:
    if not np.isfinite(direction_deg):
        return
    length = 0.38 * float(np.ptp(positions, axis=0).max())
    step = length * np.array([np.cos(np.radians(direction_deg)), np.sin(np.radians(direction_deg))])
    middle = positions.mean(axis=0)
    arrow = {"arrowstyle": "-|>", "color": style.RED, "linewidth": 2.2, "mutation_scale": 16}
    axes.annotate("", middle + step, middle - step, arrowprops=arrow)


def _strips(positions: Floats, shown: list[tuple[str, int, tuple[np.ndarray, Floats]]]) -> Any:
    axis = np.linalg.svd(positions - positions.mean(axis=0), full_matrices=False)[2][0]
    along = (positions - positions.mean(axis=0)) @ (axis * (1 if axis[np.argmax(abs(axis))] > 0 else -1))
    order = np.argsort(along)
    with style.look() as Figure:
        figure = Figure(figsize=(11, 0.6 + 1.9 * len(shown)))
        grid = figure.subplots(len(shown), 1, squeeze=False, sharex=True)[:, 0]
        limit = max(float(np.quantile(np.abs(signal.real[abs(times) <= STRIP_S]), 0.995)) for _, _, (signal, times) in shown) or 1.0
        for axes, (name, _, (signal, times)) in zip(grid, shown, strict=True):
            near = abs(times) <= STRIP_S
            potential = signal.real[near][:, order].T
            mesh = axes.pcolormesh(times[near] * 1000, along[order], potential, cmap="RdBu_r", vmin=-limit, vmax=limit, shading="nearest")
            mesh.set_rasterized(True)
            axes.axvline(0, color="black", linewidth=1.6)
            axes.set_ylabel(f"{name}\nmm along the probe")
            axes.grid(visible=False)
        grid[-1].set_xlabel("ms from light-on")
    return figure


def _marker_points(positions: Floats) -> float:
    """Marker area so that neighbours nearly touch in a panel of about 1.8 inch."""
    extent = float(np.ptp(positions, axis=0).max()) or 1.0
    distance = np.asarray(cKDTree(positions).query(positions, k=2)[0])
    pitch = float(np.median(distance[:, 1]))
    return float(np.clip((72 * 1.75 * pitch / (extent + pitch)) ** 2, 4, 1200))

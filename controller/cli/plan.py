"""``wavestim lights plan``: the light of an experiment as a table, a picture and figures, before anything shines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output
from wavestim.controller.errors import OutputError


def plan_light(
    experiment: Annotated[
        str, typer.Argument(metavar="EXPERIMENT", help="A YAML file or the name of a packaged example.", show_default=False)
    ],
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Draw it here, as light-plan.png and light-plan.svg.")] = None,
    as_json: options.Json = False,
) -> None:
    """Work out the light of an experiment at a desk: how bright at depth, how warm, what a limit refuses. Nothing shines.

    \b
    Examples:
      wavestim lights plan against-the-wave
      wavestim lights plan my-experiment.yaml --out plan
    """
    from wavestim.controller.experiment import load_experiment
    from wavestim.controller.report.lightplan import draw
    from wavestim.controller.session.rehearsal import figures, rehearse

    if out is not None and out.exists() and not out.is_dir():
        raise OutputError(f"--out {out}: a file is in the way; give a folder")
    with output.only_json(as_json):
        rehearsal = rehearse(load_experiment(experiment))
        found = figures(rehearsal)
        files = [str(path) for path in draw(rehearsal, out)] if out is not None else []
    if as_json:
        output.emit({**found, "files": files})
        return
    console = Console()
    console.print(_headline(found), highlight=False)
    console.print(_table(found))
    console.print(_footnote(found), highlight=False)
    if found["unmeasured"]:
        console.print(f"[yellow]{found['unmeasured']}.[/]", highlight=False)
    for file in files:
        console.print(file, highlight=False, soft_wrap=True)


def _headline(found: dict[str, Any]) -> str:
    needs = "\n".join(_needs(opsin) for opsin in found["opsins"])
    return (
        f"{found['experiment']}: {found['leds']} LEDs, at most one pattern every {found['period_ms']:.4g} ms, "
        f"cells {found['depth_mm']:g} mm deep\n{needs}"
    )


def _needs(opsin: dict[str, Any]) -> str:
    if opsin["least_mw_mm2"] is None:
        return f"{opsin['name']}: nobody knows how much it needs at {opsin['wavelength_nm']:g} nm"
    least, most = opsin["least_mw_mm2"], opsin["surely_mw_mm2"]
    return f"{opsin['name']} at {opsin['wavelength_nm']:g} nm: cells answer from {least:.3g} mW/mm², most of them at {most:.3g}"


FIGURES = (
    ("duration_ms", "lasts\nms", 1, ".0f"),
    ("irradiance_mw_mm2", "face\nmW/mm²", 1, ".2f"),
    ("at_cells_mw_mm2", "cells\nmW/mm²", 1, ".2f"),
    ("opened", "opens\n%", 100, ".1f"),
    ("reach_mm", "reach\nmm", 1, ".2f"),
    ("sites_above", "sites\n", 1, ".0f"),
    ("duty", "duty\n%", 100, ".1f"),
    ("dose_mj_mm2_per_h", "dose\nmJ/mm²/h", 1, ".0f"),
    ("warming_c", "warms\nmK", 1000, ".1f"),
)
"""Key, head of its column, what it is multiplied by, format."""
OF_ALL_LIGHT = {"duration_ms", "duty", "dose_mj_mm2_per_h", "warming_c"}
"""With two colours the others are told of each."""


def _table(found: dict[str, Any]) -> Table:
    """One row for the patterns that the same conditions draw from, with the range of their figures; with two colours one for each, too."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("pattern\n", overflow="fold", min_width=16)
    for _, head, _, _ in FIGURES:
        table.add_column(head, justify="right", no_wrap=True)
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for p in found["patterns"]:
        groups.setdefault((p["name"].split(" ")[0], *p["conditions"]), []).append(p)
    opsins = found["opsins"]
    for (label, *conditions), rows in groups.items():
        name = f"{label} ({len(rows)})" if len(rows) > 1 else label
        used = [f" {c} (dark)" if c in found["dark_conditions"] else f" {c}" for c in conditions]
        told = FIGURES if len(opsins) == 1 else [figure if figure[0] in OF_ALL_LIGHT else None for figure in FIGURES]
        table.add_row("\n".join([name, *used]), *("" if f is None else _range(rows, f[0], *f[2:]) for f in told))
        for i, opsin in enumerate(opsins if len(opsins) > 1 else ()):
            mine = [row["colours"][i] for row in rows]
            cells = ("" if key in OF_ALL_LIGHT else _range(mine, key, by, form) for key, _, by, form in FIGURES)
            table.add_row(f" {opsin['wavelength_nm']:g} nm", *cells)
    return table


def _range(rows: list[dict[str, Any]], key: str, by: float, form: str) -> str:
    values = [row[key] for row in rows]
    if None in values:
        return "?"
    low, high = format(min(values) * by, form), format(max(values) * by, form)
    return low if low == high else f"{low}-{high}"


def _footnote(found: dict[str, Any]) -> str:
    limits = found["limits"]
    dose = limits["max_dose_mj_mm2_per_h"]
    bounds = [
        f"{limits['max_irradiance_mw_mm2']:g} mW/mm²",
        f"{limits['max_pulse_ms']:g} ms",
        f"duty {limits['max_duty']:.0%}",
        "any dose" if dose is None else f"{dose:g} mJ/mm² an hour",
        f"{limits['max_temperature_rise_c']:g} K",
    ]
    both = "" if len(found["opsins"]) == 1 else "\nnm: by the LEDs of this colour, for its opsin; opens: by the light of both"
    return (
        "cells, opens: highest at an electrode; cells at their depth, and how much of\n"
        "the opsin opens around it, as in the simulated cortex. reach, sites: how deep,\n"
        f"and at how many of {found['electrodes']} electrodes, cells answer. duty, dose, warms: as fast\n"
        f"as it can go, for ever (patterns in any order: {1000 * found['mixed_warming_c']:.1f} mK)\n"
        f"limits: {', '.join(bounds)}{both}"
    )

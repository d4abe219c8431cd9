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
    for file in files:
        console.print(file, highlight=False, soft_wrap=True)


def _headline(found: dict[str, Any]) -> str:
    opsin = found["opsin"]
    needs = "which needs nobody knows how much at" if opsin["least_mw_mm2"] is None else f"from {opsin['least_mw_mm2']:.3g} mW/mm² at"
    return (
        f"{found['experiment']}: {found['leds']} LEDs, at most one pattern every {found['period_ms']:.4g} ms; "
        f"{opsin['name']} {needs} {opsin['wavelength_nm']:g} nm, {found['depth_mm']:g} mm deep"
    )


def _table(found: dict[str, Any]) -> Table:
    """One row for the patterns that the same conditions draw from, with the range of their figures."""
    table = Table("pattern", "conditions", box=None, padding=(0, 2, 0, 0))
    for name in ("lasts, ms", "face, mW/mm²", "cells", "reaches, mm", "sites", "duty", "mJ/mm²/h", "warming, K"):
        table.add_column(name, justify="right")
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for p in found["patterns"]:
        groups.setdefault((p["name"].split(" ")[0], *p["conditions"]), []).append(p)
    for (label, *conditions), rows in groups.items():
        name = f"{label} ({len(rows)})" if len(rows) > 1 else label
        table.add_row(
            name,
            "\n".join(conditions),
            _range(rows, "duration_ms", ".0f"),
            _range(rows, "irradiance_mw_mm2", ".2f"),
            _range(rows, "at_cells_mw_mm2", ".2f"),
            _range(rows, "reach_mm", ".2f"),
            _range(rows, "sites_above", "d"),
            _range(rows, "duty", ".1%"),
            _range(rows, "dose_mj_mm2_per_h", ".0f"),
            _range(rows, "warming_c", ".4f"),
        )
    return table


def _range(rows: list[dict[str, Any]], key: str, form: str) -> str:
    values = [row[key] for row in rows]
    if None in values:
        return "?"
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low}-{high}"


def _footnote(found: dict[str, Any]) -> str:
    limits = found["limits"]
    dose = limits["max_dose_mj_mm2_per_h"]
    bounds = [
        f"{limits['max_irradiance_mw_mm2']:g} mW/mm²",
        f"{limits['max_pulse_ms']:g} ms",
        f"duty {limits['max_duty']:.0%}",
        "no limit to the dose" if dose is None else f"{dose:g} mJ/mm² an hour",
        f"{limits['max_temperature_rise_c']:g} K (any order of the patterns: {found['mixed_warming_c']:.4f} K)",
    ]
    return (
        "duty, dose and warming as fast as it can go; cells: highest at an electrode, at their depth; "
        f"sites: electrodes of {found['electrodes']} above the opsin's need\nlimits: {', '.join(bounds)}"
    )

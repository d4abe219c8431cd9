"""``wavestim study``: an experiment of the seed paper, from its fixed parameters to a verdict."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output
from wavestim.controller.plain import plain


def study(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Which; without it they are listed.", show_default=False)] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer seeds and runs: shows that it works, proves nothing.")] = False,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Processes.")] = os.cpu_count() or 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Results, table and picture; what is done there already is not done again."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """One of the experiments of arXiv 2401.14267, in silico.

    Parameters and seeds are fixed in a file that comes with wavestim; the
    verdict is yes, no or undecided, with the intervals that it follows from.

    \b
    Examples:
      wavestim study
      wavestim study sequence-encoding --quick
      wavestim study sequence-encoding --out results
    """
    from wavestim.controller.studies import study_names
    from wavestim.controller.studies.plan import load_plan
    from wavestim.controller.studies.report import outcome_dict, run_study

    if name is None:
        for each in study_names():
            typer.echo(f"{each:20} {load_plan(each).question}")
        return
    with output.only_json(as_json), output.stages(name) as progress:
        plan, outcome = run_study(name, quick=quick, workers=workers, out=out, progress=progress)
    told = outcome_dict(plan, outcome)
    if out is not None:
        (out / "outcome.json").write_text(json.dumps(plain(told), indent=1, allow_nan=False), encoding="utf-8")
    if as_json:
        output.emit(told)
        return
    typer.echo(f"{plan.question}\n{outcome.verdict}: {outcome.because}")
    for effect in outcome.effects:
        typer.echo(f"  {effect.name:48} {effect.estimate:+.3g}  [{effect.low:+.3g}, {effect.high:+.3g}]")
    if out is not None:
        typer.echo(f"{out}: results.csv, outcome.json, {name}.png")

"""``wavestim sweep``: a study over parameters and seeds, on all the computers there are."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output


def sweep(
    file: Annotated[Path, typer.Argument(metavar="SWEEP.yaml", help="What is varied.")],
    scheduler: Annotated[
        str | None, typer.Option("--scheduler", metavar="ADDR", help="A Dask scheduler, such as tcp://10.0.0.1:8786.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Results; what is done there is not done again.", show_default=False),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """A study over parameters and seeds, on Dask workers.

    Interrupted or broken off, it goes on where it was. results.csv has a row
    for each measurement, outcomes.csv one for each effect.

    \b
    Examples:
      wavestim sweep noise.yaml
      wavestim sweep noise.yaml --scheduler tcp://10.0.0.1:8786 --out results
    """
    from wavestim.controller.studies.clusters import workers
    from wavestim.controller.studies.sweep import load_sweep, run_sweep

    asked = load_sweep(file)
    folder = out or file.with_suffix("")
    with output.only_json(as_json), output.stages("sweep") as progress:
        judged = run_sweep(asked, folder, workers(asked.cluster, scheduler), progress)
    if as_json:
        points = [
            {"at": dict(point.at), "verdict": outcome.verdict, "effects": [asdict(effect) for effect in outcome.effects]}
            for point, outcome in judged
        ]
        output.emit({"study": asked.study, "out": str(folder.absolute()), "points": points})
        return
    for point, outcome in judged:
        at = ", ".join(f"{name} {value}" for name, value in point.at.items()) or "the plan"
        typer.echo(f"{at}: {outcome.verdict}; {outcome.because}")
    typer.echo(f"{folder}: results.csv, outcomes.csv")

"""``wavestim bench``: the tracker beside its peers, in one run."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output
from wavestim.controller.plain import plain


class Section(StrEnum):
    """Parts of the benchmark."""

    accuracy = "accuracy"
    certainty = "certainty"
    kinds = "kinds"
    recordings = "recordings"
    speed = "speed"


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="A minute instead of a quarter of an hour: fewer and shorter recordings.")] = False,
    only: Annotated[Section | None, typer.Option("--only", help="One section of it.")] = None,
    recordings: Annotated[
        Path | None,
        typer.Option("--recordings", metavar="DIR", help="Also judge the recordings there: .npz, NWB, what neo reads."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Also write benchmarks.md and bench.json there.")] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Processes.")] = os.cpu_count() or 1,
    as_json: options.Json = False,
) -> None:
    """Accuracy, certainty and speed of the tracker beside its peers, on the same samples.

    \b
    Examples:
      wavestim bench --quick
      wavestim bench --only accuracy --out bench
    """
    from wavestim.controller.bench.plan import FULL, QUICK
    from wavestim.controller.bench.run import SECTIONS, run_bench

    chosen = (only.value,) if only else SECTIONS
    words = ["wavestim bench", *(["--quick"] if quick else []), *([f"--only {only.value}"] if only else [])]
    words += ["--recordings DIR"] if recordings else []
    if out is not None:  # what stands against it is told before the work
        out.mkdir(parents=True, exist_ok=True)
    with output.only_json(as_json), output.stages("bench") as progress:
        found = run_bench(QUICK if quick else FULL, chosen, folder=recordings, workers=workers, command=" ".join(words), progress=progress)
    text = "\n".join(found.text)
    if out is not None:
        (out / "benchmarks.md").write_text(text, encoding="utf-8")
        (out / "bench.json").write_text(json.dumps(plain(found.figures), allow_nan=False), encoding="utf-8")
    if as_json:
        output.emit(found.figures)
        return
    typer.echo(text, nl=False)

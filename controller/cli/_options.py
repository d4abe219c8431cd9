"""Options that several commands share, with the words of their help."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Policy(StrEnum):
    """Policies that need no more than their name."""

    phase_locked = "phase-locked"
    rate_matched_random = "rate-matched-random"
    replayed = "replayed"


class Pace(StrEnum):
    """How time passes."""

    virtual = "virtual"
    real = "real"


Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object on stdout, everything else on stderr.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="The session folder; it must not exist yet. Default: a new one in wavestim-sessions/."),
]
Seconds = Annotated[float, typer.Option("--seconds", metavar="S", help="Length, counted from the first sample, warm-up included.")]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Seed of schedule, shuffles and simulated cortex; default: the experiment's.")
]
Region = Annotated[
    str | None,
    typer.Option("--region", metavar="NAME", help="Of a recording with several arrays, the one to run on.", show_default=False),
]
Session = Annotated[Path, typer.Argument(metavar="SESSION", help="Session folder.", show_default=False)]

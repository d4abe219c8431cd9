"""A study over a grid of parameters: every combination is a plan of its own, judged by itself; all cells go to one table."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from wavestim.controller.studies import study, study_names
from wavestim.controller.studies.plan import Plan, load_plan
from wavestim.controller.studies.run import Progress, compute
from wavestim.controller.studies.study import Outcome, Row, StudyError
from wavestim.controller.studies.table import Table, write_csv


class Local(BaseModel):
    """Workers on this computer."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["local"] = "local"
    workers: Annotated[int, Field(ge=1)] | None = None


class Slurm(BaseModel):
    """Workers as jobs of a SLURM cluster, one core each."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["slurm"]
    jobs: Annotated[int, Field(ge=1)]
    memory: str = "4GB"
    walltime: str = "04:00:00"
    queue: str | None = None
    account: str | None = None


class Sweep(BaseModel):
    """What a sweep file says.

    Attributes
    ----------
    study : which.
    seeds : those that every combination is run with; the plan's without.
    vary : values of parameters; all combinations are run.
    parameters : others that differ from the plan.
    quick : begin from the short plan.
    cluster : where, unless a scheduler is named on the command line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    study: str
    seeds: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    vary: Mapping[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    quick: bool = False
    cluster: Annotated[Local | Slurm, Field(discriminator="kind")] = Local()


@dataclass(frozen=True)
class Point:
    """One combination of what varies, and the plan that it makes."""

    at: Mapping[str, Any]
    plan: Plan


def load_sweep(path: Path) -> Sweep:
    """Read a sweep file.

    Raises
    ------
    StudyError
        When it can't be read, or asks for what a study does not have.
    """
    try:
        sweep = Sweep.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(f"{path}: can't be read as YAML ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise StudyError(f"{path}: {place or 'the file'}: {first['msg'].lower()}; known are {', '.join(Sweep.model_fields)}") from error
    if sweep.study not in study_names():
        raise StudyError(f"{path}: study: there is no {sweep.study!r}; there are {', '.join(study_names())}")
    known = load_plan(sweep.study).parameters
    for name in (*sweep.vary, *sweep.parameters):
        if name not in known:
            raise StudyError(f"{path}: {sweep.study} has no parameter {name!r}; it has {', '.join(known)}")
    return sweep


def points(sweep: Sweep) -> list[Point]:
    """All combinations, the last parameter changing fastest."""
    plan = load_plan(sweep.study, quick=sweep.quick)
    found = []
    for values in itertools.product(*sweep.vary.values()):
        at = dict(zip(sweep.vary, values, strict=True))
        update: dict[str, Any] = {"parameters": {**plan.parameters, **sweep.parameters, **at}}
        if sweep.seeds is not None:
            update["seeds"] = sweep.seeds
        found.append(Point(at, plan.model_copy(update=update)))
    return found


def run_sweep(
    sweep: Sweep, out: Path, executor: AbstractContextManager[Executor], progress: Progress = lambda *_: None
) -> list[tuple[Point, Outcome]]:
    """Do what is not done yet in a folder, and judge every combination.

    Parameters
    ----------
    sweep : Sweep
    out : Path
        Folder with the table; ``results.csv`` has a row for each measurement, ``outcomes.csv`` one for each effect of each combination.
    executor : context manager of an Executor
        Where the work is done (`clusters.py`).
    progress : callable

    Raises
    ------
    StudyError
    """
    chosen, plans = study(sweep.study), points(sweep)
    cells = [chosen.cells(point.plan) for point in plans]
    with Table(out) as table:
        distinct = list({cell.key: cell for each in cells for cell in each}.values())
        with executor as workers:
            compute(distinct, table, workers, progress)
        rows = [table.rows(each) for each in cells]
    judged = [(point, chosen.judge(point.plan, found)) for point, found in zip(plans, rows, strict=True)]
    write_csv(out / "results.csv", [{**point.at, **row} for point, found in zip(plans, rows, strict=True) for row in found])
    write_csv(out / "outcomes.csv", outcome_rows(judged))
    return judged


def outcome_rows(judged: Sequence[tuple[Point, Outcome]]) -> list[Row]:
    """A row for each effect of each combination."""
    return [
        {
            **point.at,
            "verdict": outcome.verdict,
            "effect": effect.name,
            "estimate": effect.estimate,
            "low": effect.low,
            "high": effect.high,
        }
        for point, outcome in judged
        for effect in outcome.effects
    ]

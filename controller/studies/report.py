"""Runs a whole study, and tells and draws what it found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from wavestim.controller.studies import study
from wavestim.controller.studies.plan import Plan, load_plan
from wavestim.controller.studies.run import Progress, compute, local
from wavestim.controller.studies.study import Outcome
from wavestim.controller.studies.table import Table, write_csv


def run_study(
    name: str, *, quick: bool = False, workers: int = 1, out: Path | None = None, progress: Progress = lambda *_: None
) -> tuple[Plan, Outcome]:
    """From the plan to the verdict.

    Parameters
    ----------
    name : str
    quick : bool
        The short plan.
    workers : int
        Processes.
    out : Path, optional
        Folder that takes cells as they are done, the tidy table and the picture.
    progress : callable

    Raises
    ------
    StudyError
        For a name that is none, a folder that can't be used, or packages that are missing.
    """
    chosen = study(name)
    plan = load_plan(name, quick=quick)
    cells = chosen.cells(plan)
    with Table(out) as table, local(workers) as executor:
        compute(cells, table, executor, progress)
        rows = table.rows(cells)
    outcome = chosen.judge(plan, rows)
    if out is not None:
        write_csv(out / "results.csv", rows)
        chosen.draw(plan, rows, outcome).savefig(out / f"{name}.png", dpi=110)
    return plan, outcome


def outcome_dict(plan: Plan, outcome: Outcome) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "study": plan.study,
        "question": plan.question,
        "decides": plan.decides,
        "verdict": outcome.verdict,
        "because": outcome.because,
        "effects": [asdict(effect) for effect in outcome.effects],
        "parameters": dict(plan.parameters),
        "seeds": list(plan.seeds),
        "quick": plan.quick,
        "plan_sha256": plan.sha256,
        **outcome.figures,
    }

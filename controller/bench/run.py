"""A run of the benchmark: its sections one after the other, each with its work, its figures and its tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from wavestim.controller.bench import accuracy_tables, tuning
from wavestim.controller.bench.accuracy import score_spec
from wavestim.controller.bench.peers import PEERS, TRACKER
from wavestim.controller.bench.plan import Plan
from wavestim.controller.bench.pool import Job, run_jobs

SECTIONS = ("accuracy",)
Progress = Callable[[str, float], None]
"""Told what is being done and which part of it is finished."""


@dataclass
class Bench:
    """What a run found: figures by section, and the same as text."""

    figures: dict[str, Any] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)


def run_bench(plan: Plan, sections: Sequence[str] = SECTIONS, *, workers: int = 1, progress: Progress = lambda *_: None) -> Bench:
    """Run sections of the benchmark.

    Parameters
    ----------
    plan : how much.
    sections : some of :data:`SECTIONS`.
    workers : processes.
    progress : called now and then.
    """
    bench = Bench()
    if "accuracy" in sections:
        _accuracy(bench, plan, workers, progress)
    return bench


def _accuracy(bench: Bench, plan: Plan, workers: int, progress: Progress) -> None:
    tuned = plan.tuning_specs()
    chosen = tuning.choose(PEERS, tuned, workers, lambda n: progress("settings of the peers", n / len(tuned)))
    methods = [(TRACKER, TRACKER.grid[0]), *((peer, chosen[peer.name]) for peer in PEERS)]
    specs = [spec for spec in plan.specs() if spec.kind != "none"]
    jobs: list[Job] = [(score_spec, (spec, methods)) for spec in specs]
    scored = run_jobs(jobs, workers, lambda n: progress("accuracy", n / len(jobs)))
    results = [{"spec": asdict(spec), **one} for spec, found in zip(specs, scored, strict=True) for one in found]
    bench.figures["settings"] = chosen
    bench.figures["accuracy"] = results
    bench.text += [
        accuracy_tables.settings(chosen),
        accuracy_tables.waves(results),
        accuracy_tables.by_generator(results),
        accuracy_tables.direction(results),
    ]

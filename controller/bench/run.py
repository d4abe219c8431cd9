"""A run of the benchmark: its sections one after the other, each with its work, its figures and its tables."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from wavestim.controller.bench import accuracy_tables, certainty, kinds, recording_tables, recordings, speed, tuning
from wavestim.controller.bench.accuracy import score_spec
from wavestim.controller.bench.methods import Method
from wavestim.controller.bench.peers import OPTIONAL, PEERS, TRACKER
from wavestim.controller.bench.plan import Plan
from wavestim.controller.bench.pool import Job, run_jobs
from wavestim.controller.bench.scenes import Spec

SECTIONS = ("accuracy", "certainty", "kinds", "recordings", "speed")
Progress = Callable[[str, float], None]
"""Told what is being done and which part of it is finished."""
Chosen = Sequence[tuple[Method, Mapping[str, Any]]]
Result = dict[str, Any]


@dataclass
class Bench:
    """What a run found: figures by section, and the same as text."""

    figures: dict[str, Any] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Runner:
    """Does jobs on processes and tells how far it is."""

    workers: int
    progress: Progress

    def run(self, stage: str, jobs: Sequence[Job]) -> list[Any]:
        """Results in order."""
        self.progress(stage, 0.0)
        return run_jobs(jobs, self.workers, lambda n: self.progress(stage, n / len(jobs)))

    def score(self, stage: str, specs: Sequence[Spec], methods: Chosen) -> list[Result]:
        """Figures of methods on the recordings of specs, each with its spec."""
        scored = self.run(stage, [(score_spec, (spec, methods)) for spec in specs])
        return [{"spec": asdict(spec), **one} for spec, found in zip(specs, scored, strict=True) for one in found]


def machine() -> str:
    """What the figures were made on, without a date."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", *(["meegkit"] if OPTIONAL[0] in PEERS else [])))
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {packages}"


def run_bench(
    plan: Plan,
    sections: Sequence[str] = SECTIONS,
    *,
    folder: Path | None = None,
    workers: int = 1,
    command: str = "wavestim bench",
    progress: Progress = lambda *_: None,
) -> Bench:
    """Run sections of the benchmark.

    Parameters
    ----------
    plan : how much.
    sections : some of :data:`SECTIONS`.
    folder : recordings that are judged beside the packaged ones.
    workers : processes.
    command : how it was called, for the head of the text.
    progress : called now and then.
    """
    paths = recordings.paths(folder)
    runner = Runner(workers, progress)
    bench = Bench(text=[f"# Benchmarks\n\nMade by `{command}` on {machine()}.\n\n{INTRODUCTION}\n"])
    bench.figures["machine"] = machine()
    if OPTIONAL[0] not in PEERS:
        missing = [method.label for method in OPTIONAL]
        bench.figures["missing"] = missing
        bench.text.append(f"Not installed, so not in the tables: {', '.join(missing)}. `pip install wavestim[bench]` brings them.\n")
    waves: list[Result] = []
    if "accuracy" in sections:
        waves = _accuracy(bench, plan, runner)
    elif {"certainty", "kinds"} & set(sections):
        waves = runner.score("waves", plan.waves(), [(TRACKER, {})])
    ours = [result for result in waves if result["method"] == TRACKER.name]
    if "certainty" in sections:
        bench.figures["certainty"] = certainty.figures(ours)
        bench.text.append(certainty.report(bench.figures["certainty"]))
    if "kinds" in sections:
        silent = runner.score("noise without a wave", plan.silence(), [(TRACKER, {})])
        bench.figures["kinds"], bench.figures["false_claims"] = kinds.figures(ours), kinds.false_claims(silent)
        bench.text.append(kinds.report(bench.figures["kinds"], bench.figures["false_claims"]))
    if "recordings" in sections:
        names = recordings.names_of_bands()
        found = runner.run("recordings", [(recordings.score_band, (path, name, plan.recording_s)) for path in paths for name in names])
        bench.figures["recordings"] = found
        bench.text.append(recording_tables.report(found))
    if "speed" in sections:
        progress("speed", 0.0)
        bench.figures["speed"] = speed.figures(plan.channels, plan.repeats, lambda part: progress("speed", part))
        bench.text.append(speed.report(bench.figures["speed"]))
    return bench


def _accuracy(bench: Bench, plan: Plan, runner: Runner) -> list[Result]:
    """Tunes the peers and scores all on waves and their variations; returns the former."""
    losses = runner.run("settings of the peers", tuning.jobs(PEERS, plan.tuning()))
    chosen = tuning.choose(PEERS, losses)
    methods = [(TRACKER, TRACKER.grid[0]), *((peer, chosen[peer.name]) for peer in PEERS)]
    waves = runner.score("waves", plan.waves(), methods)
    named = plan.variations()
    everywhere = [(method, settings) for method, settings in methods if method.kinds is None]
    changed = runner.score("variations", [spec for _, spec in named], everywhere)
    varied = [{"variation": named[i // len(everywhere)][0], **result} for i, result in enumerate(changed)]
    bench.figures["settings"] = chosen
    bench.figures["accuracy"] = [_without_sketch(result) for result in waves]
    bench.figures["variations"] = [_without_sketch(result) for result in varied]
    bench.text += [
        accuracy_tables.settings(chosen),
        accuracy_tables.waves(waves),
        accuracy_tables.by_generator(waves),
        accuracy_tables.direction(waves),
        accuracy_tables.variations(varied),
    ]
    return waves


def _without_sketch(result: Result) -> Result:
    """The figures that mean something to a reader; sketches serve to be pooled."""
    return {key: value for key, value in result.items() if key != "certainty"}


INTRODUCTION = (
    "The tracker beside its peers, on the same samples in the same run. Lower is better; chance is 104 deg. **Bold** is the best of a "
    "column or row, and `<` marks where that is a peer. The synthetic recordings come from two independent generators: `drifting` "
    "(96 electrodes, 1000 Hz, a rhythm of 15 Hz) and `bouts` (100 electrodes, 500 Hz, 9 Hz); every method may learn from the first 4 s and "
    "is judged from there on. The tracker runs with its defaults, the peers with settings chosen on other seeds."
)

"""Every peer at its best: settings chosen on recordings that the tables never see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from wavestim.controller.bench.accuracy import score
from wavestim.controller.bench.methods import Method
from wavestim.controller.bench.pool import Job, Progress, run_jobs
from wavestim.controller.bench.scenes import Scene, Spec, make_scene

Chosen = dict[str, Mapping[str, Any]]


def loss_deg(scene: Scene, method: Method) -> list[float]:
    """RMS phase error, mean over horizons, of every setting of a method."""
    return [float(np.mean(list(score(scene, method, settings)["rms_deg"].values()))) for settings in method.grid]


def loss_on_spec(spec: Spec, methods: Sequence[Method]) -> list[list[float]]:
    """:func:`loss_deg` of several methods on the recording of a spec."""
    scene = make_scene(spec)
    return [loss_deg(scene, method) for method in methods]


def choose(methods: Sequence[Method], specs: Sequence[Spec], workers: int, done: Progress) -> Chosen:
    """The settings of each method with the least loss, mean over specs; every method has one setting for all tables."""
    searched = [method for method in methods if len(method.grid) > 1]
    jobs: list[Job] = [(loss_on_spec, (spec, searched)) for spec in specs]
    losses = run_jobs(jobs, workers, done) if searched else []
    chosen: Chosen = {method.name: method.grid[0] for method in methods}
    for i, method in enumerate(searched):
        chosen[method.name] = method.grid[int(np.argmin(np.mean([loss[i] for loss in losses], axis=0)))]
    return chosen

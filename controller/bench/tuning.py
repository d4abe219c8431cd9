"""Every peer at its best: settings chosen on recordings that the tables never see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from wavestim.controller.bench.accuracy import score
from wavestim.controller.bench.methods import Method
from wavestim.controller.bench.pool import Job
from wavestim.controller.bench.scenes import Scene, Spec, make_scene

Chosen = dict[str, Mapping[str, Any]]


def loss_deg(scene: Scene, method: Method) -> list[float]:
    """RMS phase error, mean over horizons, of every setting of a method."""
    return [float(np.mean(list(score(scene, method, settings)["rms_deg"].values()))) for settings in method.grid]


def loss_on_spec(spec: Spec, methods: Sequence[Method]) -> list[list[float]]:
    """:func:`loss_deg` of several methods on the recording of a spec."""
    scene = make_scene(spec)
    return [loss_deg(scene, method) for method in methods]


def jobs(methods: Sequence[Method], specs: Sequence[Spec]) -> list[Job]:
    """The search, as work for :func:`wavestim.controller.bench.pool.run_jobs`."""
    return [(loss_on_spec, (spec, methods)) for spec in specs]


def choose(methods: Sequence[Method], losses: Sequence[Sequence[Sequence[float]]]) -> Chosen:
    """The settings of each method with the least loss, mean over specs; every method has one setting for all tables."""
    return {method.name: method.grid[int(np.argmin(np.mean([loss[i] for loss in losses], axis=0)))] for i, method in enumerate(methods)}

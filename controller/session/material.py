"""What a calibration is learned from: a recording, or the source of an experiment. Later a live source: it has blocks, too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import (
    Experiment,
    Region,
    choose_region,
    electrode_positions,
    example_names,
    experiment_hash,
    in_region,
    led_positions,
    load_experiment,
)
from wavestim.controller.record.reference import SessionRecording, open_replayable, refer_to
from wavestim.controller.session.feeds import Cortex
from wavestim.controller.session.replay import recorded_light
from wavestim.hardware.sources import SourceError, regions_of

Blocks = Iterator[tuple[int, NDArray[np.float32]]]

ANSWER_S = 0.2
"""The tissue answers to light for so long: such samples do not teach."""


@dataclass(frozen=True)
class Material:
    """What there is to learn from.

    Attributes
    ----------
    name, sha256 : str
        Of the recording or the experiment.
    fs_hz, positions_mm
        Of the source.
    blocks : iterator of (first sample, samples)
    lit : sequence of (first, last)
        Samples that show light: not to learn from.
    experiment : Experiment, optional
        Says conditioning, bad channels and, where it is written there, the band.
    region : Region, optional
        Of several: channels elsewhere are left out.
    """

    name: str
    sha256: str
    fs_hz: float
    positions_mm: NDArray[np.float64]
    blocks: Blocks
    lit: tuple[tuple[float, float], ...] = ()
    experiment: Experiment | None = None
    region: Region | None = None


def find_material(target: str, seconds: float, region: str | None = None) -> Material:
    """What a recording or an experiment offers to learn from.

    Parameters
    ----------
    target : str
        A recording (session, NWB, ``.npz``, anything neo reads, a packaged one) or an experiment (YAML, a packaged one).
    seconds : float
        How much a simulated source has to give.
    region : str, optional
        Of several arrays, the one to learn from; otherwise the one that holds the trigger site, or the one with most channels.
    """
    if Path(target).suffix.lower() in (".yaml", ".yml") or (target in example_names() and not Path(target).exists()):
        return _of_experiment(load_experiment(target), seconds, region)
    return _of_recording(target, None, region)


def _of_experiment(experiment: Experiment, seconds: float, asked: str | None) -> Material:
    source = experiment.source
    if source.kind == "file":
        return _of_recording(source.path, experiment, asked)
    if source.kind != "simulated":
        raise ExperimentError(
            f"{experiment.name}: source: a {source.kind} source can't be learned from yet; record it and give the recording"
        )
    positions = electrode_positions(experiment)
    experiment, region = in_region(experiment, positions, None, asked)
    cortex = Cortex(experiment, positions, led_positions(experiment, positions), None)

    def blocks() -> Blocks:
        for _ in range(int(np.ceil(seconds + 1))):
            first, samples = cortex.read(round(cortex.fs_hz))
            yield first, np.asarray(samples, dtype=np.float32)
        cortex.close()

    return Material(experiment.name, experiment_hash(experiment), cortex.fs_hz, positions, blocks(), experiment=experiment, region=region)


def _of_recording(path: str, experiment: Experiment | None, asked: str | None) -> Material:
    source = open_replayable(path)
    lit: tuple[tuple[float, float], ...] = ()
    if isinstance(source, SessionRecording):
        experiment = experiment or load_experiment(path)
        lit = tuple((s.first, s.last + ANSWER_S * source.fs_hz) for s in recorded_light(source) if s.lit)
    positions = source.positions_mm if experiment is None else electrode_positions(experiment, source.positions_mm)
    if positions is None:
        raise SourceError(
            f"{path}: it says nothing of where its electrodes are; give an experiment with this file as its source and a probe"
        )
    if len(positions) != source.n_channels:
        raise ExperimentError(f"{path}: the probe has {len(positions)} electrodes, the recording {source.n_channels} channels")
    if experiment is None:
        region = choose_region(regions_of(source), asked, path)
    else:
        experiment, region = in_region(experiment, positions, regions_of(source), asked)
    return Material(path, refer_to(path)["sha256"], source.fs_hz, positions, source.blocks(round(source.fs_hz)), lit, experiment, region)


def stated_band(material: Material) -> tuple[float, float] | None:
    """The band that the experiment's file states; a default is no statement."""
    e = material.experiment
    return e.band_hz if e is not None and "band_hz" in e.model_fields_set else None


def dark_blocks(material: Material) -> Blocks:
    """The blocks without the samples that show light."""
    for first, block in material.blocks:
        dark = np.ones(len(block), dtype=bool)
        for a, b in material.lit:
            dark[max(0, int(a) - first) : max(0, int(b) + 1 - first)] = False
        edges = np.flatnonzero(np.diff(np.concatenate([[False], dark, [False]]).astype(np.int8)))
        for start, stop in edges.reshape(-1, 2):
            yield first + int(start), block[start:stop]

"""What the mock rig process is asked to be: cortex in silico or a recording, with its own board or beside a real one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import Experiment, Light, Region, electrode_positions, in_region, is_mock, led_positions, patterns
from wavestim.controller.record.reference import is_session
from wavestim.controller.session.feeds import cortex_settings
from wavestim.hardware.sources import LiveInfo, open_recording, regions_of


@dataclass(frozen=True)
class MockRigPlan:
    """Settings for :func:`wavestim.hardware.simulated.process.start_mock_rig`, and what the session needs of them.

    Attributes
    ----------
    settings : dict
    fs_hz : float
    positions_mm : ndarray (channels, 2)
    board : bool
        The rig brings the light, too.
    experiment : Experiment
        On the region that was chosen, where there are several.
    region : Region, optional
    """

    settings: dict[str, Any]
    fs_hz: float
    positions_mm: NDArray[np.float64]
    board: bool
    experiment: Experiment
    region: Region | None

    @property
    def info(self) -> LiveInfo:
        """The rig as a source."""
        names = tuple(f"ch{i}" for i in range(len(self.positions_mm)))
        return LiveInfo(self.experiment.source.kind, "mock rig", self.fs_hz, names, self.positions_mm)


def plan_mock_rig(experiment: Experiment, out: Path, live: LiveInfo | None = None) -> MockRigPlan:
    """Settings of the mock rig for an experiment that runs at real pace.

    Parameters
    ----------
    experiment : Experiment
    out : Path
        The session folder.
    live : LiveInfo, optional
        The samples come from there; the mock rig is a board alone, or nothing.

    Raises
    ------
    ExperimentError
        When no mock rig can be its source.
    SourceError
        For a recording that can't be read.
    """
    labels: tuple[str, ...] | None = None
    source, board = experiment.source, is_mock(experiment.light)
    if source.kind == "simulated":
        positions, fs_hz = electrode_positions(experiment), source.fs_hz
        settings = cortex_settings(experiment) | {"truth": str(out / "truth.bin")}
    elif source.kind == "file":
        if is_session(source.path):
            raise ExperimentError(
                f"{experiment.name}: source.path {source.path} is a session, which is replayed at virtual pace only: use its session.nwb"
            )
        if experiment.gate is not None:
            raise ExperimentError(f"{experiment.name}: gate: {source.path} has no markers or TTL edges to open it; leave the gate out")
        recording = open_recording(source.path)
        positions, fs_hz = electrode_positions(experiment, recording.positions_mm), recording.fs_hz
        settings, labels = {"recording": source.path}, regions_of(recording)
    elif live is not None:
        positions, fs_hz = electrode_positions(experiment, live.positions_mm), live.fs_hz
        settings, labels = {}, live.region
    else:
        raise ExperimentError(f"{experiment.name}: source '{source.kind}' cannot be run by this version yet; add --mock")
    experiment, region = in_region(experiment, positions, labels, None)
    leds = led_positions(experiment, positions)
    settings |= {"positions_mm": positions.tolist(), "leds_mm": leds.tolist(), "fs_hz": fs_hz}
    if board:
        settings |= {
            "irradiance": patterns.faces_by_level(experiment),
            "edges": str(out / "edges.csv"),
            "clock": str(out / "rig-clock.json"),
        }
        settings |= _board(experiment.light)
    return MockRigPlan(settings, fs_hz, positions, board, experiment, region)


def _board(light: Light) -> dict[str, Any]:
    """Which board stands in."""
    if light.kind == "thorlabs-dc4100" and light.gated_by is not None:
        return _board(light.gated_by) | {"gates": True}
    ours = light.kind == "simulated" or (light.kind == "cyclops" and light.firmware == "wavelight")
    return {"board": "wavelight" if ours else light.kind, "gates": False}

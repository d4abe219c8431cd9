"""A small rig in mock mode, and the verdicts of its preflights kept out of the user's own folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from wavestim.controller.experiment import Experiment, parse_experiment

TEXT = """
name: small
seed: 5
source: {kind: simulated}
probe: {kind: grid, rows: 6, columns: 6, pitch_mm: 0.4}
trigger: {refractory_ms: 150}
light: {kind: simulated}
conditions:
  - {name: lit, pattern: {kind: travelling, heading: with, speed_mm_s: wave, width_ms: 2, irradiance_mw_mm2: 8}}
  - {name: sham, pattern: {kind: none}}
"""


@pytest.fixture(scope="session")
def small() -> Experiment:
    """36 electrodes, nine LEDs, bright enough for the electrodes to see in few flashes."""
    return parse_experiment(TEXT)


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where verdicts are kept."""
    home = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    return home

"""The demo: the loop closes, and what light does to the wave is seen. Seeds drawn here were never looked at while it was built."""

from __future__ import annotations

from pathlib import Path

import pytest
from wavestim.controller import open_session
from wavestim.controller.experiment import load_experiment
from wavestim.controller.report._session import join
from wavestim.controller.report.effect import measure
from wavestim.controller.session import run_experiment

SEEDS = (8101, 8102)


@pytest.mark.parametrize("seed", SEEDS)
def test_light_comes_at_its_phase_and_the_way_it_sweeps_matters(tmp_path: Path, seed: int) -> None:
    out = tmp_path / "demo"
    experiment = load_experiment("against-the-wave")
    summary = run_experiment(experiment, out=out, seconds=20, pace="virtual", seed=seed, arm=True, progress=lambda s: None)
    pulses, error = summary["pulses"], summary["phase_error_deg"]
    assert pulses["fired"] >= 20
    assert summary["dropped_samples"] == 0
    assert pulses["missed"] <= 0.02 * pulses["scheduled"]
    assert error["truth"] == "simulation"
    assert abs(error["bias"]) < 15
    assert error["sd"] < 45
    assert summary["light_onset_error_us"]["p99"] < 10
    session = open_session(out)
    first = measure(session, join(session)).differences[0]
    assert first.name == "with-wave − against-wave"
    assert first.low > 0

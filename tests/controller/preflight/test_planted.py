"""Ten planted faults, each found by the check that is there for it; on the same rig without one nothing is red.

Whoever loses one of these arms light on a rig that is wired wrongly and sees green.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import Experiment
from wavestim.controller.preflight import Finding, Preflight, run_preflight, runner
from wavestim.controller.preflight.finding import green
from wavestim.controller.preflight.plant import FOUND_BY, PLANTS, plant


def flown(experiment: Experiment, folder: Path, fault: str | None = None) -> Preflight:
    rig = {} if fault is None else vars(plant(experiment, fault, folder))
    return run_preflight(rig.pop("experiment", experiment), pace="virtual", folder=folder, sessions=folder, seconds=600, **rig)


@pytest.fixture(scope="module")
def clean(small: Experiment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    return {f.check: f for f in flown(small, tmp_path_factory.mktemp("clean")).findings}


def test_a_sound_rig_is_tried_whole_and_nothing_is_red(clean: dict[str, Finding]) -> None:
    assert set(clean) == {
        "source", "sample-clock", "channels", "amplitude", "hum", "probe-order", "rhythm", "calibration", "board-clock", "led-places",
        "light", "interlock", "horizon", "delay", "known-wave", "disk-room", "disk-speed", "real-time",
    }  # fmt: skip
    of_this_computer = {"disk-room", "disk-speed", "real-time"}  # whatever else runs on it
    assert {name: f.what for name, f in clean.items() if f.level != "green" and name not in of_this_computer} == {}
    assert all(f.do for f in clean.values() if f.level != "green")


def test_the_known_wave_comes_back_within_its_bounds_and_is_seen_to_shine(clean: dict[str, Finding]) -> None:
    found = clean["known-wave"].figures
    assert abs(found["phase_bias_deg"]) < 8
    assert found["phase_sd_deg"] < 20
    assert abs(found["direction_error_deg"]) < 10
    assert found["shone"] == found["due_to_shine"] > 5


def test_the_way_of_light_into_the_samples_is_measured(clean: dict[str, Finding]) -> None:
    assert abs(clean["led-places"].figures["delay_ms"]) <= 2


@pytest.mark.parametrize("fault", PLANTS)
def test_a_planted_fault_is_found(fault: str, small: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "inject", lambda *args, **keys: green("known-wave", "not tried here"))
    if FOUND_BY[fault] != "led-places":
        monkeypatch.setattr(runner, "_light_seen", lambda *args: runner.LightSeen([green("led-places", "not tried here")]))
    found = {f.check: f for f in flown(small, tmp_path, fault).findings}
    assert found[FOUND_BY[fault]].level == "red", found[FOUND_BY[fault]]
    assert found[FOUND_BY[fault]].do
    others = {"channels", "amplitude", "hum", "probe-order", "rhythm", "calibration", "sample-clock", "led-places", "source"} - {
        FOUND_BY[fault]
    }
    assert [f.what for name, f in found.items() if name in others and f.level == "red"] == []


def test_the_fault_is_named_so_that_it_can_be_mended(small: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "inject", lambda *args, **keys: green("known-wave", "not tried here"))
    monkeypatch.setattr(runner, "_light_seen", lambda *args: runner.LightSeen([green("led-places", "not tried here")]))
    wired = plant(small, "swapped-rows", tmp_path).faults
    swapped = [i for i, electrode in enumerate(wired.channels) if i != electrode]
    found = {f.check: f for f in flown(small, tmp_path, "swapped-rows").findings}
    (named,) = found["probe-order"].figures["swaps"]
    assert sorted(named["a"] + named["b"]) == swapped
    assert f"rows of channels {swapped[0]} to {swapped[5]} and {swapped[6]} to {swapped[11]}" in found["probe-order"].what


def test_faults_are_planted_into_mock_rigs_only(small: Experiment, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="no such fault"):
        plant(small, "gremlins", tmp_path)
    from wavestim.controller.experiment._source import FileSource

    with pytest.raises(ExperimentError, match="mock rig only"):
        plant(small.model_copy(update={"source": FileSource(path="x.npz")}), "hum", tmp_path)

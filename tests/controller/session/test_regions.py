"""Two arrays in one recording: a replay runs on one of them, says which, and decides the same when it is made again."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.regions import BAND, two_arrays
from typer.testing import CliRunner
from wavestim.controller import cli, open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.session import replay_recording, verify_session
from wavestim.controller.session.calibrations import CalibrationError, read_calibration
from wavestim.controller.session.mockrig import plan_mock_rig
from wavestim.realtime import track


def call(*words):
    return CliRunner().invoke(cli.app, [str(w) for w in words])


def experiment(recording, **keys):
    source, sham = {"kind": "file", "path": str(recording)}, {"name": "sham", "pattern": {"kind": "none"}}
    return parse_experiment(json.dumps({"name": "e", "source": source, "probe": {"kind": "recording"}, "conditions": [sham], **keys}))


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    lfp, xy, labels = two_arrays(0.03, snr_db=6.0, seconds=7.0, seed=2)
    path = tmp_path_factory.mktemp("regions") / "r.npz"
    np.savez(path, lfp=lfp, fs=1000.0, positions_mm=xy, region=labels)
    return path


@pytest.fixture(scope="module")
def replayed(recording, tmp_path_factory):
    out = tmp_path_factory.mktemp("replayed") / "session"
    result = call("replay", recording, "--region", "V4", "--out", out)
    assert result.exit_code == 0, result.stderr
    return out, result


def test_it_decides_in_the_region_and_says_so(recording, replayed):
    out, result = replayed
    session = open_session(out)
    assert session.summary["region"] == {"name": "V4", "channels": {"V1": 25, "V4": 25}}
    assert "V4, 25 channels; recorded, not followed: V1 (25)" in " ".join(result.stdout.split())
    assert len(session.decisions) > 5
    assert set(session.decisions["site"]) == {37}
    with np.load(recording) as r:
        w = track(r["lfp"][:, 25:], fs=1000, positions_mm=r["positions_mm"][25:], band_hz=BAND)
    late = session.decisions[session.decisions["sample"] > 5000]
    apart = np.angle(np.exp(1j * np.radians(late["direction_deg"] - w.direction_deg[late["sample"]])), deg=True)
    assert np.abs(apart).max() < 1  # what the same array gives alone


def test_its_decisions_are_made_again_and_a_replay_of_it_stays_in_the_region(replayed, tmp_path):
    out, _ = replayed
    assert verify_session(out).ok
    again = replay_recording(str(out), experiment=None, out=tmp_path / "again", speed=None, progress=lambda s: None)
    assert again["decisions_sha256"] == open_session(out).summary["decisions_sha256"]
    assert again["region"]["name"] == "V4"


def test_nwb_tools_see_the_regions(replayed):
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(replayed[0] / "session.nwb", "r") as io:
        electrodes = io.read().electrodes
        assert list(electrodes["region"][:]) == ["V1"] * 25 + ["V4"] * 25
        assert list(electrodes["bad"][:]) == [True] * 25 + [False] * 25


def test_the_mock_rig_plays_all_and_the_session_follows_one(recording, tmp_path):
    planned = plan_mock_rig(experiment(recording, trigger={"site": 30}), tmp_path)
    assert len(planned.positions_mm) == 50
    assert planned.region.name == "V4"
    assert set(planned.experiment.probe.bad_channels) == set(range(25))
    assert all(x > 5 for x, _ in planned.settings["leds_mm"])


def test_without_a_word_it_is_the_region_of_the_trigger_site(recording, tmp_path):
    e = experiment(recording, trigger={"site": 30})
    summary = replay_recording(str(recording), experiment=e, out=tmp_path / "s", speed=None, progress=lambda s: None, seconds=3.0)
    assert summary["region"]["name"] == "V4"


def test_a_region_that_is_not_there_is_refused(recording, tmp_path):
    result = call("replay", recording, "--region", "MT", "--out", tmp_path / "s")
    assert result.exit_code == 2
    assert "there is no region 'MT'; there are 'V1' (25 channels), 'V4' (25 channels)" in " ".join(result.stderr.split())
    assert not (tmp_path / "s").exists()


def test_a_calibration_is_learned_on_a_region_and_used_there_only(recording, tmp_path):
    result = call("calibrate", recording, "--region", "V4", "--band", "8", "24", "--out", tmp_path / "v4.npz", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["channels"], found["bad_channels"]) == (25, [])
    assert found["region"] == {"name": "V4", "channels": {"V1": 25, "V4": 25}}
    stored = read_calibration(tmp_path / "v4.npz")
    assert stored.about["region"] == "V4"
    assert stored.calibration.used.tolist() == [False] * 25 + [True] * 25
    e = experiment(recording, band_hz=[8, 24], calibration=str(tmp_path / "v4.npz"))
    how = {"experiment": e, "speed": None, "progress": lambda s: None, "seconds": 2.0}
    assert replay_recording(str(recording), out=tmp_path / "there", region="V4", **how)["decisions"] > 0
    with pytest.raises(CalibrationError, match="learned on region V4, from 25 electrodes, 25 of which the experiment leaves out"):
        replay_recording(str(recording), out=tmp_path / "elsewhere", region="V1", **how)

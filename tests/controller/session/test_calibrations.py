"""Calibrations that are kept: the file is what was written or is refused, and a session that begins with it can be made again."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.waves import grid, make
from typer.testing import CliRunner
from wavestim.controller import cli, load_calibration, open_session
from wavestim.controller.errors import WavestimError
from wavestim.controller.experiment import load_experiment
from wavestim.controller.session import replay_recording, run_experiment, verify_session
from wavestim.controller.session.calibrations import CalibrationError, read_calibration
from wavestim.realtime import track

EXPERIMENT = """
name: kept
seed: 3
probe: {kind: grid, rows: 6, columns: 6, pitch_mm: 0.5}
source: {kind: simulated, fs_hz: 500}
band_hz: [8, 24]
trigger: {horizon_ms: 10}
conditions:
  - {name: light, pattern: {kind: flash, width_ms: 5, irradiance_mw_mm2: 2}}
  - {name: sham, pattern: {kind: none}}
"""


def call(*words: str | Path):
    return CliRunner().invoke(cli.app, [str(w) for w in words])


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with an experiment, a calibration that was learned from it, and what calibrate printed."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "plain.yaml").write_text(EXPERIMENT)
    result = call("calibrate", folder / "plain.yaml", "--seconds", "6", "--out", folder / "c.npz", "--json")
    assert result.exit_code == 0, result.stderr
    (folder / "with.yaml").write_text(EXPERIMENT.replace("seed: 3", "seed: 8\ncalibration: c.npz"))
    return folder, json.loads(result.stdout)


@pytest.fixture(scope="module")
def session(kept, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "session"
    experiment = load_experiment(kept[0] / "with.yaml")
    return out, run_experiment(experiment, out=out, seconds=4.0, pace="virtual", seed=None, arm=True, progress=lambda s: None)


def test_the_file_holds_what_was_learned_and_from_what(kept):
    folder, printed = kept
    stored = read_calibration(folder / "c.npz")
    assert stored.about["learned_from"] == {"name": "kept", "sha256": printed["sha256"], "seconds": 6.0}
    assert (stored.about["band_hz"], stored.about["fs_hz"], stored.about["reference"]) == ([8.0, 24.0], 500.0, "none")
    assert len(stored.about["positions_mm"]) == 36
    assert stored.sha256 == printed["file_sha256"]
    assert {"wavestim", "learned_utc"} <= set(stored.about)
    lfp = make(seed=1, seconds=2.0, fs=500.0, xy=grid(6, 6, 0.5))[0]
    assert track(lfp, 500.0, grid(6, 6, 0.5), (8, 24), calibration=load_calibration(folder / "c.npz")).calibration is not None


def test_a_session_decides_before_a_warm_up_would_have_ended_and_keeps_the_calibration(kept, session):
    out, summary = session
    s = open_session(out)
    assert s.decisions["sample"][0] < 2.5 * 500
    assert [(n, kind) for n, kind, _, _ in s.input_events if kind == "calibration"] == [(-1, "calibration")]
    assert (out / "calibration.npz").read_bytes() == (kept[0] / "c.npz").read_bytes()
    assert s.experiment["calibration"] == "calibration.npz"
    assert s.experiment["provenance"]["calibration_sha256"] == kept[1]["file_sha256"]
    assert summary["calibration"]["sha256"] == kept[1]["file_sha256"]
    assert summary["calibration"]["stale"] is None


def test_verify_makes_the_decisions_again_when_the_file_is_gone(session, tmp_path):
    out = Path(shutil.copytree(session[0], tmp_path / "s"))
    (out / "calibration.npz").unlink()
    assert verify_session(out).ok


def test_a_replay_and_a_run_of_the_sessions_own_experiment_begin_with_it(session, tmp_path):
    out, summary = session
    again = replay_recording(str(out), experiment=None, out=tmp_path / "r", speed=None, progress=lambda s: None)
    assert again["decisions_sha256"] == summary["decisions_sha256"]
    assert verify_session(tmp_path / "r").ok
    rerun = run_experiment(
        load_experiment(out), out=tmp_path / "again", seconds=4.0, pace="virtual", seed=None, arm=True, progress=lambda s: None
    )
    assert rerun["decisions_sha256"] == summary["decisions_sha256"]


def test_a_what_if_begins_with_the_experiments_calibration(kept, session, tmp_path):
    data = {**yaml.safe_load(EXPERIMENT), "trigger": {"phase_deg": 90, "horizon_ms": 10}, "calibration": str(kept[0] / "c.npz")}
    (tmp_path / "e.yaml").write_text(yaml.safe_dump(data))
    replay_recording(
        str(session[0]), experiment=load_experiment(tmp_path / "e.yaml"), out=tmp_path / "w", speed=None, progress=lambda s: None
    )
    found = open_session(tmp_path / "w")
    assert [n for n, kind, _, _ in found.input_events if kind == "calibration"] == [-1]
    assert verify_session(tmp_path / "w").ok


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"probe": {"kind": "grid", "rows": 6, "columns": 5, "pitch_mm": 0.5}}, "36 electrodes, the source has 30"),
        ({"probe": {"kind": "grid", "rows": 6, "columns": 6, "pitch_mm": 0.4}}, "other positions"),
        ({"band_hz": [8, 20]}, "8-24 Hz, not 8-20 Hz"),
        ({"source": {"kind": "simulated", "fs_hz": 1000}}, "for 500 Hz"),
        ({"conditioning": {"reference": "average"}}, "conditioning.reference none"),
        ({"calibration": "nowhere.npz"}, "cannot be read"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_made(kept, tmp_path, change, says):
    data = {**yaml.safe_load(EXPERIMENT), "calibration": str(kept[0] / "c.npz"), **change}
    (tmp_path / "e.yaml").write_text(yaml.safe_dump(data))
    result = call("run", tmp_path / "e.yaml", "--out", tmp_path / "out", "--seconds", "3")
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.split())
    assert result.stderr.strip().count("\n") == 0
    assert not (tmp_path / "out").exists()


def changed(path: Path, **entries: np.ndarray) -> bytes:
    with np.load(path) as z:
        held = {name: z[name] for name in z.files}
    out = io.BytesIO()
    np.savez(out, **{**held, **entries})
    return out.getvalue()


def test_a_file_that_is_not_what_was_written_is_refused(kept, tmp_path):
    path = kept[0] / "c.npz"
    with np.load(path) as z:
        about, payload = json.loads(str(z["about"])), z["calibration"].copy()
    payload[5000] ^= 1
    about["band_hz"] = [8, 20]
    for bad, says in (
        (changed(path, calibration=payload), "its hash differs"),
        (changed(path, about=np.asarray(json.dumps(about))), "its hash differs"),
        (changed(path, format=np.asarray(99)), "format 99"),
        (path.read_bytes()[:3000], "no calibration file"),
        (b"", "no calibration file"),
    ):
        (tmp_path / "bad.npz").write_bytes(bad)
        with pytest.raises(CalibrationError, match=says):
            read_calibration(tmp_path / "bad.npz")


@settings(max_examples=60)
@given(at=st.floats(0, 1, exclude_max=True), bits=st.integers(1, 255), cut=st.booleans())
def test_no_damage_goes_unseen(kept, tmp_path_factory, at, bits, cut):
    good = (kept[0] / "c.npz").read_bytes()
    data = bytearray(good)
    i = int(at * len(data))
    data[i] ^= bits
    path = tmp_path_factory.getbasetemp() / "fuzzed.npz"
    path.write_bytes(data[:i] if cut else data)
    try:
        read = read_calibration(path)
    except WavestimError as error:
        read = None
        said = str(error)
    assert "\n" not in said if read is None else read.calibration.to_bytes() == load_calibration(kept[0] / "c.npz").to_bytes()


def test_a_session_of_another_state_says_so_in_summary_report_and_on_the_command_line(kept, tmp_path):
    x = make(seed=4, seconds=14.0, fs=500.0, xy=grid(6, 6, 0.5), beta=0.5)[0] * 3
    np.savez(tmp_path / "r.npz", lfp=x, fs=500.0, positions_mm=grid(6, 6, 0.5))
    data = {**yaml.safe_load(EXPERIMENT), "calibration": str(kept[0] / "c.npz")}
    (tmp_path / "e.yaml").write_text(yaml.safe_dump(data))
    result = call("replay", tmp_path / "r.npz", "--experiment", tmp_path / "e.yaml", "--out", tmp_path / "s", "--json")
    stale = json.loads(result.stdout)["calibration"]["stale"]
    assert 2 <= stale["seconds"] <= 14
    assert "noise" in stale["why"]
    assert "The calibration did not fit from" in " ".join(result.stderr.split())
    assert "The calibration did not fit from" in (tmp_path / "s" / "report.html").read_text()
    assert verify_session(tmp_path / "s").ok


def test_what_was_learned_from_a_session_leaves_its_light_out(session, tmp_path):
    out, _ = session
    result = call("calibrate", out, "--json")
    assert result.exit_code == 2  # the longest dark stretch of these four seconds is too short
    assert "without gaps and light" in result.stderr

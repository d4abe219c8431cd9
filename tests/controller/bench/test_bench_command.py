"""``wavestim bench`` in its smallest run: figures on stdout, files on request, words where something is missing."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner
from wavestim.controller.bench import peers, plan, recordings, run
from wavestim.controller.cli import app

TINY = plan.Plan(
    seconds=6.0, seeds=(1,), tuning_seeds=(1001,), snrs_db=(5.0,), tuning_snrs_db=(5.0,), variation_snrs_db=(5.0,), variation_seeds=(11,),
    changes=("as above (30 % shared noise)", "sharp waveform"),
    noises=("typical",), channels=(16,), repeats=1, recording_s=9.0, generators=("bouts",), kinds=("planar",),
)  # fmt: skip


@pytest.fixture
def bench(monkeypatch):
    """The command with next to nothing to do, in this process."""
    from dataclasses import replace

    few = [replace(method, grid=method.grid[:1]) for method in peers.PEERS if method.name in ("echt", "plane-echt")]
    monkeypatch.setattr(plan, "QUICK", TINY)
    monkeypatch.setattr(run, "PEERS", tuple(few))
    monkeypatch.setattr(recordings, "PEERS", tuple(few))

    def call(*words):
        return CliRunner().invoke(app, ["bench", "--quick", "--workers", "1", *words])

    return call


def test_everything_in_one_object_and_one_page(bench, tmp_path):
    result = bench("--json", "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert {"settings", "accuracy", "variations", "certainty", "kinds", "false_claims", "recordings", "speed"} <= set(said)
    assert said["missing"] == ["meegkit ECHT", "meegkit ResOscillator"]
    assert {one["method"] for one in said["accuracy"]} == {"tracker", "echt", "plane-echt"}
    tracker = next(one for one in said["accuracy"] if one["method"] == "tracker")
    assert 0 < tracker["rms_deg"]["0"] < 104
    assert tracker["spec"]["kind"] == "planar"
    assert json.loads((tmp_path / "out" / "bench.json").read_text(encoding="utf-8")) == said
    page = (tmp_path / "out" / "benchmarks.md").read_text(encoding="utf-8")
    assert "Made by `wavestim bench --quick` on " in page
    for title in ("Settings", "Plane waves", "Direction and speed", "Other noise", "Does it know", "What the wave is called", "no wave"):
        assert f"\n## {title}" in page or f"{title}\n" in page
    assert "pip install wavestim[bench]" in page
    assert "ecog-strip" in page
    assert "m1-beta" in page
    assert " nan" not in page


def test_a_file_in_the_way_is_told_before_the_work(bench, monkeypatch, tmp_path):
    monkeypatch.setattr(run, "run_bench", lambda *_, **__: pytest.fail("the work began"))
    (tmp_path / "out").write_text("")
    result = bench("--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "File exists" in result.stderr


def test_one_section_is_printed_alone(bench):
    result = bench("--only", "speed")
    assert result.exit_code == 0, result.output
    assert "## Cost of a tick" in result.stdout
    assert "Plane waves" not in result.stdout


def test_recordings_of_a_folder_are_judged_and_what_cannot_be_is_named(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(recordings, "PACKAGED", ())
    rng, t = np.random.default_rng(0), np.arange(4500)[:, None] / 500
    xy = np.array([[0.0, 0.0], [0.4, 0.0], [0.0, 0.4], [0.4, 0.4]])
    lfp = 50 * np.cos(2 * np.pi * 10 * t - xy @ [0.5, 0.0]) + 5 * np.cumsum(rng.standard_normal((4500, 4)), axis=0) / 10
    lfp[:, 3] = np.nan
    np.savez(tmp_path / "mine.npz", lfp=lfp, fs=500.0, positions_mm=xy)
    np.savez(tmp_path / "nowhere.npz", lfp=lfp, fs=500.0)
    (tmp_path / "note.txt").write_text("not a recording", encoding="utf-8")
    result = bench("--only", "recordings", "--recordings", str(tmp_path), "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["recordings"]
    judged = {one["band"]: one for one in found if "rms_deg" in one}
    assert set(judged) == {"theta", "alpha", "beta", "dominant"}
    assert judged["dominant"]["band_hz"][0] < 10 < judged["dominant"]["band_hz"][1]
    assert judged["alpha"]["channels"] == 3
    assert judged["alpha"]["rms_deg"]["echt"]["0"]["strong"] < 30
    left_out = " ".join(one["left_out"] for one in found if "left_out" in one)
    assert "nowhere: says nothing of where its electrodes are" in left_out
    assert "note" in left_out


def test_a_folder_that_is_none_is_said_in_a_sentence(bench, tmp_path):
    result = bench("--only", "recordings", "--recordings", str(tmp_path / "gone"))
    assert result.exit_code == 2
    assert "is not a folder" in result.output

"""``wavestim calibrate``: what it says of a recording, and what it answers when there is nothing to say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.waves import coloured, grid, make
from typer.testing import CliRunner
from wavestim.controller import cli

XY = grid(5, 5, 0.6)


def call(*words: str | Path):
    return CliRunner().invoke(cli.app, ["calibrate", *(str(w) for w in words)])


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    x = make(seed=6, seconds=8.0, fs=500.0, xy=XY, snr_db=3, direction=40)[0]
    x[:, 7] = 0
    x[:, 13] *= 1000
    path = tmp_path_factory.mktemp("calibrate") / "r.npz"
    np.savez(path, lfp=x, fs=500.0, positions_mm=XY)
    return path


def test_it_finds_band_slope_direction_speed_and_bad_channels(recording):
    result = call(recording, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    low, high = found["band_hz"]
    assert found["band_from"] == "suggested"
    assert low < 13 < 17 < high
    assert found["rhythm"]
    assert abs(found["frequency_hz"] - 15) < 1.5
    assert abs(found["noise_slope"] - 1.3) < 0.2
    assert found["bad_channels"] == [{"channel": 7, "reason": "dead"}, {"channel": 13, "reason": "noisy"}]
    assert [i for i, gain in enumerate(found["gains"]) if gain is None] == [7, 13]
    assert found["wave"]["kinds"]["planar"] > 0.7
    assert abs(found["wave"]["direction_deg"] - 40) < 15
    assert 120 < found["wave"]["speed_mm_s"] < 320
    assert found["constants"] == {"changed": {}, "gain_nats_per_s": None}
    assert found["file"] is None
    for words in ("suggested", "7 (dead), 13 (noisy)", "planar", "1/f^1"):
        assert words in " ".join(result.stderr.split())


def test_a_band_that_is_asked_for_is_taken_and_its_emptiness_told(recording):
    result = call(recording, "--band", "30", "45", "--seconds", "4", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["band_hz"], found["band_from"], found["rhythm"], found["seconds"]) == ([30, 45], "asked for", False, 4)
    assert found["suggested_band_hz"][0] < 15 < found["suggested_band_hz"][1]
    assert "No rhythm stands out between 30 and 45 Hz" in " ".join(result.stderr.split())


def test_noise_without_a_band_is_exit_code_1_and_a_sentence(tmp_path):
    noise = 50 * coloured(np.random.default_rng(2), 4000, 25, 1.2, 500.0)
    np.savez(tmp_path / "n.npz", lfp=noise, fs=500.0, positions_mm=XY)
    result = call(tmp_path / "n.npz", "--out", tmp_path / "c.npz")
    assert result.exit_code == 1
    assert "no rhythm stands out" in result.stderr
    assert not (tmp_path / "c.npz").exists()


@pytest.mark.parametrize("silence", [0.0, np.nan])
def test_silence_is_refused_even_when_a_band_is_asked_for(tmp_path, silence):
    np.savez(tmp_path / "s.npz", lfp=np.full((2000, 25), silence, np.float32), fs=500.0, positions_mm=XY)
    result = call(tmp_path / "s.npz", "--band", "8", "24", "--out", tmp_path / "c.npz")
    assert result.exit_code == 2
    assert "no channel is alive" in result.stderr
    assert not (tmp_path / "c.npz").exists()


def test_the_packaged_strip_has_a_suggested_band(tmp_path):
    result = call("ecog-strip", "--seconds", "10", "--out", tmp_path / "c.npz")
    assert result.exit_code == 0, result.stderr
    assert "suggested" in result.stderr
    assert (tmp_path / "c.npz").is_file()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere.npz",), "no such file"),
        (("ecog-strip", "--seconds", "1"), "2.5 to 600 s"),
        (("ecog-strip", "--band", "24", "8"), "rising frequencies"),
        (("ecog-strip", "--band", "8", "900"), "below half the sampling rate"),
        (("nowhere.npz", "--out", "/nowhere/c.npz"), "--out /nowhere/c.npz: cannot be written"),  # before the recording is looked at
        (("nowhere.npz", "--out", f"{__file__}/c.npz"), "cannot be written"),
        (("nowhere.npz", "--out", str(Path(__file__).parent)), "a folder has this name"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_exit_code_2(words, says):
    result = call(*words)
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.split())

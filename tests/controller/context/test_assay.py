"""``wavestim assay``: what it says of recordings with and without a code of the wave, of a session, and of what it cannot be asked."""

from __future__ import annotations

import json

import numpy as np
from support.planting import scene
from typer.testing import CliRunner
from wavestim.controller import cli
from wavestim.controller.context.planted import plant

PARTS = {"study", "verdict", "effects", "parameters", "seeds"}


def call(*words):
    return CliRunner().invoke(cli.app, ["assay", *(str(w) for w in words)])


def recorded(path, kind, n=900, **change):
    s = scene(**change)
    p = plant(kind, s, n, 5)
    np.savez(path, lfp=p.samples_uv.astype(np.float32), fs=s.fs_hz, positions_mm=s.positions_mm, token=p.token, token_sample=p.onset)
    return path


def test_a_code_of_the_wave_is_a_yes_with_its_figure(tmp_path):
    result = call(recorded(tmp_path / "wave.npz", "wave"), "--lags", "3", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found.keys() >= PARTS
    assert (found["study"], found["verdict"]) == ("assay", "yes")
    primary = found["effects"][0]
    assert primary["name"] == "lag x position"
    assert 0 < primary["low"] < primary["estimate"] < primary["high"]
    assert all(e["low"] <= e["estimate"] <= e["high"] for e in found["effects"] if e["estimate"] is not None)
    assert {c["name"]: c["passed"] for c in found["controls"]}["time shift"]
    assert found["power"]["tokens_needed"] is not None
    assert json.loads((tmp_path / "out" / "assay.json").read_text()) == found
    assert (tmp_path / "out" / "assay.svg").read_text().startswith("<?xml")
    trials = (tmp_path / "out" / "trials.csv").read_text().splitlines()
    assert len(trials) == 901
    assert trials[0].startswith("sample,token,surprisal_bits")


def test_a_local_memory_is_none(tmp_path):
    result = call(recorded(tmp_path / "local.npz", "local"), "--lags", "3", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["verdict"] != "yes"
    assert found["effects"][2]["low"] > 0.25  # it can be read all the same


def test_without_a_wave_that_travels_it_is_undecided_and_says_so(tmp_path):
    path = recorded(tmp_path / "still.npz", "local", n=500, wave_uv=1e-3, noise_uv=100.0)
    result = call(path, "--lags", "2", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["verdict"] == "undecided"
    assert "seen to travel" in found["words"]
    assert found["effects"][0]["estimate"] is None


def test_an_experiment_is_rehearsed_and_then_asked(tmp_path):
    path = tmp_path / "rig.yaml"
    path.write_text(
        "name: rig\nsource: {kind: lsl, name: utah, markers: task}\nsequence: {kind: told, n_tokens: 2}\n"
        "probe: {kind: grid, rows: 2, columns: 3, pitch_mm: 0.4}\nconditions: [{name: dark, pattern: {kind: none}}]\n"
    )
    result = call(path, "--seconds", "6", "--lags", "2", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["parameters"]["n_tokens"] == 2
    assert found["parameters"]["period_ms"] == 50
    assert (tmp_path / "out" / "journal.sqlite").is_file()
    assert (tmp_path / "out" / "assay.svg").is_file()


def test_what_cannot_be_asked_is_one_sentence(tmp_path):
    for words, says in (
        ((tmp_path,), "no session here"),
        (("against-the-wave",), "shows no tokens"),
        ((tmp_path / "none.npz",), "no such file"),
        ((recorded(tmp_path / "few.npz", "wave", n=60),), "too few"),
    ):
        result = call(*words, "--out", tmp_path / "never", "--json")
        assert result.exit_code == 2
        assert says in json.loads(result.stdout)["error"]

"""`wavestim sources`: a mock RHX as a process of its own, listened to and recorded; and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner
from wavestim.controller.cli import app
from wavestim.hardware.sources import RawRecording, open_recording

MOCK = ["sources", "mock", "rhx", "port=0", "data_port=0", "fs_hz=5000", "--rows", "2", "--columns", "2"]


@pytest.fixture(scope="module")
def keys() -> Iterator[list[str]]:
    """The source keys of a mock RHX that runs."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    words = [sys.executable, "-m", "wavestim.controller.cli", *MOCK, "--drop", "0.15"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment) as peer:
        assert peer.stdout is not None
        told = json.loads(peer.stdout.readline())
        assert (told["kind"], told["fs_hz"], told["channels"]) == ("rhx", 5000.0, 4)
        yield [f"{key}={value}" for key, value in told["source"].items() if key != "kind"]
        peer.terminate()
        assert peer.wait() == 0


def ask(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.stdout, result.stderr


def test_probe_says_rate_loss_and_age(keys: list[str]) -> None:
    code, out, _ = ask("sources", "probe", "rhx", *keys, "--seconds", "3", "--json")
    found = json.loads(out)
    assert code == 0, out
    assert (found["fs_hz"], found["channels"], found["burst_ms"]) == (5000.0, 4, 25.6)
    assert found["counts"]["lost"] > 0
    assert found["counts"]["samples"] + found["counts"]["lost"] >= 15000
    assert found["age_ms"]["max"] >= 25.4  # the first sample of a block is as old as the block is long


def test_a_recording_can_be_read_and_its_gaps_are_missing(keys: list[str], tmp_path: Path) -> None:
    path = tmp_path / "baseline.npz"
    code, out, _ = ask("sources", "record", "rhx", *keys, "--seconds", "2", "--out", str(path), "--json")
    found = json.loads(out)
    assert code == 0, out
    recording = open_recording(path)
    assert (recording.fs_hz, recording.n_channels, recording.n_samples) == (5000.0, 4, found["samples_written"])
    assert recording.channel_names == ("A-000", "A-001", "A-002", "A-003")
    assert isinstance(recording, RawRecording)
    raw = np.concatenate([block for _, block in recording.raw_blocks(4096)])
    missing = (raw == -32768).all(axis=1)
    assert 0 < missing.sum() == found["counts"]["lost"]
    assert len(raw) == found["counts"]["samples"] + found["counts"]["lost"]
    assert not path.with_suffix(".part").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sources", "probe", "simulated"], "not a live source"),
        (["sources", "probe", "against-the-wave.yaml"], "which is not live"),
        (["sources", "probe", "rhx", "port=5000"], "port"),
        (["sources", "probe", "rhx", "channels"], "key=value"),
        (["sources", "probe", "rhx", "channels=Z-000"], "native names"),
        (["sources", "record", "rhx", "--out", "here.nwb"], ".npz"),
        (["sources", "mock", "fax"], "no such peer"),
        (["sources", "mock", "rhx", "tone=high"], "tone"),
        (["sources", "mock", "rhx", "fs_hz=123"], "fs_hz"),
        (["sources", "mock", "rhx", "--drop", "0.7", "--delay", "0.7"], "together at most 1"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(words: list[str], said: str) -> None:
    code, _, err = ask(*words)
    assert code == 2
    assert said in " ".join(err.split())


def test_nobody_there_is_a_matter_of_hardware() -> None:
    code, _, err = ask("sources", "probe", "rhx", "command_port=1")
    assert code == 3
    assert "nobody answers" in " ".join(err.split())


def test_list_disturbs_nobody_and_names_every_kind() -> None:
    code, out, _ = ask("sources", "list", "--json")
    assert code == 0, out
    assert {"simulated", "file", "rhx"} <= {source["kind"] for source in json.loads(out)["sources"]}


def test_a_key_of_the_wrong_type_is_said_in_a_sentence() -> None:
    code, _, said = ask("sources", "mock", "rhx", "port=abc")
    assert code == 2
    assert "sources mock rhx: port: 'abc' is not a number" in " ".join(said.split())

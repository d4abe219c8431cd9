"""The truth file: every error figure in simulation is read from it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.hardware.simulated import CortexConfig, SimulatedRig, Truth, TruthError, TruthWriter
from wavestim.hardware.simulated.truth import row_dtype


@pytest.fixture
def path(tmp_path):
    with SimulatedRig(CortexConfig(), [[0.0, 0.0], [0.4, 0.0]], [], truth_path=tmp_path / "truth", seed=9) as rig:
        rig.read(1000)
    return tmp_path / "truth"


def test_phase_between_samples_lies_on_the_shorter_arc(tmp_path):
    rows = np.zeros(2, row_dtype(1))
    rows["phase"][:, 0] = [32000, -32000]  # through ±π
    with TruthWriter(tmp_path / "t", 1000.0, np.zeros((1, 2))) as writer:
        writer.append(rows)
    truth = Truth(tmp_path / "t")
    assert truth.phase(0.0, 0) == pytest.approx(32000 * 2 * np.pi / 65536)
    assert truth.phase(0.5, 0) == pytest.approx(np.pi, abs=1e-9)
    assert truth.phase(0.75, 0) == pytest.approx(-np.pi + 384 * 2 * np.pi / 65536, abs=1e-6)


def test_phase_of_many_and_bounds(path):
    truth = Truth(path)
    many = truth.phase(np.array([0.0, 10.5, 999.0]), 1)
    assert many.shape == (3,)
    assert np.all((many > -np.pi) & (many <= np.pi))
    assert truth.phase(5.0, np.arange(2)).shape == (2,)
    step = np.angle(np.exp(1j * (truth.phase(101.0, 0) - truth.phase(100.0, 0))))
    middle = np.angle(np.exp(1j * (truth.phase(100.5, 0) - truth.phase(100.0, 0))))
    assert middle == pytest.approx(step / 2, abs=1e-9)
    for outside in (-0.1, 999.1, float("nan")):
        with pytest.raises(IndexError, match="999"):
            truth.phase(outside, 0)


def test_a_cut_file_loses_only_its_last_row(path):
    whole = path.read_bytes()
    n = len(Truth(path))
    path.write_bytes(whole[:-3])
    assert len(Truth(path)) == n - 1
    with Truth(path) as truth:
        assert truth.header["seed"] == 9
        assert truth.kind[0] in ("planar", "synchronous", "undetermined")


@pytest.mark.parametrize("content", [b"", b"{}\n", b"\x00\xff" * 50, b'{"format": "wavestim-truth", "version": 1', b"[1]\n"])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "t").write_bytes(content)
    with pytest.raises(TruthError, match="header"):
        Truth(tmp_path / "t")


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_open_or_are_refused(content, cut):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t"
        with TruthWriter(path, 1000.0, np.zeros((2, 2))) as writer:
            writer.append(np.zeros(3, row_dtype(2)))
        whole = path.read_bytes()
        path.write_bytes(whole[:cut] + content)
        try:
            with Truth(path) as truth:
                assert len(truth.kind) == len(truth)
        except TruthError:
            pass


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TruthError, match="nowhere"):
        Truth(tmp_path / "nowhere")


def test_what_was_flushed_can_be_read_while_the_rig_runs(tmp_path):
    rig = SimulatedRig(CortexConfig(), [[0.0, 0.0]], [], truth_path=tmp_path / "t")
    rig.read(10)
    rig.flush()
    assert len(Truth(tmp_path / "t")) == 10
    rig.close()
    rig.close()

"""A recording replayed: the session's own decisions again, whatever file its samples come from, gaps and all, in constant memory."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner
from wavestim.controller import cli, open_session
from wavestim.controller.experiment import load_experiment, parse_experiment
from wavestim.controller.record import RecordError, create_session
from wavestim.controller.session import replay_recording, verify_session
from wavestim.hardware.sources import open_recording


def replay(recording, out: Path, **keys):
    keys = {"experiment": None, "speed": None, "progress": lambda s: None, **keys}
    return replay_recording(str(recording), out=out, **keys)


@pytest.fixture(scope="module")
def replayed(live, tmp_path_factory):
    out = tmp_path_factory.mktemp("replay") / "session"
    return out, replay(live.path, out)


def test_a_replayed_session_decides_the_same(live, replayed):
    """Its light is in its samples: the masks come from what was recorded, sham included."""
    out, summary = replayed
    assert summary["decisions_sha256"] == live.summary["decisions_sha256"]
    assert verify_session(out).ok
    assert not (out / "samples").exists() or not list((out / "samples").iterdir())
    assert np.array_equal(open_session(out).samples[1000:5000], open_session(live.path).samples[1000:5000])
    assert summary["dose"]["max_temperature_rise_c"] == 0
    assert json.loads((out / "summary.json").read_text()) == summary


def test_sham_is_masked_like_light(live, replayed):
    n = (open_session(live.path).decisions["verdict"] == "scheduled").sum()
    events = open_session(replayed[0]).input_events
    assert sum(kind == "mask" for _, kind, _, _ in events) in (n, n - 1)  # the last may lie behind the end


def test_phases_near_recorded_light_do_not_count(live, replayed):
    pulses = open_session(replayed[0]).pulses
    assert set(pulses["truth"][~pulses["dark"]]) <= {"contaminated", ""}  # "": too near the end to know
    assert replayed[1]["phase_error_deg"]["n"] == (pulses["truth"] == "zero-phase").sum()


def test_a_replay_of_a_replay_decides_the_same(live, replayed, tmp_path):
    assert replay(replayed[0], tmp_path / "r")["decisions_sha256"] == live.summary["decisions_sha256"]
    again = open_session(tmp_path / "r")
    assert len(again.about["recorded_light"]) == len(open_session(replayed[0]).about["recorded_light"])


def test_the_same_experiment_given_by_hand_is_the_same(live, tmp_path):
    summary = replay(live.path, tmp_path / "r", experiment=load_experiment(live.path), seconds=8)
    assert summary["decisions_sha256"] == live.summary["decisions_sha256"]


def test_a_late_source_is_replayed_with_the_horizon_that_it_needed(demo, tmp_path):
    experiment = load_experiment("against-the-wave")
    live = demo(tmp_path / "late", seconds=7, source=experiment.source.model_copy(update={"delay": "rhx"}))
    assert live.summary["horizon_ms"] > 40
    summary = replay(live.path, tmp_path / "r")
    assert summary["horizon_ms"] == live.summary["horizon_ms"]
    assert summary["decisions_sha256"] == live.summary["decisions_sha256"]
    assert summary["pulses"]["missed"] == 0


def test_what_entered_the_engine_enters_again(copy, tmp_path):
    """The operator paused, the calibration came late: the replay does as the session did (whose own decisions are no matter here)."""
    with sqlite3.connect(copy / "journal.sqlite") as db:
        (when,) = db.execute("SELECT sample FROM input_events WHERE kind = 'calibration'").fetchone()
        db.execute("UPDATE input_events SET sample = sample + 777 WHERE kind = 'calibration'")
        db.execute("INSERT INTO input_events VALUES (5000, 'pause', 0, NULL), (6011, 'resume', 0, NULL)")
        db.execute("UPDATE input_events SET sample = 1234 WHERE kind = 'arm'")
    db.close()
    replay(copy, tmp_path / "r")
    session = open_session(tmp_path / "r")
    events = {kind: sample for sample, kind, _, _ in session.input_events}
    assert (events["calibration"], events["arm"], events["pause"], events["resume"]) == (when + 777, 1234, 5000, 6011)
    decided = session.decisions["sample"]
    assert not ((decided >= 5000) & (decided < 6011)).any()
    assert (decided > 6011).any()
    assert decided.min() > when + 777
    assert verify_session(tmp_path / "r").ok


def test_a_what_if_has_its_own_decisions_and_the_masks_of_the_light_that_is_there(live, replayed, tmp_path):
    other = load_experiment(live.path)
    other = other.model_copy(update={"trigger": other.trigger.model_copy(update={"phase_deg": 180.0})})
    summary = replay(live.path, tmp_path / "r", experiment=other)
    assert summary["decisions_sha256"] != live.summary["decisions_sha256"]
    session = open_session(tmp_path / "r")
    masks = [e for e in session.input_events if e[1] == "mask"]
    assert masks == [e for e in open_session(replayed[0]).input_events if e[1] == "mask"]
    assert verify_session(tmp_path / "r").ok


def save(path: Path, session, rows=slice(None)) -> Path:
    np.savez(path, lfp=session.samples[rows], fs=session.fs_hz, positions_mm=session.positions_mm)
    return path


def test_npz_and_nwb_of_the_same_samples_decide_the_same(live, tmp_path):
    session = open_session(live.path)
    shutil.copy(live.path / "session.nwb", tmp_path / "session.nwb")
    assert np.allclose(open_recording(tmp_path / "session.nwb").positions_mm, session.positions_mm)
    one = replay(tmp_path / "session.nwb", tmp_path / "nwb")
    other = replay(save(tmp_path / "a.npz", session), tmp_path / "npz")
    assert one["decisions_sha256"] == other["decisions_sha256"]
    assert one["decisions"] > 0
    assert np.allclose(open_session(tmp_path / "nwb").positions_mm, session.positions_mm)
    assert verify_session(tmp_path / "npz").ok


def test_the_packaged_recording(tmp_path):
    result = CliRunner().invoke(cli.app, ["replay", "ecog-strip", "--json", "--out", str(tmp_path / "r")])
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["samples"] == 19001
    assert said["recording"] == "ecog-strip"
    assert verify_session(tmp_path / "r").ok


def brainvision(folder: Path, lfp: np.ndarray) -> Path:
    (folder / "day.eeg").write_bytes(np.round(lfp / 0.1).astype("<i2").tobytes())
    channels = "".join(f"Ch{i + 1}=E{i},,0.1,µV\n" for i in range(lfp.shape[1]))
    (folder / "day.vhdr").write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nCodepage=UTF-8\nDataFile=day.eeg\nMarkerFile=day.vmrk\n"
        f"DataFormat=BINARY\nDataOrientation=MULTIPLEXED\nNumberOfChannels={lfp.shape[1]}\nSamplingInterval=1000\n"
        "[Binary Infos]\nBinaryFormat=INT_16\n[Channel Infos]\n" + channels,
        encoding="utf-8",
    )
    (folder / "day.vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\nCodepage=UTF-8\nDataFile=day.eeg\n"
        "[Marker Infos]\nMk1=New Segment,,1,1,0\n",
        encoding="utf-8",
    )
    return folder / "day.vhdr"


@pytest.mark.parametrize("seed", [5, 6])
def test_the_board_of_a_replay_knows_its_clock(tmp_path, seed):
    """It is pinged once in many samples, and beside heartbeats: no pulse is refused for that."""
    flash = {"kind": "flash", "width_ms": 5, "irradiance_mw_mm2": 2}
    experiment = {
        "name": "strip",
        "seed": seed,
        "source": {"kind": "file", "path": "ecog-strip"},
        "probe": {"kind": "recording"},
        "band_hz": [13, 30],
        "conditions": [{"name": "flash", "pattern": flash}],
    }
    pulses = replay("ecog-strip", tmp_path / "r", experiment=parse_experiment(json.dumps(experiment)))["pulses"]
    assert pulses["scheduled"] > 10
    assert pulses["refused"] == 0


def test_a_format_that_neo_reads(live, tmp_path):
    """It says nothing of places: the experiment's probe does. Its samples lie in another file than the one that is named."""
    path = brainvision(tmp_path, open_session(live.path).samples[:6000])
    with pytest.raises(Exception, match="nothing of where its electrodes are"):
        replay(path, tmp_path / "no")
    summary = replay(path, tmp_path / "r", experiment=load_experiment("against-the-wave"))
    assert summary["samples"] == 6000
    assert summary["decisions"] > 0
    assert verify_session(tmp_path / "r").ok
    with (tmp_path / "day.eeg").open("r+b") as file:
        file.write(b"\1\2")
    with pytest.raises(RecordError, match="has changed"):
        verify_session(tmp_path / "r")


def test_a_gap_is_passed_over_and_samples_keep_the_numbers_of_the_source(live, tmp_path):
    """The counter begins at a million, and 1.5 s are missing."""
    source = open_session(live.path)
    shift = 1_000_000
    path = tmp_path / "s"
    about = {**source.about}
    with create_session(path, source.experiment, fs_hz=1000.0, positions_mm=source.positions_mm, about=about) as journal:
        journal.append_samples(shift, source.samples[:5000], 0)
        journal.append_samples(shift + 6500, source.samples[5000:], 0)
        journal.set_meta("ended", True)
    summary = replay(path, tmp_path / "r")
    decisions = open_session(tmp_path / "r").decisions
    assert (summary["samples"], summary["dropped_samples"]) == (8000, 1500)
    assert decisions["sample"].min() > shift + 2500
    assert (decisions["sample"] > shift + 6500).any()
    inside = (decisions["sample"] >= shift + 5000) & (decisions["sample"] < shift + 6500)
    assert not inside.any()
    pulses = open_session(tmp_path / "r").pulses
    late = pulses[decisions["sample"][pulses["decision"]] > shift + 7000]
    assert len(late) > 0
    assert set(late["verdict"]) <= {"fired", "dark", "cut"}
    assert summary["light_onset_error_us"]["max"] < 50
    assert verify_session(tmp_path / "r").ok


def test_what_entered_in_a_gap_and_right_after_it_enters_there_again(live, tmp_path):
    source = open_session(live.path)
    path, after = tmp_path / "s", [(5300, "pause"), (5510, "resume"), (5525, "pause"), (5600, "resume")]
    with create_session(path, source.experiment, fs_hz=1000.0, positions_mm=source.positions_mm, about=source.about) as journal:
        journal.append_samples(0, source.samples[:5010], 0)
        journal.append_samples(5510, source.samples[5010:], 0)
        for event in [e for e in source.input_events if e[0] < 5000] + [(sample, kind, 0.0, None) for sample, kind in after]:
            journal.append_input_event(*event)
        journal.set_meta("ended", True)
    replay(path, tmp_path / "r")
    entered = [(sample, kind) for sample, kind, _, _ in open_session(tmp_path / "r").input_events if kind in ("pause", "resume")]
    assert entered == [(5510, "pause"), *after[1:]]


def test_a_counter_that_begins_anew_does_not_stop_the_replay(live, tmp_path):
    source = open_session(live.path)
    with create_session(tmp_path / "s", source.experiment, fs_hz=1000.0, positions_mm=source.positions_mm, about=source.about) as journal:
        journal.append_samples(50_000, source.samples[:4500], 0)
        journal.append_samples(0, source.samples[4500:], 0)
        journal.set_meta("ended", True)
    summary = replay(tmp_path / "s", tmp_path / "r")
    assert (summary["samples"], summary["dropped_samples"]) == (8000, 0)


def test_another_recording_than_the_one_that_was_replayed_is_refused(live, tmp_path):
    path = save(tmp_path / "a.npz", open_session(live.path), slice(0, 5000))
    replay(path, tmp_path / "r")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(RecordError, match=r"a\.npz: the recording has changed since it was replayed"):
        verify_session(tmp_path / "r")
    path.unlink()
    result = CliRunner().invoke(cli.app, ["verify", str(tmp_path / "r")])
    assert result.exit_code == 2
    assert "is gone" in result.stderr


def test_bits_of_a_converter_are_replayed_and_verified_as_bits(tmp_path, monkeypatch):
    """Raw samples decide as their microvolts do; rails are missing, in the replay, in its verification and in a replay of it."""
    monkeypatch.setattr("wavestim.controller.session.replay.finish_session", finish_without_report)
    fs, n = 4000.0, 24_000
    xy = np.column_stack([np.arange(6) * 0.4, np.zeros(6)])
    rng = np.random.default_rng(0)
    x = 50 * np.cos(2 * np.pi * 15 * np.arange(n)[:, None] / fs - 1.5 * xy[:, 0]) + rng.normal(0, 10, (n, 6))
    bits = np.round(x / 0.25).astype(np.int16)
    np.savez(tmp_path / "bits.npz", lfp=bits, fs=fs, positions_mm=xy, gain_uv=0.25)
    np.savez(tmp_path / "uv.npz", lfp=bits * np.float32(0.25), fs=fs, positions_mm=xy)
    of_bits, of_uv = (replay(tmp_path / f"{name}.npz", tmp_path / name) for name in ("bits", "uv"))
    assert of_bits["decisions"] > 5
    assert of_bits["decisions_sha256"] == of_uv["decisions_sha256"]
    assert np.array_equal(open_session(tmp_path / "bits").samples[100:200], bits[100:200] * np.float32(0.25))
    bits[12_000:16_000, 2] = 32767
    np.savez(tmp_path / "clipped.npz", lfp=bits, fs=fs, positions_mm=xy, gain_uv=0.25)
    clipped = replay(tmp_path / "clipped.npz", tmp_path / "clipped")
    assert clipped["decisions"] > 5
    assert verify_session(tmp_path / "clipped").ok
    assert replay(tmp_path / "clipped", tmp_path / "again")["decisions_sha256"] == clipped["decisions_sha256"]


class Long:
    """A recording that exists only block by block."""

    fs_hz, n_channels = 1000.0, 6
    channel_names = tuple("abcdef")

    def __init__(self, n_samples: int) -> None:
        self.n_samples = n_samples
        self.positions_mm = np.column_stack([np.arange(6) * 0.4, np.zeros(6)])
        rng = np.random.default_rng(0)
        t = np.arange(4096)[:, None] / 1024  # whole periods, so that the piece can be repeated
        self._piece = (50 * np.cos(2 * np.pi * 12 * t - self.positions_mm[:, 0]) + rng.normal(0, 10, (4096, 6))).astype(np.float32)

    def blocks(self, size):
        for first in range(0, self.n_samples, size):
            yield first, self._piece[: min(size, self.n_samples - first)].copy()


def test_memory_does_not_grow_with_the_recording(tmp_path, monkeypatch):
    """Five times the recording, nearly the same peak."""
    peaks, n = [], 80_000
    for k in (1, 5):
        long = Long(n * k // 5)
        for module in ("wavestim.controller.session.replay", "wavestim.controller.record.reference"):
            monkeypatch.setattr(f"{module}.open_replayable", lambda r, long=long: long)
        monkeypatch.setattr("wavestim.controller.record.reference._fingerprint", lambda r: "same")
        (tmp_path / "x").touch()
        experiment = load_experiment("against-the-wave")
        experiment = experiment.model_copy(
            update={"probe": load_probe(), "trigger": experiment.trigger.model_copy(update={"refractory_ms": 5000.0})}
        )
        monkeypatch.setattr("wavestim.controller.session.replay.finish_session", finish_without_report)
        tracemalloc.start()
        try:
            summary = replay(tmp_path / "x", tmp_path / f"r{k}", experiment=experiment)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert summary["samples"] == n * k // 5
    assert peaks[1] - peaks[0] < 0.25 * 4 * 6 * n * 4 / 5


def load_probe():
    from wavestim.controller.experiment._probe import RecordingProbe

    return RecordingProbe()


def finish_without_report(path: Path):
    from wavestim.controller.record.complete import complete

    return complete(path)

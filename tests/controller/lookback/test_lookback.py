"""Looking back: any moment as the engine knew it, the same decisions to the bit, and nothing in the folder of a session is changed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from support.lookingback import Talk
from wavestim.controller import open_session
from wavestim.controller.lookback import maker as making
from wavestim.controller.session import replay_recording
from wavestim.realtime import track

FS = 1000.0


@pytest.fixture
def look(tmp_path):
    talks = []

    def open_it(path, experiment=None):
        talks.append(Talk(path, tmp_path / f"scratch-{len(talks)}", experiment))
        return talks[-1]

    yield open_it
    for talk in talks:
        talk.close()


@pytest.fixture(scope="module")
def seen(live, tmp_path_factory):
    talk = Talk(live.path, tmp_path_factory.mktemp("seen") / "scratch").made()
    yield talk
    talk.close()


def fingerprint(folder: Path):
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return [(str(p), p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files], folder.stat().st_mtime_ns


def test_every_decision_is_made_again_to_the_bit_and_nothing_is_touched(live, look):
    before = fingerprint(live.path)
    talk = look(live.path).made()
    progress = talk.last("progress")[1]
    assert (progress["done"], progress["difference"], progress["trouble"]) == (True, "", "")
    assert progress["same"] == progress["decisions"] == live.summary["decisions"] > 10
    talk.show(5000.0)
    assert fingerprint(live.path) == before


def test_a_decision_that_is_not_the_same_is_told(copy, look):
    with contextlib.closing(sqlite3.connect(copy / "journal.sqlite")) as db, db:
        db.execute("UPDATE decisions SET direction_deg = direction_deg + 1 WHERE rowid = 4")
    progress = look(copy).made().last("progress")[1]
    assert progress["same"] == 0
    assert "decision 3 " in progress["difference"]
    assert "direction_deg" in progress["difference"]


def test_marks_are_those_of_the_journal(live, seen):
    session = open_session(live.path)
    seen.server._tell_marks(seen.opened)
    _, header, arrays = seen.last("marks")
    assert (header["first"], header["end"]) == (0, len(session.samples))
    assert np.allclose(np.sort(arrays["pulse_at"]), np.sort(session.pulses["fire_sample"]))
    assert np.array_equal(arrays["pulse_what"] == 1, session.pulses["dark"])


def counted(messages):
    """Decisions and pulses that a talk of messages amounts to."""
    decisions = pulses = 0
    for topic, header, arrays in messages:
        if topic == "history":
            decisions += len(arrays["directions_deg"]) + sum(header["vetoes"].values())
            pulses += sum(header["verdicts"].values())
        decisions += len(header["rows"]) if topic == "decisions" else 0
        pulses += len(header["rows"]) if topic == "pulses" else 0
    return decisions, pulses


def test_a_moment_is_the_same_however_it_was_come_to(seen):
    fresh, all_at_once, _ = seen.show(6400.0)
    _, steps, _ = seen.show(4000.0)
    at = 4000.0
    while at < 6400:
        since, at = at, at + 160
        header, more, _ = seen.show(at, since)
        assert not header["fresh"]
        steps = [*steps, *more]
    assert fresh["fresh"]
    assert counted(steps) == counted(all_at_once)
    assert counted(steps)[0] > 10
    for a, b in zip(all_at_once[-1], steps[-1], strict=True):
        assert repr(a) == repr(b)
    stepped, at_once = (np.concatenate([m[2]["uv"] for m in told if m[0] == "samples"]) for told in (steps, all_at_once))
    assert np.array_equal(stepped, at_once)


def test_what_is_told_of_a_moment_is_of_that_moment(live, seen):
    session = open_session(live.path)
    header, messages, truth = seen.show(6400.0)
    samples = [m for m in messages if m[0] == "samples"][-1]
    assert samples[1]["first"] + len(samples[2]["uv"]) == 6401
    assert np.array_equal(samples[2]["uv"][-1], session.samples[6400])
    assert max(m[1]["sample"] for m in messages if m[0] == "tick") == 6400
    assert truth["how"] == "simulation"
    assert abs((header["site_deg"] - truth["phase_deg"] + 180) % 360 - 180) < 45
    assert header["light"] == "armed"
    decided = session.decisions[session.decisions["sample"] <= 6400]
    assert header["pulse"]["index"] == len(decided) - 1
    assert header["pulse"]["decided"]["fire_sample"] == decided["fire_sample"][-1]
    assert header["pulse"]["foretold_deg"] == pytest.approx(decided["target_deg"][-1], abs=3), "the trigger fired at its target"
    near = [e for e in header["around"] if e["what"] == "decision"]
    wanted = session.decisions["sample"][np.abs(session.decisions["sample"] - 6400) <= 1000]
    assert [e["sample"] for e in near] == wanted.tolist()


def test_before_the_model_has_learned_nothing_is_known(seen):
    header, messages, _ = seen.show(1000.0)
    assert header["site_deg"] is None
    assert header["pulse"] is None
    assert not [m for m in messages if m[0] == "tick"]
    assert [m for m in messages if m[0] == "samples"]


def broken(live, folder: Path) -> Path:
    """As a process that died leaves it: the journal in several files, no end."""
    work = Path(shutil.copytree(live.path, folder / "work"))
    for name in ("summary.json", "session.nwb", "report.html", "truth.npz"):
        (work / name).unlink()
    db = sqlite3.connect(work / "journal.sqlite")
    db.execute("PRAGMA journal_mode=WAL")
    with db:
        db.execute("DELETE FROM meta WHERE key IN ('ended', 'counts')")
    dead = Path(shutil.copytree(work, folder / "dead"))
    db.close()
    assert (dead / "journal.sqlite-wal").stat().st_size > 0
    return dead


def test_a_session_that_was_broken_off_is_looked_at_and_not_touched(live, look, tmp_path):
    dead = broken(live, tmp_path)
    before = fingerprint(dead)
    talk = look(dead).made()
    assert talk.last("progress")[1]["kind"] == "broken"
    assert talk.last("progress")[1]["same"] == live.summary["decisions"]
    assert talk.show(6400.0)[0]["pulse"]["number"] > 5
    assert fingerprint(dead) == before


def test_a_session_that_is_being_recorded_is_followed_to_its_end(live, copy, look, monkeypatch):
    monkeypatch.setattr(making, "GROWS_S", 0.01)
    whole = open_session(copy)
    with contextlib.closing(sqlite3.connect(copy / "journal.sqlite")) as db:

        def say(key, value):
            with db:
                db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

        say("ended", False)
        say("decided_to", 5000)
        with (copy / ".writing").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            talk = look(copy)
            assert talk.last("opened")[1]["kind"] == "running"
            maker = talk.opened.maker
            while maker.made_to < 5000:
                maker.join(0.01)
            talk.turn()
            assert not maker.done
            assert maker.made_to == 5000
            assert maker.same == (whole.decisions["sample"] < 5000).sum()
            say("decided_to", len(whole.samples))
            say("ended", True)
    talk.made()
    progress = talk.last("progress")[1]
    assert (progress["kind"], progress["done"], progress["same"]) == ("finished", True, len(whole.decisions))


def test_a_session_whose_process_dies_meanwhile_is_not_touched(live, look, tmp_path, monkeypatch):
    """Whoever looked on as it was recorded goes on with a copy of its journal: to read one that was broken off is to change it."""
    monkeypatch.setattr(making, "GROWS_S", 0.01)
    dead = broken(live, tmp_path)
    with (dead / ".writing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        talk = look(dead)
        assert talk.last("opened")[1]["kind"] == "running"
        before = fingerprint(dead)
    talk.made()
    assert talk.last("progress")[1]["kind"] == "broken"
    assert talk.opened.past.session.path != dead
    assert fingerprint(dead) == before


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Eight seconds of a plane wave on sixteen electrodes, in a file."""
    line = np.arange(4) * 0.4
    xy = np.column_stack([np.tile(line, 4), np.repeat(line, 4)])
    phase = 2 * np.pi * 13 * np.arange(8000)[:, None] / FS - xy @ [0.5, 0.3]
    lfp = (50 * np.cos(phase) + 5 * np.random.default_rng(1).standard_normal(phase.shape)).astype(np.float32)
    path = tmp_path_factory.mktemp("recording") / "wave.npz"
    np.savez_compressed(path, lfp=lfp, fs=FS, positions_mm=xy)
    return path, lfp, xy, np.degrees(phase)


def test_a_recording_shows_what_would_have_been_decided(recording, look, tmp_path):
    """The same as a replay of it decides, and what the engine knew is what ``track`` says."""
    path, lfp, xy, phase_deg = recording
    talk = look(path).made()
    replay_recording(str(path), experiment=None, out=tmp_path / "r", speed=None, progress=lambda s: None, finish=lambda out: {})
    assert open_session(tmp_path / "r").decisions.tobytes() == talk.opened.maker.decisions.tobytes()
    site = talk.last("opened")[1]["site"]
    followed = track(lfp, FS, xy, (8, 24))
    for sample in (4000, 5555, 7000):
        header, messages, truth = talk.show(float(sample))
        told = messages[-1]
        assert told[1]["kind"] == followed.kind[sample]
        apart = np.degrees(np.angle(np.exp(1j * (told[2]["phase_rad"] - followed.phase[sample]))))
        assert np.abs(apart).max() < 6
        assert truth["how"] == "zero-phase"
        assert abs((truth["phase_deg"] - phase_deg[sample, site] + 180) % 360 - 180) < 10
        assert truth["direction_deg"] == pytest.approx(np.degrees(np.arctan2(0.3, 0.5)), abs=5)
        assert header["pulse"]["verdict"] in ("fired", "dark")
        assert talk.last("afterwards")[1]["how"] == "zero-phase", "nothing shone: its light is not in the samples"


def test_light_in_the_samples_spoils_the_truth_and_that_is_said(copy, look):
    (copy / "truth.bin").unlink()
    talk = look(copy).made()
    session = open_session(copy)
    lit = session.pulses[(session.pulses["verdict"] == "fired") & (session.pulses["fire_sample"] > 4000)]
    at = float(session.decisions["start_sample"][lit["decision"][0]])
    assert talk.show(at + 20)[2]["how"] == "contaminated"
    assert talk.show(200.0)[2]["how"] == "", "too near the beginning"


def test_a_gap_is_marked_and_nothing_is_known_in_it(copy, look):
    with contextlib.closing(sqlite3.connect(copy / "journal.sqlite")) as db, db:
        db.execute("DELETE FROM blocks WHERE first_sample >= 5000 AND first_sample < 6500")
        (begin, n) = db.execute(
            "SELECT first_sample, n_samples FROM blocks WHERE first_sample < 5000 ORDER BY first_sample DESC"
        ).fetchone()
        (end,) = db.execute("SELECT MIN(first_sample) FROM blocks WHERE first_sample >= 6500").fetchone()
    (copy / "truth.bin").unlink()
    talk = look(copy).made()
    assert talk.last("marks")[2]["gaps"].tolist() == [[begin + n, end]]
    header, messages, truth = talk.show(float(end - 100))
    assert header["site_deg"] is None
    assert truth["how"] == ""
    uv = [m for m in messages if m[0] == "samples"]
    assert uv[-1][1]["first"] + len(uv[-1][2]["uv"]) == begin + n, "samples are told as far as there are any"
    later = [m[1]["sample"] for m in talk.show(float(end + 1000))[1] if m[0] == "tick"]
    assert sum(end < sample <= end + 1000 for sample in later) > 50, "behind it the engine goes on"


def test_of_many_electrodes_some_tell_the_direction(look, tmp_path):
    xy = np.column_stack([np.tile(np.arange(11), 11), np.repeat(np.arange(11), 11)]) * 0.4
    phase = 2 * np.pi * 13 * np.arange(2600)[:, None] / FS - xy @ [-0.3, 0.3]
    lfp = 50 * np.cos(phase) + 5 * np.random.default_rng(1).standard_normal(phase.shape)
    np.savez(tmp_path / "many.npz", lfp=lfp.astype(np.float32), fs=FS, positions_mm=xy)
    truth = look(tmp_path / "many.npz").made().show(1500.0)[2]
    assert truth["direction_deg"] == pytest.approx(135, abs=5)
    assert truth["speed_mm_s"] == pytest.approx(2 * np.pi * 13 / np.hypot(0.3, 0.3), rel=0.1)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda p: p.mkdir(), "empty folder"),
        (lambda p: None, "no such file"),
        (lambda p: p.with_suffix(".npz").write_bytes(b""), "damaged"),
        (lambda p: p.with_suffix(".npz").write_text("not at all"), "damaged"),
        (lambda p: p.with_suffix(".nwb").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200)), "NWB"),
        (lambda p: p.with_suffix(".docx").write_bytes(b"PK\x03\x04"), "format"),
        (lambda p: (p.mkdir(), (p / "journal.sqlite").write_bytes(b"SQLite format 3\0" + bytes(500))), "journal"),
        (lambda p: np.savez(p.with_suffix(".npz"), lfp=np.zeros((100, 4), np.float32), fs=1000), "where its electrodes are"),
    ],
)
def test_what_cannot_be_looked_at_is_one_sentence(look, tmp_path, make, says):
    path = tmp_path / "thing"
    make(path)
    path = next((p for p in tmp_path.glob("thing*")), path)
    ((topic, header, _),) = look(path).answers[-1]
    assert topic == "refused"
    assert says in header["why"]
    assert "\n" not in header["why"]
    assert str(path) in header["why"]


def test_a_damaged_block_is_told_and_the_rest_is_shown(copy, look):
    path = copy / "samples" / "000000.blk"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(data)
    talk = look(copy).made()
    progress = talk.last("progress")[1]
    assert "checksum" in progress["trouble"]
    assert progress["made_to"] == progress["end"]
    assert talk.show(2000.0)[1]

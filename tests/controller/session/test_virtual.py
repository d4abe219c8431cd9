"""A session from the first sample to the finished folder: what it holds, that it repeats, and that a change of it is found."""

from __future__ import annotations

import json
import re
import sqlite3
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner
from wavestim.controller import cli, open_session
from wavestim.controller.record.hashing import decisions_sha256
from wavestim.controller.record.samples import HEADER, scan
from wavestim.controller.record.session import Session
from wavestim.controller.record.truth import read_edges
from wavestim.controller.session import verify_session

DECISION = (
    "sample fire_sample site target_deg predicted_sd_deg direction_deg speed_mm_s wavelength_mm pgd frequency_hz wave_kind condition "
    "pattern verdict"
)
SUMMARY = (
    "session samples dropped_samples ticks decisions decisions_sha256 pulses phase_error_deg direction_error_deg latency_us "
    "light_onset_error_us dose conditions"
)


def journal(path: Path, *statements: str) -> None:
    with sqlite3.connect(path / "journal.sqlite") as db:
        for statement in statements:
            assert db.execute(statement).rowcount > 0
    db.close()


def test_the_folder_holds_what_was_promised(live):
    held = {p.name for p in live.path.iterdir()}
    assert held == {
        "experiment.yaml", "journal.sqlite", "samples", "session.nwb", "summary.json", "report.html",
        "truth.bin", "truth.npz", "edges.csv", "rig-clock.json",
    }  # fmt: skip
    assert json.loads((live.path / "summary.json").read_text()) == live.summary


def test_the_summary_says_what_was_promised(live):
    s = live.summary
    assert set(SUMMARY.split()) <= set(s)
    assert Path(s["session"]) == live.path
    assert (s["samples"], s["dropped_samples"], s["ticks"]) == (8000, 0, 8000)
    p = s["pulses"]
    assert p["scheduled"] + p["vetoed"] == s["decisions"]
    assert p["fired"] > 5
    assert p["missed"] == p["refused"] == 0
    assert set(s["phase_error_deg"]) == {"bias", "sd", "median_abs", "n", "truth"}
    assert s["phase_error_deg"]["truth"] == "simulation"
    assert s["latency_us"] is None
    assert 0 < s["light_onset_error_us"]["max"] < 10
    assert sum(c["pulses"] for c in s["conditions"].values()) == p["fired"] + p["dark"]
    assert set(s["conditions"]) == {"with-wave", "against-wave", "sham"}


def test_a_session_is_opened_as_arrays(live):
    session = open_session(live.path)
    assert session.experiment["name"] == "against-the-wave"
    assert session.summary == live.summary
    assert session.samples.shape == (8000, 100)
    assert session.samples[7, 3] == session.samples[:, 3][7]
    assert set(DECISION.split()) <= set(session.decisions.dtype.names)
    assert {"decision", "fire_sample", "onset_device_us", "verdict"} <= set(session.pulses.dtype.names)
    assert set(session.pulses["verdict"]) <= {"fired", "dark", "cut"}  # cut: the session ended within it
    assert decisions_sha256(session.decisions) == live.summary["decisions_sha256"]
    scheduled = np.flatnonzero(session.decisions["verdict"] == "scheduled")
    assert np.array_equal(session.pulses["decision"], scheduled)
    assert np.abs(session.pulses["fire_sample"] - session.decisions["fire_sample"][scheduled]).max() < 0.01
    assert session.markers.dtype.names == ("sample", "name", "value")
    assert {kind for _, kind, _, _ in session.input_events} >= {"horizon", "arm", "calibration"}


def test_light_shone_when_it_was_acknowledged_and_nothing_else(live):
    session, edges = open_session(live.path), read_edges(live.path / "edges.csv")
    fired = session.pulses[np.isin(session.pulses["verdict"], ("fired", "cut"))]
    on = np.unique(edges["device_us"][edges["level"] > 0])
    for pulse in fired:
        assert np.abs(on - pulse["onset_device_us"]).min() < 0.01
    inside = [(f["onset_device_us"] - 0.01, f["offset_device_us"] + 0.01) for f in fired]
    assert all(any(a <= t <= b for a, b in inside) for t in on)
    assert not is_lit(edges)


def is_lit(edges: np.ndarray) -> bool:
    """Whether the last word of any LED is light."""
    return any(edges["level"][edges["led"] == led][-1] > 0 for led in np.unique(edges["led"]))


def test_the_same_seed_gives_the_same_bits_and_another_does_not(live, demo, tmp_path):
    again, other = demo(tmp_path / "again"), demo(tmp_path / "other", seed=2, seconds=6)
    assert again.summary["decisions_sha256"] == live.summary["decisions_sha256"] != other.summary["decisions_sha256"]
    assert (again.path / "edges.csv").read_bytes() == (live.path / "edges.csv").read_bytes()
    assert (again.path / "truth.bin").read_bytes() == (live.path / "truth.bin").read_bytes()
    assert other.summary["decisions"] > 0


def test_a_session_is_never_overwritten(live, demo):
    before = (live.path / "experiment.yaml").read_bytes()
    with pytest.raises(Exception, match="holds a session already"):
        demo(live.path, seed=5)
    assert (live.path / "experiment.yaml").read_bytes() == before


def verify(path: Path) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["verify", str(path), "--json"])
    said = json.loads(result.stdout)
    assert said["ok"] == (result.exit_code == 0)
    return result.exit_code, str(said["first_difference"])


def test_verify_makes_every_decision_again(live):
    result = verify_session(live.path)
    assert (result.ok, result.n_decisions, result.first_difference) == (True, live.summary["decisions"], None)
    assert verify(live.path) == (0, "None")


def test_one_changed_sample_is_found(copy):
    path = copy / "samples" / "000000.blk"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x80
    path.write_bytes(bytes(data))
    code, said = verify(copy)
    assert code == 1
    assert "checksum" in said
    assert "decision " in said
    assert " was " in said


def live_decisions(live) -> np.ndarray:
    return open_session(live.path).decisions


def test_a_changed_sample_with_a_checksum_to_match_is_found(live, copy):
    """The checksum is against accidents; what proves is that the decisions come out the same."""
    sample = int(live_decisions(live)["sample"][10])
    entry = next(e for e in scan(copy / "samples")[0] if e.first_sample <= sample < e.first_sample + e.n_samples)
    path = copy / "samples" / "000000.blk"
    data = bytearray(path.read_bytes())
    end = entry.offset + HEADER.size + entry.n_samples * entry.n_channels * 4
    data[entry.offset + HEADER.size + (sample - entry.first_sample) * 4 * entry.n_channels + 2] ^= 0x10
    data[end : end + 4] = struct.pack("<I", zlib.crc32(data[entry.offset : end]))
    path.write_bytes(bytes(data))
    code, said = verify(copy)
    assert code == 1
    assert said.startswith("decision ")
    assert "checksum" not in said


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE decisions SET target_deg = target_deg + 1 WHERE rowid = 5", "decision 4 .*target_deg was 1.0, is now 0.0"),
        ("UPDATE decisions SET condition = 'sham' WHERE rowid = (SELECT MIN(rowid) FROM decisions WHERE condition != 'sham')",
         "condition was sham, is now"),
        ("UPDATE decisions SET fire_sample = fire_sample + 1e-9 WHERE rowid = 3", "decision 2 .*fire_sample"),
        ("DELETE FROM decisions WHERE rowid = 1", "decision 0 .*sample was"),
        ("DELETE FROM decisions WHERE rowid = (SELECT MAX(rowid) FROM decisions)", "is made now and was not recorded"),
        ("INSERT INTO decisions SELECT * FROM decisions WHERE rowid = 1", "is recorded and was not made again"),
        ("UPDATE input_events SET value = value + 1 WHERE kind = 'horizon'", "decision 0 .* was .*, is now"),
        ("UPDATE input_events SET sample = 5000 WHERE kind = 'arm'", "decision 0 .*sample was"),
        ("DELETE FROM input_events WHERE kind = 'calibration'", "decision 0 .*was not made again"),
        ("UPDATE input_events SET kind = 'lunch' WHERE kind = 'horizon'", "input event lunch at sample 0 is damaged"),
        ("UPDATE input_events SET payload = x'00' WHERE kind = 'calibration'", "input event calibration at sample .* is damaged"),
        ("UPDATE input_events SET payload = NULL WHERE kind = 'calibration'", "input event calibration at sample .* is damaged"),
    ],
)  # fmt: skip
def test_whatever_is_changed_in_the_journal_is_named(copy, statement, words):
    journal(copy, statement)
    code, said = verify(copy)
    assert code == 1
    assert re.search(words, said), said


def test_the_session_reads_while_it_is_written(demo, tmp_path):
    """A window that is attached, and keeps the journal open, sees what is committed and does not keep the session from its end."""
    seen, readers = [], []

    def look(second: float) -> None:
        if second >= 2:
            session = Session(tmp_path / "s")
            seen.append((session.samples.shape[0], session.decided_to))
            if not readers:
                readers.append(sqlite3.connect(f"file:{tmp_path / 's' / 'journal.sqlite'}?mode=ro", uri=True))
                readers[0].execute("BEGIN")
                readers[0].execute("SELECT * FROM meta").fetchone()

    live = demo(tmp_path / "s", seconds=4, progress=look)
    readers[0].close()
    assert live.summary["samples"] == 4000
    assert all(second * 1000 - 400 <= n for second, (n, _) in zip((2, 3, 4), seen, strict=False))

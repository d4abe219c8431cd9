"""A session whose process died, was stopped, or ran out of disk: nothing that was committed is lost, and recover finishes it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner
from wavestim.controller import cli, open_session
from wavestim.controller.record import RecordError, recover
from wavestim.controller.record.errors import no_room
from wavestim.controller.record.journal import COMMIT_NS, lock_session
from wavestim.controller.record.samples import scan
from wavestim.controller.record.truth import read_edges
from wavestim.controller.session import verify_session

DYING = """
import os, resource, sys
from pathlib import Path
from wavestim.controller.experiment import load_experiment
from wavestim.controller.session import run_experiment
from wavestim.controller.session.pulses import PulseLedger

heard = PulseLedger.heard
def deaf(self, events):  # the board's answers of the last moments were not heard any more
    if sys.argv[2] == "deaf" and dying[0]:
        return
    heard(self, events)
PulseLedger.heard = deaf
dying = [False]

def progress(second):
    dying[0] = second >= 5
    if second >= 6:
        os.kill(os.getpid(), 9)

run_experiment(load_experiment("against-the-wave"), out=Path(sys.argv[1]), seconds=9, pace="virtual", seed=1, arm=True, progress=progress)
"""
ROOM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from wavestim.controller.cli import main
sys.argv[1:] = sys.argv[2:]
main()
"""


def child(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.run([sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Killed after six seconds; the answers of the last one were not heard."""
    out = tmp_path_factory.mktemp("dead") / "session"
    assert child(DYING, str(out), "deaf").returncode == -signal.SIGKILL
    return out


@pytest.fixture
def corpse(dead: Path, tmp_path: Path) -> Path:
    import shutil

    return Path(shutil.copytree(dead, tmp_path / "session"))


def dark(path: Path) -> bool:
    edges = read_edges(path / "edges.csv")
    return len(edges) > 0 and all(edges["level"][edges["led"] == led][-1] == 0 for led in np.unique(edges["led"]))


def test_a_killed_session_is_finished_by_recover(corpse, demo, tmp_path):
    assert not (corpse / "summary.json").exists()
    before = open_session(corpse)
    assert before.summary["samples"] == before.samples.shape[0] > 5500  # also readable as it is
    result = CliRunner().invoke(cli.app, ["recover", str(corpse), "--json"])
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    for name in ("summary.json", "session.nwb", "report.html"):
        assert (corpse / name).is_file()
    assert not (corpse / ".writing").exists()
    assert not list(corpse.glob("*-wal"))
    session = open_session(corpse)
    assert session.recovered
    assert 6000 - session.samples.shape[0] <= COMMIT_NS / 1e6 + 50
    assert session.summary["decisions"] == said["decisions"] == len(session.decisions) > 0
    lost = session.pulses["verdict"] == "lost"
    assert set(session.pulses["reason"][lost]) == {"process-died"}
    assert lost.sum() == said["recovered"]["pulses_without_answer"] > 0
    assert (session.decisions["verdict"] == "scheduled").sum() == len(session.pulses)
    assert verify_session(corpse).ok
    whole = open_session(demo(tmp_path / "whole", seconds=6).path)
    assert np.array_equal(session.samples[:], whole.samples[: session.samples.shape[0]])
    assert np.array_equal(session.decisions, whole.decisions[: len(session.decisions)])


def test_recover_twice_changes_nothing(corpse):
    first = recover(corpse)
    held = {p.name: p.read_bytes() for p in corpse.iterdir() if p.is_file() and p.suffix != ".nwb" and p.name != "truth.npz"}
    assert recover(corpse) == first
    assert {name: (corpse / name).read_bytes() for name in held} == held


def test_recover_leaves_the_figures_of_a_finished_session(copy, live):
    again = recover(copy)
    assert again == {**live.summary, "session": str(copy)}
    assert not open_session(copy).recovered


def test_a_session_that_is_being_written_is_left_alone(corpse):
    before = (corpse / "journal.sqlite").read_bytes()
    with lock_session(corpse):
        with pytest.raises(RecordError, match="still being written"):
            recover(corpse)
        result = CliRunner().invoke(cli.app, ["recover", str(corpse)])
    assert result.exit_code == 2
    assert "still being written" in result.stderr
    assert (corpse / "journal.sqlite").read_bytes() == before


def test_a_last_block_that_was_cut_off_costs_that_block(corpse):
    path = corpse / "samples" / "000000.blk"
    entries, _ = scan(corpse / "samples")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 3)
    said = recover(corpse)
    assert said["samples"] == sum(e.n_samples for e in entries[:-1])
    assert said["recovered"]["damaged"] == ["000000.blk: the last block is unfinished"]


def test_a_damaged_block_is_told_and_becomes_a_gap(corpse):
    entries, _ = scan(corpse / "samples")
    path = corpse / "samples" / "000000.blk"
    data = bytearray(path.read_bytes())
    data[entries[3].offset + 1000] ^= 1
    path.write_bytes(bytes(data))
    said = recover(corpse)
    assert f"samples {entries[3].first_sample} to {entries[3].first_sample + entries[3].n_samples - 1}" in said["recovered"]["damaged"][0]
    assert said["dropped_samples"] == entries[3].n_samples
    assert open_session(corpse).samples.gaps == [(entries[3].first_sample, entries[3].n_samples)]


def test_the_truth_of_what_is_known_is_kept_when_its_files_were_cut_off(corpse):
    """A line of edges.csv and a row of truth.bin are torn in the middle; truth.bin lags behind the samples."""
    for name, keep in (("edges.csv", -7), ("truth.bin", -60_001)):
        data = (corpse / name).read_bytes()
        (corpse / name).write_bytes(data[:keep])
    said = recover(corpse)
    assert said["phase_error_deg"]["truth"] == "simulation"
    assert said["phase_error_deg"]["n"] > 5
    assert said["light_onset_error_us"]["max"] < 10


@pytest.mark.parametrize("name", ["rig-clock.json", "truth.bin", "edges.csv"])
@pytest.mark.parametrize("content", [None, b""])
def test_a_missing_truth_is_estimated_afterwards(corpse, name, content):
    (corpse / name).unlink()
    if content is not None:
        (corpse / name).write_bytes(content)
    said = recover(corpse)
    assert said["phase_error_deg"]["truth"] == ("simulation" if name == "edges.csv" else "posthoc")


def test_ctrl_c_ends_dark_with_a_sentence(tmp_path, monkeypatch):
    import contextlib

    @contextlib.contextmanager
    def impatient(title, total):
        def progress(second: float) -> None:
            if second >= 5:
                raise KeyboardInterrupt

        yield progress

    monkeypatch.setattr("wavestim.controller.cli.output.progress", impatient)
    out = tmp_path / "session"
    result = CliRunner().invoke(cli.app, ["demo", "--seconds", "9", "--out", str(out)])
    assert result.exit_code == 130
    assert result.stderr.strip().count("\n") == 0
    assert "stopped by Ctrl-C" in result.stderr
    assert dark(out)
    assert not (out / ".writing").exists()
    assert recover(out)["samples"] == 5000
    assert verify_session(out).ok


@pytest.mark.parametrize("limit", [2_500_000, 400_000])
def test_a_full_disk_ends_dark_with_a_sentence_and_nothing_is_lost(tmp_path, limit):
    """In the middle of the session, or before the first decision."""
    out = tmp_path / "session"
    died = child(ROOM, str(limit), "demo", "--seconds", "9", "--out", str(out))
    assert died.returncode == 2, died.stderr
    assert died.stderr.strip().count("\n") == 0, died.stderr
    assert "no room" in died.stderr
    assert dark(out) or limit < 1_000_000
    said = recover(out)
    assert said["samples"] == open_session(out).samples.shape[0] > 0
    assert verify_session(out).ok


def test_a_disk_that_fills_up_at_the_end_keeps_the_session(tmp_path):
    """The samples fit, session.nwb does not."""
    out = tmp_path / "session"
    died = child(ROOM, "2000000", "demo", "--seconds", "4", "--out", str(out))
    assert died.returncode == 2, died.stderr
    assert "no room" in died.stderr
    assert died.stderr.strip().count("\n") == 0, died.stderr
    assert dark(out) or not read_edges(out / "edges.csv").size
    assert not list(out.glob("*.part*"))
    assert recover(out)["samples"] == 4000
    assert (out / "session.nwb").is_file()


def test_only_a_full_disk_is_called_one():
    import errno

    assert no_room(OSError(errno.EACCES, "no"), Path()) is None
    assert no_room(sqlite3.OperationalError("no such table"), Path()) is None
    assert no_room(RuntimeError("write failed: errno = 28, error message = 'No space left on device'"), Path()) is not None
    assert no_room(sqlite3.OperationalError("database or disk is full"), Path()) is not None


def test_what_is_no_session_is_told(tmp_path, copy):
    with pytest.raises(RecordError, match="no session here"):
        recover(tmp_path)
    assert not (tmp_path / ".writing").exists()
    (copy / "journal.sqlite").write_bytes(b"SQLite format 3\0" + b"junk" * 1000)
    files = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(RecordError, match="can't be read") as caught:
        open_session(copy)
    assert caught.tb is not None, "as long as somebody looks at the error, what it met lives"
    assert len(list(Path("/proc/self/fd").iterdir())) == files

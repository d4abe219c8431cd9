"""Sweeps: every combination once, on Dask workers that may die."""

from __future__ import annotations

import csv
import os
import signal
import threading
from pathlib import Path

import pytest
from wavestim.controller.studies import clusters
from wavestim.controller.studies.clusters import workers
from wavestim.controller.studies.study import StudyError
from wavestim.controller.studies.sweep import Local, load_sweep, points, run_sweep

FILE = """
study: sequence-encoding
quick: true
seeds: [1, 2]
vary: {noise: [0.02, 0.2], gain: [0.9, 1.0]}
parameters: {side: 6, n_runs: 6, n_periods: 30, lags: 4, local_tau_ms: [20]}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sweep.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_all_combinations_are_plans_of_their_own(file: Path) -> None:
    found = points(load_sweep(file))
    assert [tuple(point.at.values()) for point in found] == [(0.02, 0.9), (0.02, 1.0), (0.2, 0.9), (0.2, 1.0)]
    assert all(point.plan.parameters["side"] == 6 and point.plan.seeds == (1, 2) for point in found)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("study: telepathy", "telepathy"),
        ("study: sequence-encoding\nvary: {loudness: [1]}", "no parameter 'loudness'"),
        ("study: sequence-encoding\nvary: {noise: []}", r"vary\.noise"),
        ("study: sequence-encoding\nspeed: 3", "speed"),
        ("study: sequence-encoding\ncluster: {kind: slurm}", "jobs"),
        ("[1, 2]", "the file"),
        ("study: [", "YAML"),
    ],
)
def test_a_file_that_asks_for_what_is_not_there_is_refused(tmp_path: Path, wrong: str, said: str) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(StudyError, match=said):
        load_sweep(path)


def test_nobody_at_the_scheduler_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(clusters, "PATIENCE_S", 0.5)
    with pytest.raises(StudyError, match="no Dask scheduler"), workers(Local(), "tcp://127.0.0.1:9"):
        pass


def test_a_worker_that_is_killed_loses_nothing(file: Path, tmp_path: Path) -> None:
    """Killed while it works: its cells are done by the others or by its successor, and each is in the table once."""
    distributed = pytest.importorskip("distributed")
    sweep = load_sweep(file)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        killed = threading.Event()

        def kill(words: str, part: float) -> None:
            if part > 0 and not killed.is_set():
                killed.set()
                os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

        judged = run_sweep(sweep, tmp_path / "out", workers(Local(), cluster.scheduler_address), kill)
    assert killed.is_set()
    assert len(judged) == 4
    rows = list(csv.DictReader((tmp_path / "out" / "results.csv").read_text(encoding="utf-8").splitlines()))
    cells = [(row["noise"], row["gain"], row["arm"], row["tau_ms"], row["seed"]) for row in rows]
    assert len(cells) == len(set(cells)) == 4 * 2 * 8
    outcomes = list(csv.DictReader((tmp_path / "out" / "outcomes.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["noise"] for row in outcomes} == {"0.02", "0.2"}

"""A session on a live source at real pace: Intan RHX played by its mock peer over real sockets, light simulated. Nothing here is timed."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from wavestim.controller import open_session
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.record.complete import complete
from wavestim.controller.session import run_experiment, verify_session
from wavestim.hardware.sources import SourceError
from wavestim.hardware.sources.mock import Faults, Tally, played_cortex, serve
from wavestim.hardware.sources.mock.rhx import RhxPeer

FS_HZ = 5000.0


class Rig:
    """A mock RHX with the cortex behind it, served on a thread."""

    def __init__(self) -> None:
        self.peer = RhxPeer(played_cortex(4, 4, 0.4, fs_hz=1000.0), port=0, data_port=0, fs_hz=FS_HZ)
        self.tally: Tally | None = None
        self.ended = threading.Event()
        self.thread: threading.Thread | None = None

    def serve(self, faults: Faults | None = None) -> None:
        def run() -> None:
            self.tally = serve(self.peer, faults, stop=self.ended.is_set)

        self.thread = threading.Thread(target=run)
        self.thread.start()

    def experiment(self, **keys: Any) -> Any:
        trigger = {"horizon_ms": 90, "refractory_ms": 100, "max_phase_sd_deg": 180}
        file = {
            "name": "live",
            "source": dict(self.peer.source),
            "probe": {"kind": "grid", "rows": 4, "columns": 4, "pitch_mm": 0.4},
            "trigger": trigger | keys.pop("trigger", {}),
            "conditions": [
                {"name": "lit", "pattern": {"kind": "flash", "width_ms": 5, "irradiance_mw_mm2": 2}},
                {"name": "sham", "pattern": {"kind": "none"}},
            ],
        } | keys
        return parse_experiment(yaml.safe_dump(file))

    def close(self) -> None:
        self.ended.set()
        if self.thread is not None:
            self.thread.join()
        self.peer.close()


@pytest.fixture
def rig() -> Iterator[Rig]:
    r = Rig()
    yield r
    r.close()


def run(rig: Rig, out: Path, each: Callable[[float], bool] = lambda done: False, seconds: float = 120.0, **keys: Any) -> dict[str, Any]:
    """Until ``each`` says that it has seen enough: then somebody presses STOP."""

    def progress(done: float) -> None:
        if each(done):
            with (out / "stop").open("r+b") as file:
                file.write(b"\1")

    experiment = rig.experiment(**keys)
    return run_experiment(experiment, out=out, seconds=seconds, pace="real", seed=3, arm=True, progress=progress, finish=complete)


def flashes(out: Path) -> int:
    edges = out / "edges.csv"
    return edges.read_bytes().count(b"\n") // 2 if edges.is_file() else 0


def markers(out: Path) -> list[str]:
    """Of a session that still runs, as committed."""
    with contextlib.closing(sqlite3.connect(out / "journal.sqlite")) as journal:
        return [name for (name,) in journal.execute("SELECT name FROM markers ORDER BY rowid")]


def test_a_session_with_loss_is_whole_and_verifies(rig: Rig, tmp_path: Path) -> None:
    """Every loss is counted, and the decisions are those of a replay of what arrived."""
    out = tmp_path / "session"
    rig.serve(Faults(drop=0.02, duplicate=0.02, delay=0.02, split=0.02))
    summary = run(rig, out, lambda done: flashes(out) > 3)
    source = summary["source"]
    assert source["where"].startswith("rhx 127.0.0.1")
    assert source["lost"] > 0
    assert source["duplicated"] > 0
    assert source["restarts"] == 0
    assert summary["dropped_samples"] <= source["lost"]  # the engine is stopped before the recorder
    assert sum(n for _, n in open_session(out).samples.gaps) == source["lost"]
    assert summary["samples"] == source["samples"]
    assert summary["pulses"]["fired"] > 0
    assert verify_session(out).ok
    assert "ttl" in open_session(out).markers["name"]


def test_stopped_in_its_window_and_run_again_the_session_pauses_dark_and_resumes(rig: Rig, tmp_path: Path) -> None:
    out = tmp_path / "session"
    rig.serve()
    seen: list[int] = []

    def stop() -> None:
        seen.append(markers(out).count("paused"))
        rig.peer.press("Stop")

    steps = [
        (lambda: flashes(out) > 2, stop),
        (lambda: markers(out).count("paused") > seen[0], lambda: rig.peer.press("Run")),
        (lambda: "resumed" in after(markers(out), "restart"), lambda: seen.append(flashes(out))),
        (lambda: flashes(out) > seen[1] + 2, lambda: None),
    ]
    assert run(rig, out, follow(steps), safety={"rearm_after_stall": 100})["source"]["restarts"] == 1
    session = open_session(out)
    names = [str(name) for name in session.markers["name"]]
    again = names.index("restart")
    resumed = again + after(names, "restart").index("resumed")
    begin, end = session.markers["sample"][[again, resumed]]
    decided = session.decisions["sample"]
    assert not np.any((decided > begin + FS_HZ / 10) & (decided < end))
    assert (decided > end).any()
    assert verify_session(out).ok


def test_without_leave_to_resume_the_recording_goes_on_dark(rig: Rig, tmp_path: Path) -> None:
    out = tmp_path / "session"
    rig.serve()
    steps = [
        (lambda: flashes(out) > 2 or "paused" in markers(out), lambda: rig.peer.press("Stop")),
        (lambda: "paused" in markers(out), lambda: rig.peer.press("Run")),
        (lambda: after(markers(out), "restart").count("ttl") > 2, lambda: None),
    ]
    run(rig, out, follow(steps), safety={"rearm_after_stall": 0})
    session = open_session(out)
    names = list(session.markers["name"])
    assert names.count("paused") == 1
    assert "resumed" not in names
    assert (session.decisions["sample"] <= session.markers["sample"][names.index("paused")] + FS_HZ / 10).all()
    assert verify_session(out).ok


def after(names: list[str], name: str) -> list[str]:
    """From this name on; nothing where it is not there."""
    return names[names.index(name) :] if name in names else []


def follow(steps: list[tuple[Callable[[], bool], Callable[[], object]]]) -> Callable[[float], bool]:
    """When the condition of a step holds, do what belongs to it and go to the next; true after the last."""

    def each(done: float) -> bool:
        if steps and steps[0][0]():
            steps.pop(0)[1]()
        return not steps

    return each


def test_a_horizon_shorter_than_its_bursts_is_refused(rig: Rig, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"less than the 25.6 ms .* use auto"):
        run(rig, tmp_path / "session", trigger={"horizon_ms": 20})
    assert not (tmp_path / "session").exists()


def test_a_probe_of_another_size_is_refused(rig: Rig, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="25 electrodes, the source 16 channels"):
        run(rig, tmp_path / "session", probe={"kind": "grid", "rows": 5, "columns": 5, "pitch_mm": 0.4})


def test_nobody_there_leaves_no_folder(rig: Rig, tmp_path: Path) -> None:
    rig.close()
    with pytest.raises(SourceError, match="nobody answers"):
        run(rig, tmp_path / "session")
    assert not (tmp_path / "session").exists()

"""Whole sessions on the plugins of Open Ephys: with losses, with acquisition that begins anew, told to the GUI, ended by another rate."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wavestim.controller import open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.record.complete import complete
from wavestim.controller.session import run_experiment, verify_session
from wavestim.hardware.sources.mock import Faults, open_peer, openephys_gui, played_cortex, serve
from wavestim.hardware.sources.mock.openephys_gui import MockNetworkEvents

TEXT = """
name: over-open-ephys
source: {{kind: openephys, via: {via}, port: {port}, events_port: {events}, events_line: 3}}
probe: {{kind: grid, rows: 5, columns: 5, pitch_mm: 0.4}}
trigger: {{horizon_ms: 80, refractory_ms: 100, max_phase_sd_deg: 180}}
light: {{kind: simulated, clock_tolerance_us: 1000}}
safety: {{rearm_after_stall: 100}}
conditions:
  - {{name: lit, pattern: {{kind: travelling, heading: with, speed_mm_s: wave, width_ms: 5, irradiance_mw_mm2: 2}}}}
  - {{name: sham, pattern: {{kind: none}}}}
"""


@contextlib.contextmanager
def peer_of(kind: str, faults: Faults) -> Iterator[Any]:
    """A peer at the pace of the clock, on a thread."""
    ended = threading.Event()
    with contextlib.closing(open_peer(kind, played_cortex(5, 5, 0.4), port=0, block_ms=8)) as peer:
        thread = threading.Thread(target=lambda: serve(peer, faults, stop=ended.is_set))
        thread.start()
        try:
            yield peer
        finally:
            ended.set()
            thread.join()


def meta(session: Path, key: str) -> Any:
    with contextlib.closing(sqlite3.connect(session / "journal.sqlite")) as journal:
        return json.loads(journal.execute("select value from meta where key = ?", (key,)).fetchone()[0])


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("falcon") / "session"
    faults = Faults(drop=0.01, duplicate=0.01, delay=0.01, seed=2)
    with pytest.MonkeyPatch.context() as patch, contextlib.closing(MockNetworkEvents()) as gui, peer_of("falcon", faults) as peer:
        patch.setattr("wavestim.hardware.sources.openephys.network.CLOSING_S", 600.0)
        text = TEXT.format(via="falcon", port=peer.port, events=gui.port)

        restarted: list[float] = []

        def restart(seconds: float) -> None:
            if seconds >= 6.0 and not restarted and "TTL Line=3 State=1" in gui.heard:
                restarted.append(seconds)
                peer.restart()
            elif restarted and seconds >= restarted[0] + 3.0:
                (out / "stop").write_bytes(b"\1")

        summary = run_experiment(
            parse_experiment(text), out=out, seconds=60, pace="real", seed=4, arm=True, progress=restart, finish=complete
        )
        return out, summary, gui.heard


def test_a_session_with_losses_and_a_restart_can_be_verified(session: Any) -> None:
    out, summary, _ = session
    counts = meta(out, "source")["counts"]
    assert counts["restarts"] == 1
    assert counts["gaps"] > 3
    assert counts["duplicated"] > 0
    assert abs(summary["dropped_samples"] - counts["lost"] - counts["skipped"]) <= 24  # the session may end amid a gap
    assert summary["decisions"] > 0
    assert verify_session(out).ok
    assert [str(m["name"]) for m in open_session(out).markers].count("restart") == 1


def test_ttl_lines_of_the_gui_are_journalled(session: Any) -> None:
    marks = [(float(m["sample"]), str(m["value"])) for m in open_session(session[0]).markers if m["name"] == "ttl"]
    assert len(marks) >= 4
    before = np.array([sample for sample, _ in marks if 0 < sample < 5500])  # at 0: what was up at the beginning
    assert (np.diff(before) % 1000 == 0).all()


def test_pulses_are_told_to_the_gui(session: Any) -> None:
    out, _, heard = session
    pulses = open_session(out).pulses
    lit = sum(str(p["verdict"]) in ("fired", "cut") for p in pulses)
    assert heard.count("TTL Line=3 State=1") == heard.count("TTL Line=3 State=0") == lit > 0
    notes = [words for words in heard if words.startswith("wavestim decision")]
    assert len(notes) == len(pulses)
    assert meta(out, "told")["network_events"] == {"sent": 2 * lit + len(notes), "failed": 0, "left_out": 0}


def test_a_changed_rate_ends_the_session_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a GUI that takes no TTL is said once, while the session goes on."""
    out = tmp_path / "session"
    with contextlib.closing(MockNetworkEvents()) as gui, peer_of("openephys", Faults()) as peer:
        monkeypatch.setattr(openephys_gui, "_answer", lambda command: "1" if command == "IsAcquiring" else "InvalidChannel")

        def faster(seconds: float) -> None:
            if len(gui.heard) > 4:
                peer.played = replace(peer.played, fs_hz=2000.0)

        text = TEXT.format(via="zmq", port=peer.port, events=gui.port)
        summary = run_experiment(
            parse_experiment(text), out=out, seconds=60, pace="real", seed=4, arm=True, progress=faster, finish=complete
        )
    assert summary["stopped_early"]
    assert "its rate changed from 1000 to 2000 Hz" in summary["stopped_by"]
    assert summary["samples"] < 30_000
    assert verify_session(out).ok
    said = [str(m["value"]) for m in open_session(out).markers if m["name"] == "not-told"]
    assert len(said) == 1
    assert "answered 'InvalidChannel' to" in said[0]

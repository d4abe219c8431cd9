"""A session at real pace, watched and ordered about from outside: what was said is what the journal holds."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.realpace import FLASHES, skip_if_starved
from wavestim.controller import open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.live.client import Attached
from wavestim.controller.live.rendezvous import AttachError, find, running
from wavestim.controller.session import run_experiment, verify_session


class Watcher(threading.Thread):
    """Attaches as soon as there is a session, and gives orders when the session is so far."""

    def __init__(self, orders: list[tuple[str, dict[str, Any]]]) -> None:
        super().__init__()
        self.orders, self.heard = orders, []
        self.refused: list[str] = []
        self.here = threading.Event()

    def run(self) -> None:
        self.here.wait()
        with Attached(find()) as there:
            there.order("take")
            try:
                self.refused.append(str(there.order("resume")))
            except AttachError as error:
                self.refused.append(str(error))
            while not (self.heard and self.heard[-1][0] == "end"):
                self.heard += there.hear(1000)
                if self.orders and ("running" in self.states or self.orders[0][0] != "pause"):
                    order, more = self.orders.pop(0)
                    there.order(order, **more)

    @property
    def states(self) -> list[str]:
        return [header["state"] for topic, header, _ in self.heard if topic == "status"]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A runtime folder for this test alone, with the short name that sockets need."""
    with tempfile.TemporaryDirectory(prefix="ws") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


@pytest.mark.usefixtures("alone")
def test_a_session_is_watched_paused_marked_and_ended(tmp_path: Path) -> None:
    out = tmp_path / "session"
    watcher = Watcher([("pause", {}), ("mark", {"text": "isoflurane to 1 %"}), ("resume", {}), ("end", {})])
    watcher.start()
    summary = run_experiment(
        parse_experiment(FLASHES), out=out, seconds=60, pace="real", seed=4, arm=True, progress=lambda seconds: watcher.here.set()
    )
    watcher.join()
    assert running() == []
    if "running" not in watcher.states:
        skip_if_starved(summary)
    assert watcher.orders == []
    assert summary["stopped_early"]
    assert "nothing to resume" in watcher.refused[0]
    session = open_session(out)
    assert verify_session(out).ok
    marks = [(str(m["name"]), str(m["value"])) for m in session.markers]
    assert ("note", "isoflurane to 1 %") in marks
    assert marks.index(("held", "asked for")) < marks.index(("released", "asked for"))
    # what was heard is a stretch of what was recorded
    heard = [(header["first"], arrays["uv"]) for topic, header, arrays in watcher.heard if topic == "samples"]
    for first, uv in heard[:: max(1, len(heard) // 50)]:
        np.testing.assert_array_equal(uv, np.asarray(session.samples[first : first + len(uv)], dtype=np.float32))
    told = [row for topic, header, _ in watcher.heard if topic == "decisions" for row in header["rows"]]
    assert [row["sample"] for row in told] == session.decisions["sample"][: len(told)].tolist()
    assert any(topic == "tick" and len(arrays["phase_rad"]) == 16 for topic, _, arrays in watcher.heard)
    told = [row for topic, header, _ in watcher.heard if topic == "waves" for row in header["rows"]]
    firsts = [header["first"] for topic, header, _ in watcher.heard if topic == "waves"]
    assert [row["sample"] for row in told] == session.waves["sample"][firsts[0] : firsts[0] + len(told)].tolist()
    assert all(session.markers["name"][h["index"]] == h["kind"] for topic, h, _ in watcher.heard if topic == "marker")
    last = [header for topic, header, _ in watcher.heard if topic == "status"][-1]
    assert last["written_bytes"] > 16 * 4 * session.samples.shape[0] / 2
    assert 0 <= last["ring_fill"] < 1
    assert ("marker", "note", "isoflurane to 1 %") in [(t, h.get("kind"), h.get("text")) for t, h, _ in watcher.heard]

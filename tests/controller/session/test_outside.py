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
from wavestim.controller.record.complete import complete
from wavestim.controller.record.truth import read_edges
from wavestim.controller.session import run_experiment, verify_session
from wavestim.realtime.records import MANUAL


class Watcher(threading.Thread):
    """Attaches as soon as there is a session, and gives orders when the session is so far."""

    def __init__(self, orders: list[tuple[str, dict[str, Any]]]) -> None:
        super().__init__()
        self.orders, self.heard = orders, []
        self.refused: list[str] = []
        self.stalled: list[str] = []
        self.died = ""
        self.here = threading.Event()

    def run(self) -> None:
        self.here.wait()
        try:
            self.watch()
        except AttachError as error:
            self.died = str(error)

    def watch(self) -> None:
        with Attached(find()) as there:
            there.order("take")
            try:
                self.refused.append(str(there.order("resume")))
            except AttachError as error:
                self.refused.append(str(error))
            while not (self.heard and self.heard[-1][0] == "end"):
                self.heard += there.hear(1000)
                if self.orders and ("running" in self.states or self.orders[0][0] != "pause"):
                    order, more = self.orders[0]
                    there.order("take")  # learning may have taken longer than control is kept
                    try:
                        there.order(order, **more)
                    except AttachError as error:
                        if "still on its way" in str(error) or order == "pause":  # light from before comes first; or it paused by itself
                            continue
                        if "by hand" not in str(error):
                            raise
                        self.stalled.append(str(error))  # a busy computer: the session paused by itself
                    self.orders.pop(0)

    @property
    def states(self) -> list[str]:
        return [header["state"] for topic, header, _ in self.heard if topic == "status"]


def widths_us(out: Path, led: int) -> Any:
    """How long this LED shone each time, as the mock rig saw it."""
    edges = read_edges(out / "edges.csv")
    mine = edges[edges["led"] == led]
    return np.diff(mine["device_us"])[::2]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A runtime folder for this test alone, with the short name that sockets need."""
    with tempfile.TemporaryDirectory(prefix="ws") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield


@pytest.mark.usefixtures("alone")
def test_a_session_is_watched_paused_marked_and_ended(tmp_path: Path) -> None:
    out = tmp_path / "session"
    watcher = Watcher(
        [
            ("pause", {}), ("test", {"led": 2, "width_ms": 10.0}), ("mark", {"text": "isoflurane to 1 %"}),
            ("mock", {"do": "wave", "direction_deg": -90}), ("mock", {"do": "channel", "channel": 7, "shows": "nan"}),
            ("test", {"condition": "lit"}), ("resume", {}), ("end", {}),
        ]
    )  # fmt: skip
    watcher.start()

    def progress(seconds: float) -> None:
        watcher.here.set()
        if watcher.died:  # nobody ends it
            with (out / "stop").open("r+b") as stop:
                stop.write(b"\1")

    summary = run_experiment(
        parse_experiment(FLASHES), out=out, seconds=60, pace="real", seed=4, arm=True, progress=progress, finish=complete
    )
    watcher.join()
    assert watcher.died == ""
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
    # light by hand is what was asked for and nothing of the experiment
    by_hand = session.decisions[session.decisions["condition"] == MANUAL]
    if not watcher.stalled:
        assert by_hand["pattern"].tolist() == ["LED 2, 10 ms", "flash"]
        assert ("manual-light", "LED 2, 10 ms") in marks
        fired = session.pulses["verdict"][np.isin(session.pulses["decision"], np.flatnonzero(session.decisions["condition"] == MANUAL))]
        assert (widths_us(out, 2) > 9_000).sum() == (fired[:1] == "fired").sum()
    # and what was done to the mock rig is in the journal and in the samples
    assert ("mock", "direction_deg -90") in marks
    lost = np.isnan(np.asarray(session.samples[-1], np.float32))
    assert np.flatnonzero(lost).tolist() == [7]
    status = [header for topic, header, _ in watcher.heard if topic == "status"][-1]
    assert status["mock"]["wave"]["direction_deg"] == -90
    assert status["light"]["rise_limit_c"] == 0.5
    assert status["light"]["dose_mj_mm2"] > 0 or summary["pulses"]["scheduled"] == 0
    assert not status["manual"]["busy"]
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

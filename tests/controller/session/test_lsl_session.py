"""A whole session on an LSL stream that loses, repeats and holds back samples: recorded, verified, and told to whoever listens."""

from __future__ import annotations

import json
import threading
from collections import Counter

import numpy as np
import pytest
from support.loopback import fate_of, needs_lsl
from wavestim.controller import open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.record.complete import complete
from wavestim.controller.session import run_experiment, verify_session
from wavestim.hardware.sources.mock import Faults, Played, open_peer, played_cortex, serve

MOST_S = 120.0
BLOCK = 4
FAULTS = Faults(drop=0.01, duplicate=0.01, delay=0.01, split=0.01, seed=2)
LIT = ("fired", "dark")
TEXT = """
name: over-lsl
source: {kind: lsl, name: session-lfp, markers: session-marks, lsl_out: rig}
probe: {kind: recording}
trigger: {horizon_ms: 100, refractory_ms: 100, max_phase_sd_deg: 180}
safety: {rearm_after_stall: 100}
conditions:
  - {name: lit, pattern: {kind: travelling, heading: with, speed_mm_s: wave, width_ms: 5, irradiance_mw_mm2: 2}}
  - {name: sham, pattern: {kind: none}}
"""


class Recorder(threading.Thread):
    """What a program that records LSL gets of a stream."""

    def __init__(self, name: str) -> None:
        super().__init__(daemon=True)
        self.name_asked, self.lines, self.done = name, [], threading.Event()

    def run(self) -> None:
        import pylsl

        found: list[object] = []
        while not found and not self.done.is_set():
            found = pylsl.resolve_byprop("name", self.name_asked, timeout=0.5)
        if not found:
            return
        inlet = pylsl.StreamInlet(found[0], recover=False)
        try:
            while True:
                rows, stamps = inlet.pull_chunk(timeout=0.1)
                self.lines += [(json.loads(row[0]), stamp) for row, stamp in zip(rows, stamps, strict=True)]
                if self.done.is_set() and not rows:
                    return
        except pylsl.util.LostError:
            return


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """As long as it takes until there is something of everything."""
    needs_lsl()
    out = tmp_path_factory.mktemp("lsl") / "session"
    peer = open_peer("lsl", cortex(), name="session-lfp", markers="session-marks")
    ended, tallies = threading.Event(), []
    sender = threading.Thread(target=lambda: tallies.append(serve(peer, FAULTS, stop=ended.is_set)))
    listeners = [Recorder(f"rig-{what}") for what in ("decisions", "pulses")]
    told, shone = (listener.lines for listener in listeners)

    def progress(seconds: float) -> None:
        if len(told) >= 10 and any(line["verdict"] in LIT for line, _ in shone):
            with (out / "stop").open("r+b") as file:
                file.write(b"\1")

    for thread in (sender, *listeners):
        thread.start()
    try:
        summary = run_experiment(
            parse_experiment(TEXT), out=out, seconds=MOST_S, pace="real", seed=4, arm=True, progress=progress, finish=complete
        )
    finally:
        ended.set()
        for listener in listeners:
            listener.done.set()
        for thread in (sender, *listeners):
            thread.join(20.0)
        peer.close()
    return out, summary, tallies[0], (told, shone)


def cortex() -> Played:
    return played_cortex(5, 5, 0.4)


def test_what_was_lost_is_missing_and_all_else_is_there(session):
    out, summary, tally, _ = session
    sent = cortex().read(tally.samples)
    stored = [(first, block) for first, block in open_session(out).samples.stored_blocks(4096)]
    numbers = np.concatenate([first + np.arange(len(block)) for first, block in stored])
    (begin,) = np.flatnonzero((sent == stored[0][1][0]).all(axis=1))
    np.testing.assert_array_equal(np.concatenate([block for _, block in stored]), sent[begin + numbers])
    used = fate_of(FAULTS, tally.packets, BLOCK).used
    assert numbers.tolist() == [k - begin for k in range(begin, begin + numbers[-1] + 1) if k // BLOCK in used]
    assert summary["source"]["lost"] == numbers[-1] + 1 - len(numbers) > 0


def test_every_decision_can_be_made_again(session):
    assert session[1]["decisions"] > 0
    assert verify_session(session[0]).ok


def test_markers_are_journalled_and_are_input_events(session):
    found = open_session(session[0])
    marks = [(int(str(m["value"]).removeprefix("second ")), float(m["sample"])) for m in found.markers if m["name"] == "marker"]
    assert len(marks) >= 3
    second, at = marks[0]
    for later, sample in marks:
        assert sample - at == pytest.approx((later - second) * 1000, abs=5)
    assert Counter(kind for _, kind, _, _ in found.input_events)["marker"] >= 2


def test_decisions_and_pulses_go_out_as_they_are_journalled(session):
    out, _, _, (told, shone) = session
    found = open_session(out)
    first = told[0][0]["decision"]
    # from when somebody listened on, none is missing
    assert [line["decision"] for line, _ in told] == list(range(first, first + len(told)))
    for line, _ in told:
        row = found.decisions[line["decision"]]
        assert (line["sample"], line["verdict"], line["condition"]) == (row["sample"], str(row["verdict"]), str(row["condition"]))
    lit = [(line, stamp) for line, stamp in shone if line["verdict"] in LIT]
    assert lit
    journalled = {int(p["decision"]): p for p in found.pulses}
    for line, stamp in lit:
        assert line["fire_sample"] == pytest.approx(float(journalled[line["decision"]]["fire_sample"]))
        made = next((at for said, at in told if said["decision"] == line["decision"]), None)
        if made is not None:  # light comes when it was meant, on one clock for both
            decided = int(found.decisions[line["decision"]]["sample"])
            assert (stamp - made) * 1000 == pytest.approx(line["fire_sample"] - decided, abs=5)

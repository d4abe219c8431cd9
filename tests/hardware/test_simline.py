"""The driver over a bad line: whatever is lost, doubled or overtaken, one decision is one pulse at its time, or none."""

import numpy as np
import pytest
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import PatternEntry
from wavestim.hardware.lights.wavelight import Link, Wavelight
from wavestim.hardware.lights.wavelight.link import press
from wavestim.hardware.lights.wavelight.simline import ARRIVES, DOUBLED, ECHOED, LOST, OVERTAKEN, SimulatedLine

MS = 1_000_000
EVERY = [ARRIVES, LOST, DOUBLED, OVERTAKEN, ECHOED]


QUIET = 200
"""Frames before the line turns bad: patterns are uploaded and the board is armed."""


class Rig:
    """Board, bad line and driver under one simulated clock; sites are used in turn, so that no limit stands in the way."""

    def __init__(self, seed, out, back, n_sites=25, delay_us=400):
        self.rng = np.random.default_rng(seed)
        self.core = FirmwareCore(n_sites, boot_ns=-987_654_321, drift_ppm=30)
        self.clock = VirtualClock(3 * MS)
        quiet = [ARRIVES] * QUIET
        self.line = SimulatedLine(
            self.core,
            self.rng.integers(20_000, delay_us * 1000, 997),
            self.rng.integers(20_000, delay_us * 1000, 991),
            quiet + self.rng.choice(EVERY, 20_000, p=out).tolist(),
            quiet + self.rng.choice(EVERY[:4], 20_000, p=back).tolist(),
        )
        self.light = Wavelight(Link(-1, self.core, self.clock, self.line), "a bad line", answer_s=0.05, nonce=5)
        for site in range(n_sites):
            self.light.upload(site, [PatternEntry(site, 0, 2000, 255)])
        self.port, self.beats, self.events = self.light.port(), 0, []
        self.arm()
        while self.line.n_sent < QUIET:
            self.run(10)

    def arm(self):
        for _ in range(5):  # the line is bad for this too
            try:
                self.light.arm()
                return
            except RuntimeError:
                continue
        raise AssertionError("never armed")

    def run(self, ms, beat=True):
        for k in range(ms):
            if beat and k % 10 == 0:
                self.beats += 1
                press(self.port, "heartbeat", value=self.beats)
            self.clock.now_ns += MS
            self.core.advance(self.clock.now_ns)
            events, _ = self.light.poll()
            if beat:
                self.events += events


@pytest.mark.parametrize("seed", range(8))
def test_never_two_pulses_for_one_decision_and_never_one_at_another_time(seed):
    rig = Rig(seed, out=[0.7, 0.1, 0.1, 0.1, 0], back=[0.7, 0.1, 0.1, 0.1])
    ordered = {}
    for n in range(400):
        ahead_ms = float(rig.rng.choice([0.3, 0.8, 3.0, 8.0, 25.0]))  # some are too late from the start, some only when sent again
        at = rig.core.device_ns(rig.clock.now_ns + round(ahead_ms * MS)) // 500 * 500
        if press(rig.port, "fire", n, n % 25, 0, at) == 0:
            ordered[n] = at
        rig.run(9)
        if rig.core.state == "safe":
            rig.arm()
    rig.run(700)
    edges = rig.core.host_edges()
    on = [(int(e["device_ns"]), int(e["led"])) for e in edges[edges["level"] > 0]]
    meant = {(at, n % 25): n for n, at in ordered.items()}
    assert len(set(on)) == len(on)
    assert set(on) <= set(meant)  # each at the tick that was ordered, never later
    assert len(on) > 150  # the positive control: most orders do arrive
    told = {}
    for e in rig.events:
        if e.kind in ("fired", "refused", "dropped", "lost") and e.decision >= 0:
            told.setdefault(e.decision, []).append(e.kind)
    assert all(len(kinds) == 1 for kinds in told.values())  # one end for every decision, and every decision has one
    assert set(told) == set(ordered)
    shone = {meant[x] for x in on}
    assert {n for n, kinds in told.items() if kinds == ["fired"]} <= shone
    assert not {n for n, kinds in told.items() if kinds in (["refused"], ["dropped"])} & shone


def test_a_frame_that_comes_again_much_later_does_nothing():
    rig = Rig(9, out=[0, 0, 0, 0, 1.0], back=[1.0, 0, 0, 0])
    for n in range(60):
        at = rig.core.device_ns(rig.clock.now_ns + 400 * MS) // 500 * 500
        assert press(rig.port, "fire", n, n % 25, 0, at) == 0
        rig.run(30)
    rig.run(700)
    edges = rig.core.host_edges()
    assert (edges["level"] > 0).sum() == 60
    assert sorted(e.decision for e in rig.events if e.kind == "fired") == list(range(60))


def test_a_cut_cable_is_dark_told_and_comes_back_without_patterns():
    rig = Rig(2, out=[1.0, 0, 0, 0, 0], back=[1.0, 0, 0, 0])
    light = Wavelight(
        Link(-1, rig.core, rig.clock, rig.line), "a bad line", answer_s=0.05, nonce=6, on_reopen=lambda: rig.line.plug() or not rig.line.cut
    )
    rig.light, rig.port = light, light.port()
    light.upload(3, [PatternEntry(3, 0, 20_000, 255)])
    light.arm()
    rig.run(1)
    assert press(rig.port, "fire", 8, 3, 0, rig.core.device_ns(rig.clock.now_ns + 3 * MS)) == 0
    assert press(rig.port, "fire", 9, 3, 0, rig.core.device_ns(rig.clock.now_ns + 300 * MS)) == 0
    rig.run(8)
    assert rig.core.lit == [3]
    rig.line.unplug()
    assert rig.core.lit == []
    rig.run(2)
    assert [(e.kind, e.reason) for e in rig.events if e.decision < 0] == [("lost", "line")]
    assert press(rig.port, "fire", 10, 3, 0, rig.core.device_ns(rig.clock.now_ns + 3 * MS)) < 0
    assert light.reopen()
    assert rig.core.state == "idle"
    rig.run(400)
    assert {e.decision: (e.kind, e.reason) for e in rig.events if e.decision >= 0 and e.kind == "lost"} == {
        8: ("lost", "line"),
        9: ("lost", "line"),
    }
    assert press(rig.port, "fire", 11, 3, 0, rig.core.device_ns(rig.clock.now_ns + 3 * MS)) < 0  # its patterns are not believed
    light.upload(3, [PatternEntry(3, 0, 4000, 255)])
    light.arm()
    rig.run(1)
    assert press(rig.port, "fire", 12, 3, 0, rig.core.device_ns(rig.clock.now_ns + 3 * MS)) == 0
    rig.run(20)
    assert [e.decision for e in rig.events if e.kind == "fired"] == [12]


def test_a_board_that_answers_no_more_is_not_there_yet():
    rig = Rig(2, out=[1.0, 0, 0, 0, 0], back=[1.0, 0, 0, 0])
    assert rig.light.reopen()  # nothing was lost
    rig.line.unplug()
    rig.run(1)
    assert not rig.light.reopen()  # nobody knows how to open it again


def test_a_line_without_delays_is_refused():
    with pytest.raises(ValueError, match="one delay"):
        SimulatedLine(FirmwareCore(), out_ns=[])

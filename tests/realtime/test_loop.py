"""Loop and scheduler under a simulated clock, with the real firmware behind the real driver: never late, never without a heartbeat."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.waves import grid, make
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import PatternEntry, open_light
from wavestim.realtime import EngineConfig, TriggerConfig
from wavestim.realtime.engine import Engine
from wavestim.realtime.loop import Loop
from wavestim.realtime.records import MANUAL
from wavestim.realtime.ring import Ring
from wavestim.realtime.scheduler import Scheduler

MS = 1_000_000
START = 1_000 * MS
"""Host time of sample 0."""
XY = grid(4, 4)


@pytest.fixture(scope="module")
def wave() -> np.ndarray:
    return make("planar", seed=7, seconds=8.0, xy=XY, snr_db=10)[0]


class Rig:
    """Engine, loop and scheduler on a board in memory, one sample a turn."""

    def __init__(self, clock_known: bool = True, horizon_ms: float = 10.0, stop_fd: int = -1) -> None:
        self.clock = VirtualClock(0)
        self.core = FirmwareCore(4, boot_id=9)
        self.light = open_light("simulated", core=self.core, clock=self.clock)
        self.light.upload(0, [PatternEntry(0, 0, 5000, 255)])
        condition = SimpleNamespace(
            name="on", dark=False, heading="none", heading_deg=0, offset_deg=0, slot0=0, n_headings=1, speeds_mm_s=()
        )
        slot = SimpleNamespace(name="flash", lead_ms=0.0, duration_ms=5.0, reaches=True)
        plan = SimpleNamespace(slots=[slot], conditions=[condition], sequence=np.zeros(8, np.int16))
        trigger = TriggerConfig(site=5, horizon_ms=horizon_ms, refractory_ms=100)
        self.engine = Engine(EngineConfig(fs_hz=1000, positions_mm=XY, band_hz=(8, 24), trigger=trigger, plan=plan))
        self.ring = Ring(len(XY), 20_000)
        self.scheduler = Scheduler(self.light.port(), self.light.info.min_lead_us + 340.0)
        self.loop = Loop(self.ring, self.engine, self.scheduler, stop_fd, hold_for_calibration=True)
        if clock_known:
            self.scheduler.publish_clock(0.0, START, 1e6, 0.0, 0.0, 1.0, 1000.0)
        self.at(START - 10 * MS)
        self.light.arm()  # the heartbeat has to follow at once
        self.engine.post("arm")

    def run(self, samples: np.ndarray, first: int = 0, arrives_late_ns: int = 0) -> None:
        for i, row in enumerate(samples):
            self.at(START + (first + i) * MS + arrives_late_ns)
            self.ring.push(row[None], first + i, self.clock.now_ns)
            self.loop.turn_at(self.clock.now_ns)
            self.light.poll()
            if self.engine.wants_calibration:
                self.engine.apply_calibration(self.engine.learn())
                self.loop.turn_at(self.clock.now_ns)

    def at(self, now_ns: int) -> None:
        self.core.advance(now_ns)
        self.clock.now_ns = max(self.clock.now_ns, now_ns)

    def silence(self, ms: int) -> None:
        """Time goes on, the loop turns, and no sample comes."""
        begin = self.clock.now_ns
        for i in range(ms):
            self.at(begin + i * MS)
            self.loop.turn_at(self.clock.now_ns)
            self.light.poll()

    def lit(self) -> np.ndarray:
        edges = self.core.host_edges()
        return edges["host_ns"][edges["level"] > 0]


def test_light_comes_when_it_was_meant(wave: np.ndarray) -> None:
    rig = Rig()
    rig.run(wave)
    rig.silence(60)
    decisions, sent = rig.engine.take_decisions(), rig.scheduler.take()
    scheduled = decisions[decisions["verdict"] == "scheduled"]
    assert len(scheduled) > 20
    assert set(sent["outcome"]) == {"sent"}
    on = rig.lit()
    assert len(on) == len(scheduled)
    np.testing.assert_allclose(on, START + scheduled["fire_sample"] * MS, atol=1000)  # within a tick of 500 ns


def test_what_would_be_late_is_missed_and_never_fired(wave: np.ndarray) -> None:
    rig = Rig(horizon_ms=3.0)
    rig.run(wave, arrives_late_ns=8 * MS)
    sent = rig.scheduler.take()
    assert set(sent["outcome"]) == {"missed"}
    assert (sent["margin_us"] < 0).all()
    assert rig.core.state == "armed"
    assert len(rig.lit()) == 0


@pytest.mark.parametrize("uncertainty_ns", [None, 300_000.0])
def test_without_a_certain_clock_nothing_is_fired(wave: np.ndarray, uncertainty_ns: float | None) -> None:
    rig = Rig(clock_known=False)
    if uncertainty_ns is not None:
        rig.scheduler.publish_clock(0.0, START, 1e6, 0.0, 0.0, 1.0, uncertainty_ns)
    rig.run(wave)
    assert set(rig.scheduler.take()["outcome"]) == {"no-clock"}
    assert rig.core.state == "armed"
    assert len(rig.lit()) == 0


def test_without_samples_the_heartbeat_ends_and_the_board_goes_dark(wave: np.ndarray) -> None:
    rig = Rig()
    rig.run(wave[:5000])
    beats = rig.loop.heartbeats
    rig.silence(90)
    assert not rig.loop.stalled
    assert rig.loop.heartbeats > beats
    beats = rig.loop.heartbeats
    rig.silence(300)
    assert rig.loop.stalled
    assert rig.loop.heartbeats <= beats + 1
    assert rig.core.state == "safe"
    assert rig.engine.paused
    assert len(rig.lit()) > 5
    rig.run(wave[5000:], first=5390)
    assert len(rig.lit()) == 0  # samples are back, light is not until somebody arms again
    assert rig.loop.n_stalls == 1


def test_light_resumes_when_it_is_armed_again(wave: np.ndarray) -> None:
    rig = Rig()
    rig.run(wave[:5000])
    assert len(rig.lit()) > 5
    rig.silence(300)
    rig.loop.resume_after_stall()
    rig.light.arm()
    rig.engine.post("resume")
    rig.run(wave[5300:], first=5300)
    assert len(rig.lit()) > 5


def test_after_a_long_silence_the_next_one_is_noticed_as_soon(wave: np.ndarray) -> None:
    """A silence is no interval between blocks: the cable that is out for the second time costs light no longer than for the first."""
    rig = Rig()
    rig.run(wave[:5000])
    rig.silence(60_000)
    rig.loop.resume_after_stall()
    rig.run(wave[5000:5010], first=65_000)
    rig.silence(150)
    assert rig.loop.n_stalls == 2


@pytest.mark.parametrize("cut", [False, True], ids=["written", "emptied, then written"])
def test_stop_is_one_byte_in_a_file_and_dark_whatever_is_done_to_the_file(wave: np.ndarray, tmp_path: Path, cut: bool) -> None:
    """A shell that says ``echo 1 > stop`` cuts the file first; that must not end the rig process."""
    with (tmp_path / "stop").open("w+b", buffering=0) as file:
        file.write(b"\0")
        rig = Rig(stop_fd=file.fileno())
        rig.run(wave[:5000])
        assert len(rig.lit()) > 5
        if cut:
            os.truncate(file.fileno(), 0)
            rig.run(wave[5000:5300], first=5000)
            assert not rig.loop.stopped
        os.pwrite(file.fileno(), b"1\n", 0)
        rig.lit()
        rig.run(wave[5300:], first=5300)
    assert rig.loop.stopped
    assert rig.core.state == "safe"
    assert not rig.core.lit
    assert len(rig.lit()) == 0
    assert ("pause", 0.0) in [(kind, value) for _, kind, value in rig.engine.take_events()]


def test_stop_does_not_wait_for_a_backlog(wave: np.ndarray, tmp_path: Path) -> None:
    """Pressed while the loop catches up with samples that came at once, it is heeded within 64 of them."""
    with (tmp_path / "stop").open("w+b", buffering=0) as file:
        for _ in range(50):  # until the byte was written while the turn went on
            os.pwrite(file.fileno(), b"\0", 0)
            rig = Rig(stop_fd=file.fileno())
            rig.run(wave[:3200])
            rig.ring.push(wave[3200:], 3200, rig.clock.now_ns)
            before = rig.loop.n_waits
            turn = threading.Thread(target=rig.loop.turn_at, args=(rig.clock.now_ns,))
            turn.start()
            while turn.is_alive() and rig.loop.n_waits == before:
                pass
            os.pwrite(file.fileno(), b"\1", 0)
            taken = rig.loop.n_waits
            turn.join()
            if taken < len(wave) - 64:
                break
        else:
            pytest.skip("the machine never let both threads run side by side")
    assert rig.loop.stopped
    assert rig.loop.n_waits == len(wave), "the recording goes on"
    (paused,) = [sample for sample, kind, _ in rig.engine.take_events() if kind == "pause"]
    assert paused <= taken + 64
    rig.silence(20)
    assert rig.core.state == "safe"


@pytest.mark.parametrize("held", [True, False])
def test_light_by_hand_comes_once_and_only_while_nothing_is_decided(wave: np.ndarray, held: bool) -> None:
    rig = Rig()
    if held:
        rig.engine.post("pause")
    rig.run(wave[:5000])
    rig.lit()
    rig.engine.take_decisions()
    rig.engine.post("test", -1.0)
    rig.run(wave[5000:5100], 5000)
    decisions = rig.engine.take_decisions()
    mine = decisions[decisions["condition"] == MANUAL]
    assert mine["verdict"].tolist() == ["scheduled" if held else "not-held"]
    if held:
        np.testing.assert_allclose(rig.lit(), START + mine["fire_sample"] * MS, atol=1000)
    for nonsense in (-2.0, 0.0, 1e300, float("nan")):  # there is one condition, and no pattern beyond the plan
        rig.engine.post("test", nonsense)
        rig.run(wave[5100:5103], 5100)
    assert MANUAL not in rig.engine.take_decisions()["condition"]


def test_light_by_hand_that_was_asked_for_before_samples_stopped_never_comes(wave: np.ndarray) -> None:
    rig = Rig()
    rig.engine.post("pause")
    rig.run(wave[:5000])
    rig.engine.post("test", -1.0)
    rig.silence(150)
    assert rig.loop.stalled
    rig.run(wave[5150:5400], 5150)
    assert rig.engine.take_decisions()["verdict"].tolist() == ["scheduled"]
    assert rig.scheduler.take()["outcome"].tolist() == ["stalled"]
    assert len(rig.lit()) == 0

"""A mock rig that is told of another wave and of faults while it runs: samples stay on their counter, and nothing else changes."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from wavestim.hardware.firmware.board import PtyBoard
from wavestim.hardware.simulated import CortexConfig, SimulatedRig
from wavestim.hardware.simulated.faults import RAIL_UV, Faults, FaultyRig
from wavestim.hardware.simulated.process import SLOWEST_MM_S
from wavestim.hardware.simulated.streaming import Streamer
from wavestim.hardware.sources.stream import HEADER

FS_HZ = 1000.0
PLACES = [(0.4 * (i % 3), 0.4 * (i // 3)) for i in range(9)]
STEADY = {"direction_sd_deg": 0.0, "frequency_sd_hz": 0.0, "speed_log_sd": 0.0, "amplitude_log_sd": 0.0}


def rig(**config):
    return SimulatedRig(CortexConfig(**config), PLACES, [(0.4, 0.4)], fs_hz=FS_HZ, seed=3, slowest_mm_s=SLOWEST_MM_S)


def test_room_for_slower_waves_changes_no_bit():
    usual = SimulatedRig(CortexConfig(), PLACES, [(0.4, 0.4)], fs_hz=FS_HZ, seed=3)
    np.testing.assert_array_equal(rig().read(700), usual.read(700))


def turned_deg(samples):
    """Direction of a plane wave over the nine electrodes, from the phases at its frequency."""
    t = np.arange(len(samples)) / FS_HZ
    z = (samples * np.exp(-2j * np.pi * 15 * t)[:, None] * np.hanning(len(samples))[:, None]).sum(axis=0).reshape(3, 3)
    gx, gy = np.angle(np.vdot(z[:, :-1], z[:, 1:])), np.angle(np.vdot(z[:-1], z[1:]))
    return np.degrees(np.arctan2(-gy, -gx))


def test_the_wave_turns_and_gets_clearer_when_told():
    r = rig(**STEADY, direction_deg=0.0, snr_db=20.0)
    before = turned_deg(r.read(2000)[1000:])
    r.become(CortexConfig(**STEADY, direction_deg=90.0, snr_db=20.0))
    r.read(1000)
    assert before == pytest.approx(0, abs=20)
    assert turned_deg(r.read(1000)) == pytest.approx(90, abs=20)
    r.become(CortexConfig(**STEADY, snr_db=-20.0))
    r.read(1000)
    loud = r.read(1000).std()
    r.become(CortexConfig(**STEADY, snr_db=40.0))
    r.read(1000)
    assert loud > 2 * r.read(1000).std()


def test_what_the_sheet_cannot_carry_is_refused():
    with pytest.raises(ValueError, match="rotating wave and this rig a planar one"):
        rig().become(CortexConfig(state="spindle"))
    with pytest.raises(ValueError, match="slower than this rig was made for"):
        rig().become(CortexConfig(**STEADY, speed_mm_s=5.0))
    rig().become(CortexConfig(state="anaesthesia-deep"))


@dataclass
class Clock:
    """Time passes when somebody sleeps."""

    at_ns: int = 0

    def now(self):
        self.at_ns += 1000
        return self.at_ns

    def sleep(self, s):
        self.at_ns += int(s * 1e9) + 1000


@dataclass
class Cable:
    edges: deque = field(default_factory=deque)
    told: list = field(default_factory=list)

    def plug(self, plugged):
        self.told.append(plugged)


class Ramp:
    """Sample i shows i on every channel."""

    def __init__(self, n=400):
        self.left, self.at = n, 0

    def read(self, n):
        n = min(n, self.left)
        out = np.repeat(np.arange(self.at, self.at + n, dtype=np.float32)[:, None], 4, axis=1)
        self.at, self.left = self.at + n, self.left - n
        return out

    def light(self, time_s, led, irradiance_mw_mm2):
        pass

    def close(self):
        pass


def streamed(*orders, tissue=None):
    """What comes over the socket when these orders wait in it: (first sample, block) and the cable."""
    ours, theirs = socket.socketpair()
    cable, got = Cable(), bytearray()
    for order in orders:
        ours.sendall(json.dumps(order).encode() + b"\n")
    clock = Clock()

    def read():
        while part := ours.recv(1 << 16):
            got.extend(part)

    reader = threading.Thread(target=read)
    reader.start()
    Streamer(tissue or FaultyRig(Ramp(), Faults()), cable, theirs, FS_HZ, 0, now_ns=clock.now, sleep=clock.sleep).run()
    theirs.close()
    reader.join()
    ours.close()
    blocks = []
    while got:
        _, n, first = HEADER.unpack(got[: HEADER.size])
        size = HEADER.size + n * 4 * 4
        blocks.append((first, np.frombuffer(bytes(got[HEADER.size : size]), np.float32).reshape(n, 4)))
        del got[:size]
    return blocks, cable


def test_samples_come_one_by_one_and_all():
    blocks, _ = streamed()
    np.testing.assert_array_equal(np.concatenate([b for _, b in blocks])[:, 0], np.arange(400))
    assert max(len(b) for _, b in blocks) < 5


def test_dropped_samples_are_missing_and_the_counter_tells():
    blocks, _ = streamed({"drop": 50})
    assert blocks[0][0] == 50
    assert all(block[0, 0] == first for first, block in blocks)


def test_a_burst_is_held_back_and_loses_nothing():
    blocks, _ = streamed({"hold_ms": 100})
    assert blocks[0][0] == 0
    assert [len(block) for _, block in blocks[:4]] == [20] * 4, "as fast as it can, in pieces that cause no silence of their own"
    np.testing.assert_array_equal(np.concatenate([b for _, b in blocks])[:, 0], np.arange(400))


def test_channels_show_what_they_are_told_until_told_otherwise():
    blocks, _ = streamed({"faults": {"missing": [0], "railed": [1], "dead": [2]}})
    first = blocks[0][1]
    assert np.isnan(first[:, 0]).all()
    assert (first[:, 1] == np.float32(RAIL_UV)).all()
    assert (first[:, 2] == 0).all()
    blocks, _ = streamed({"faults": {"missing": [0]}}, {"faults": {"missing": []}})
    assert not np.isnan(blocks[0][1]).any()


def test_light_that_shone_when_the_cable_of_the_leds_came_out_goes_off():
    class Lit(Ramp):
        on = 0.0

        def light(self, time_s, led, irradiance_mw_mm2):
            self.on = irradiance_mw_mm2

    tissue = Lit()
    wired = FaultyRig(tissue, Faults())
    wired.light(0.0, 0, 2.0)
    wired.faults = Faults(unlit=True)
    wired.light(0.005, 0, 0.0)
    assert tissue.on == 0
    wired.light(0.1, 0, 2.0)
    assert tissue.on == 0


def test_an_artefact_shakes_all_electrodes_for_as_long_as_told():
    blocks, _ = streamed({"shake": 100})
    shown = np.concatenate([b for _, b in blocks])[:, 3] - np.arange(400)
    assert np.abs(shown[:100]).max() > 1000
    assert not shown[100:].any()


def test_the_cable_and_the_end():
    blocks, cable = streamed({"board": False}, {"board": True}, {"end": True})
    assert cable.told == [False, True]
    assert len(blocks) <= 1


def test_the_end_of_the_host_is_the_end():
    ours, theirs = socket.socketpair()
    ours.close()
    Streamer(FaultyRig(Ramp(10**9), Faults()), None, theirs, FS_HZ, 0, now_ns=Clock().now, sleep=lambda s: None).run()
    theirs.close()


def test_a_board_whose_cable_was_pulled_and_put_back_is_the_same_board_on_a_line_that_works():
    board = PtyBoard(4)
    boot = board.core.device_ns(10**12)
    board.pull()
    assert len(board.service(0.001)) == 0
    assert not board.connected
    board.plug()
    assert board.core.device_ns(10**12) == boot
    with Path(board.pty_name).open("r+b", buffering=0) as host:
        host.write(b"\0")
        board.service(0.001)
        assert board.connected
    board.service(0.001)
    board.close()
    with pytest.raises(ValueError, match="closed"):
        board.service(0.001)

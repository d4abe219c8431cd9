"""Bytes from outside: whatever comes down the line, no light that was not ordered, and the next good frame is answered."""

import json
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.hardware.firmware import codec
from wavestim.hardware.firmware.emulator import FirmwareCore
from wavestim.hardware.lights.wavelight.words import STATES, Command, Reply

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "hardware" / "firmware"
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fsanitize-coverage=trace-pc"]


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory):
    """The core and its fuzzer under the address and undefined-behaviour sanitizers."""
    program = tmp_path_factory.mktemp("fuzz") / "fuzz_core"
    sources = [str(HERE / "fuzz_core.c"), *sorted(str(p) for p in (FIRMWARE / "core").glob("*.c")), str(FIRMWARE / "host" / "wl_host.c")]
    flags = ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", *SANITIZE]
    if (compiler := shutil.which("gcc")) is None:
        pytest.skip("no gcc here")
    built = subprocess.run([compiler, *flags, *sources, "-o", str(program)], capture_output=True, text=True, check=False)
    if built.returncode and "cannot find" in built.stderr:
        pytest.skip("this gcc comes without the sanitizers (Debian: libgcc-12-dev)")
    assert built.returncode == 0, built.stderr

    def run(kind, count, seed):
        done = subprocess.run([str(program), kind, str(count), str(seed)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout)

    return run


def test_100000_damaged_frames_while_armed_make_no_light(fuzzer):
    """After one good order that gave exactly one pulse; every sixteenth time the next good frame is answered."""
    said = fuzzer("damaged", 101_000, 3)
    assert said["frames"] >= 100_000
    assert said["armed"] == 101_000
    assert said["answered"] > 5000
    assert said["light"] == 0
    assert min(said[kind] for kind in ("random", "mutated", "truncated", "longer")) > 20_000


def test_nothing_a_host_a_cable_or_a_door_does_breaks_a_promise(fuzzer):
    """Inputs guided by coverage: no limit broken, dark when not armed, dark when the host is silent, an answer at the end."""
    said = fuzzer("guided", 3000, 1)
    assert said["pulses"] > 300
    assert said["kept"] > 20


def test_damaged_frames_make_no_light_on_the_board_either(avr):
    """A sample of the same on the emulated ATmega2560."""
    payload = avr.fire_payload(1, 1, 6000)
    avr.accepted(Command.FIRE_AT, payload)
    avr.run(40)
    t = struct.unpack("<BBIB", payload)[2] * 0.5
    assert avr.same_lights([(t, 3, 255), (t + 5000, 3, 0)])
    rng = random.Random(3)
    for k in range(1500):
        wire = codec.encode(Command.FIRE_AT, rng.randrange(256), avr.fire_payload(1, 1, 9000))
        at = rng.randrange(len(wire) - 2)  # at least the delimiter and a byte are missing
        junk = [
            rng.randbytes(rng.randrange(1, 70)),
            bytes(byte ^ (rng.randrange(1, 256) if n == at else 0) for n, byte in enumerate(wire)),
            wire[: at + 1] if rng.random() < 0.5 else wire[at + 1 :],
        ][k % 3]
        avr.core.receive(junk + b"\0" * rng.randrange(2), avr.now)
        avr.pass_us(12_000)
        avr.core.receive(b"\0", avr.now)
        avr.beat()
        if k % 50 == 0:
            avr.read()
            assert avr.ask(Command.STATUS)[1][0] == STATES.index("armed")
    assert avr.lights() == []
    assert avr.core.gate[2:] == []


@pytest.mark.parametrize("state", ["idle", "armed", "pulse", "safe"])
def test_the_next_good_frame_is_answered_in_every_state(bench, state):
    rng = random.Random(state)
    gen = bench.define(2, (4, 0, 20_000, 255))
    for _ in range(20):
        if state != "idle":
            bench.arm()
        if state == "safe":
            bench.accepted(Command.ABORT)
        if state == "pulse":
            bench.accepted(Command.FIRE_AT, bench.fire_payload(2, gen, 5000), 8000)
        junk = rng.randbytes(rng.randrange(1, 60)) if rng.random() < 0.5 else codec.encode(Command.PING, 3, bytes(4))[: rng.randrange(1, 9)]
        bench.core.receive(junk + b"\0", bench.now)
        bench.pass_us(3000)
        bench.read()
        assert bench.state == state
        bench.run(250)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=8))
def test_any_bytes_leave_a_board_that_answers(chunks):
    core, now = FirmwareCore(5), 0
    for chunk in chunks:
        core.receive(chunk, now)
        now += 10_000_000
        core.advance(now)
        core.transmitted()
    core.receive(b"\0" + codec.encode(Command.PING, 7, b"abcd"), now)
    core.advance(now + 20_000_000)
    answers = [codec.decode(f[:-1]) for _, f in core.transmitted()]
    assert [(t, s) for t, s, _ in answers][-1] == (Reply.PONG, 7)
    assert len(core.edges()) == 0


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 255), st.binary(max_size=30)), max_size=40), st.integers(1, 200))
def test_well_formed_nonsense_is_answered_once_each(frames, gap_us):
    """Right CRC, wrong content: every command has one answer, heartbeats none."""
    core, now = FirmwareCore(5), 0
    for kind, seq, payload in frames:
        core.receive(codec.encode(kind, seq, payload), now)
        now += gap_us * 1000
    core.advance(now + 2_000_000_000)
    answers = [codec.decode(f[:-1]) for _, f in core.transmitted()]
    asked = [seq for kind, seq, payload in frames if kind != Command.HEARTBEAT or len(payload) != 4]
    assert [s for t, s, _ in answers if not 0xC0 <= t <= 0xC4] == asked
    assert len(core.edges()) == 0


@settings(max_examples=40)
@given(st.data())
def test_whatever_is_ordered_every_site_keeps_its_limits(data):
    """A host that asks for anything at all gets light only within width, duty and bucket, site by site."""
    core, now, seq = FirmwareCore(4), 0, 0

    def ask(kind, payload, us=3000):
        nonlocal now, seq
        seq = seq % 255 + 1
        core.receive(codec.encode(kind, seq, payload), now)
        now += us * 1000
        core.advance(now)
        core.transmitted()

    ask(Command.HELLO, struct.pack("<BI", 1, 0))
    entry = st.tuples(st.integers(0, 4), st.integers(0, 30_000), st.integers(0, 6000), st.sampled_from([0, 128, 255]))
    for slot in range(3):
        body = b"".join(struct.pack("<BHHB", *e) for e in data.draw(st.lists(entry, min_size=1, max_size=6)))
        ask(Command.DEFINE, bytes([slot, 0]) + body)
        ask(Command.COMMIT, bytes([slot]) + struct.pack(">H", codec.crc16(body)))
    body = struct.pack("<BHHB", 0, 0, 5000, 255)
    ask(Command.DEFINE, bytes([3, 0]) + body)
    ask(Command.COMMIT, bytes([3]) + struct.pack(">H", codec.crc16(body)))
    ask(Command.ARM, struct.pack("<II", 1, 0))
    for k, (slot, ahead_us, flags) in enumerate(
        data.draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 250_000), st.integers(0, 3)), max_size=40))
    ):
        ask(Command.HEARTBEAT, struct.pack("<I", k + 1), 20_000)
        ask(Command.FIRE_AT, struct.pack("<BBIB", slot, 1, (core.device_ns(now) // 500 + 2 * ahead_us) & 0xFFFFFFFF, flags))
    core.advance(now + 3_000_000_000)
    edges = core.edges()
    assert core.lit == []
    for site in range(4):
        mine = edges[edges["led"] == site]
        on, off = mine["device_us"][0::2], mine["device_us"][1::2]
        assert (mine["level"][0::2] > 0).all()
        assert (mine["level"][1::2] == 0).all()
        assert (off - on <= 20_000).all()
        if core.state != "safe":
            assert (on[1:] - on[:-1] >= 5 * (off - on)[:-1] - 1e-6).all()
        for t in on:
            assert (off - on)[(on > t - 2e6) & (on <= t)].sum() <= 250_000 + 1e-6

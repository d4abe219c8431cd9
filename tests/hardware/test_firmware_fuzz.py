"""Bytes from outside: whatever comes down the line, no light that was not ordered, and the next good frame is answered."""

import random
import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.hardware.firmware import codec
from wavestim.hardware.firmware.emulator import FirmwareCore
from wavestim.hardware.lights.wavelight.words import Command, Reply


def test_20000_random_and_mutated_frames_while_armed(armed):
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 5000))  # the positive control: this board can shine
    armed.run(60)
    assert [level for _, _, level in armed.lights()] == [255, 0]
    rng = random.Random(3)
    valid = [
        (Command.DEFINE, bytes([1, 0]) + armed.body((3, 0, 5000, 255))),
        (Command.ARM, bytes(8)),
        (Command.HEARTBEAT, bytes(4)),
        (Command.COMMIT, bytes(3)),
        (Command.LIMITS, bytes(5)),
    ]
    was_armed = 0
    for k in range(20_000):
        if armed.core.state != "armed":
            armed.core.receive(b"\0", armed.now)
            armed.arm()
        was_armed += armed.core.state == "armed"
        if rng.random() < 0.4:
            junk = rng.randbytes(rng.randrange(1, 70))
        else:
            kind, payload = rng.choice(valid) if rng.random() < 0.5 else (Command.FIRE_AT, armed.fire_payload(1, 1, 8000))
            wire = bytearray(codec.encode(kind, rng.randrange(256), payload))
            for _ in range(rng.randrange(1, 4)):
                at = rng.randrange(len(wire))
                wire[at] ^= rng.randrange(1, 256)
            junk = bytes(wire)
        if rng.random() < 0.5:
            junk += b"\0"
        armed.core.receive(junk, armed.now)
        armed.pass_us(15_000)
        if k % 3 == 0:
            armed.core.receive(b"\0", armed.now)
            armed.beat()
        if k % 50 == 0:
            armed.core.transmitted()
    assert was_armed == 20_000
    assert armed.lights() == []
    armed.core.receive(b"\0", armed.now)
    armed.pass_us(5000)
    armed.core.transmitted()
    assert armed.ask(Command.STATUS)[0] == Reply.STATUS


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


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=40, deadline=None)
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

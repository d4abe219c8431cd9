"""Who may arm the board, and how it answers what it does not understand: greeting, key, interlock, self-test, damaged frames."""

import struct

from support.firmware_bench import CODE
from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import Command, Reply


def test_arming_needs_the_key_of_this_greeting(bench):
    key = struct.pack("<II", 0xABCD ^ bench.boot_id, 0)
    assert bench.refused(Command.ARM, key) == CODE["bad-key"]  # nobody has said this hello
    bench.hello()
    assert bench.refused(Command.ARM, struct.pack("<II", 0xABCD, 0)) == CODE["bad-key"]
    assert bench.refused(Command.ARM, key[:-1]) == CODE["length"]
    bench.define(1, (3, 0, 1000, 255))
    assert bench.refused(Command.FIRE_AT, bench.fire_payload(1, 1, 5000)) == CODE["not-armed"]
    bench.accepted(Command.ARM, key)
    assert bench.refused(Command.ARM, key) == CODE["busy"]


def test_greetings_of_another_version(bench):
    assert bench.refused(Command.HELLO, struct.pack("<BI", 2, 0)) == CODE["protocol-version"]
    assert bench.refused(0x55) == CODE["unknown-command"]
    assert bench.refused(Command.HELLO) == CODE["length"]
    assert bench.refused(Command.PING) == CODE["length"]


def test_session_limit(bench):
    bench.define(1, (3, 0, 1000, 255))
    bench.arm(max_pulses=2)
    for _ in range(2):
        bench.accepted(Command.FIRE_AT, bench.fire_payload(1, 1, 5000))
        bench.run(20)
    assert bench.refused(Command.FIRE_AT, bench.fire_payload(1, 1, 5000)) == CODE["session-limit"]


def test_interlock(bench):
    bench.hello()
    bench.core.set_interlock(False)
    assert bench.refused(Command.ARM, struct.pack("<II", 0xABCD ^ bench.boot_id, 0)) == CODE["interlock-open"]
    assert bench.ask(Command.STATUS)[1][16] == 0
    bench.core.set_interlock(True)
    bench.define(1, (3, 0, 20_000, 255))
    bench.arm()
    bench.accepted(Command.FIRE_AT, bench.fire_payload(1, 1, 5000), 8000)
    bench.core.set_interlock(False)
    bench.pass_us(1000)
    (_, _, on), (_, _, off) = bench.lights()
    assert (on, off) == (255, 0)
    assert bench.state == "safe"
    assert bench.refused(Command.DISARM) == CODE["interlock-open"]
    bench.core.set_interlock(True)
    bench.accepted(Command.DISARM)
    assert bench.state == "idle"
    assert bench.ask(Command.STATUS)[1][16] == 1


def test_a_broken_driver_chain_cannot_be_armed(bench):
    bench.core.break_chain()
    bench.hello()
    assert bench.refused(Command.ARM, struct.pack("<II", bench.nonce ^ bench.boot_id, 0)) == CODE["selftest"]
    bench.core.break_chain(False)
    bench.arm()
    assert bench.state == "armed"


def test_a_damaged_frame_is_refused_with_what_is_wrong_and_under_its_number(bench):
    good = codec.encode(Command.PING, 77, b"abcd")
    wrong = bytearray(good)
    wrong[4] ^= 0x20  # within the payload
    for bytes_, code, seq in ((bytes(wrong), "crc", 77), (good[:3] + b"\0", "length", 0), (b"\x01" * 300 + b"\0", "length", 0)):
        ((kind, told_seq, body),) = bench.send(bytes_, 12_000)
        assert (kind, body[1], told_seq) == (Reply.NACK, CODE[code], seq)
    status = bench.ask(Command.STATUS)[1]
    assert status[12] == 1  # rx_drop: one frame that no buffer holds
    assert struct.unpack_from("<H", status, 13) == (3,)  # damaged frames

"""What only the ATmega2560 has: a program that can hang, a stack, a chain of drivers, timers that are told ahead."""

import struct

import pytest
from support.firmware_bench import CAUSE, CODE
from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import PONG, Command, Limit, Reply


def test_it_says_what_it_is(avr):
    ttl_in, hardware_gate, graded = 16, 32, 1
    assert avr.caps & (ttl_in | hardware_gate | graded) == ttl_in | hardware_gate
    assert (avr.n_sites, avr.n_slots, avr.queue_len, avr.min_lead_us) == (32, 12, 8, 4200)
    assert avr.commit_refused((3, 0, 5000, 128)) == CODE["width"]
    assert avr.commit_refused(*[(s, 0, 5000, 255) for s in range(26)]) == CODE["sites"]  # the supply carries 25


def test_every_start_has_its_own_id(avr):
    ids = {avr.boot_id}
    for cause in (0, 4, 9, 0):
        avr.core.reset(cause)
        avr.now = avr.core.now_ns
        avr.hello()
        ids.add(avr.boot_id)
    assert len(ids) == 5


def test_a_program_that_hangs_leaves_no_light_and_is_reset(avr):
    """The off of a long pulse is not planned yet when the main loop stops: the guard goes dark, the watchdog starts it anew."""
    gen = avr.define(2, (4, 0, 20_000, 255))
    for wait_us in (200, 2000, 6000):
        avr.accepted(Command.FIRE_AT, avr.fire_payload(2, gen, 5000), 8000)
        avr.pass_us(wait_us)
        assert avr.core.lit == [4]
        avr.core.hang()
        avr.now = avr.core.now_ns
        avr.pass_us(7000)
        assert avr.core.lit == []
        avr.pass_us(150_000)  # the watchdog bites after 60 ms, and the start takes its time
        avr.read()
        avr.core.receive(b"\0", avr.now)
        assert avr.state == "safe"
        assert avr.ask(Command.STATUS)[1][1] == CAUSE["watchdog-reset"]
        avr.lights()
        avr.arm()
        assert avr.define(2, (4, 0, 20_000, 255)) == gen  # a reset forgets patterns


def test_a_hung_program_with_its_off_planned_ends_the_pulse_in_time(avr):
    gen = avr.define(2, (4, 0, 6000, 255))
    payload = avr.fire_payload(2, gen, 5000)
    avr.accepted(Command.FIRE_AT, payload, 6500)
    assert avr.core.lit == [4]
    avr.core.hang()
    avr.now = avr.core.now_ns
    avr.pass_us(20_000)
    t = struct.unpack("<BBIB", payload)[2] * 0.5
    (on, _, _), (off, _, _) = avr.lights()
    assert abs(on - t) <= 1
    assert off - t <= 6001


def test_what_would_begin_before_light_that_is_planned_is_late(avr):
    """The timers are told up to 8 ms ahead: nothing is put in between."""
    gens = {s: avr.define(s, (s, 0, 5000, 255)) for s in (2, 3)}
    avr.accepted(Command.FIRE_AT, avr.fire_payload(2, gens[2], 9000))
    avr.pass_us(1500)
    assert avr.refused(Command.FIRE_AT, avr.fire_payload(3, gens[3], 5500)) == CODE["late"]
    avr.accepted(Command.FIRE_AT, avr.fire_payload(3, gens[3], 20_000))
    avr.run(40)
    assert [led for _, led, level in avr.lights() if level] == [2, 3]


def test_a_gone_host_cannot_arm(avr):
    avr.core.unplug()
    avr.now = avr.core.now_ns
    avr.pass_us(2000)
    avr.hello()
    avr.accepted(Command.DISARM)
    assert avr.refused(Command.ARM, struct.pack("<II", avr.nonce ^ avr.boot_id, 0)) == CODE["selftest"]
    avr.core.plug()
    avr.arm()


def test_the_stack_has_room_after_everything_at_once(avr):
    body = avr.body(*[(k, 4 * (31 - k), 1000 + 4 * k, 255) for k in range(25)])
    avr.stage(3, body)
    gen = avr.accepted(Command.COMMIT, avr.commit_payload(3, body))[0]
    avr.accepted(Command.LIMITS, struct.pack("<BI", Limit.DUTY_PERMILLE, 150))
    for _ in range(3):
        avr.accepted(Command.FIRE_AT, avr.fire_payload(3, gen, 12_000, flags=2))
        avr.core.ttl(0, True)
        avr.core.receive(b"\x01" * 300 + b"\0", avr.now)
        avr.run(60)
        avr.core.ttl(0, False)
        avr.accepted(Command.REPLAY, b"\0\0")
    avr.ask(Command.ABORT)
    assert avr.core.stack_free > 200


def test_a_frame_is_stamped_when_it_came_however_long_it_waited(avr):
    """Patterns refused at their last entry keep the main loop busy for longer than Timer 1 counts; silence begins with the last byte."""
    body = avr.body(*[(k % 31, 4 * (31 - k) if k < 31 else 2000, 1000, 255) for k in range(32)])
    avr.stage(5, body)
    commit = avr.commit_payload(5, body)
    burst = b"".join(codec.encode(Command.COMMIT, 100 + k, commit) for k in range(12)) + codec.encode(Command.PING, 99, bytes(4))
    arrival = avr.core.device_ns(avr.now + len(burst) * 20_000) // 500
    sent = avr.now
    avr.core.receive(burst, sent)
    pongs = []
    while not pongs:
        avr.beat()
        avr.pass_us(5000)
        pongs = [payload for kind, seq, payload in avr.read() if (kind, seq) == (Reply.PONG, 99)]
    assert avr.now - sent > 40_000_000  # Timer 1 came round
    assert abs(PONG.unpack(pongs[0])[1] - arrival) <= 20


@pytest.mark.parametrize("event", ["interlock", "unplug", "break", "abort"])
def test_light_that_was_cut_is_told_with_the_moment_of_the_cut(avr, event):
    """Interrupts cut before the main loop hears of it; the log has to say when light ended, also in the last moments of a pulse."""
    for before_end_us in (30, 60, 90, 300, 1500):  # the last 16 are waited for with interrupts off
        avr.core.set_interlock(True)
        avr.core.plug()
        avr.core.receive(b"\0", avr.now)
        avr.run(60)
        avr.arm()
        avr.lights()
        avr.events.clear()
        payload = avr.fire_payload(1, 1, 12_000)
        t = struct.unpack("<BBIB", payload)[2] * 0.5
        avr.core.receive(codec.encode(Command.FIRE_AT, 200, payload), avr.now)
        avr.pass_us(t + 5000 - before_end_us - avr.core.device_ns(avr.now) / 1000)
        if event == "interlock":
            avr.core.set_interlock(False)
        elif event == "unplug":
            avr.core.unplug()
            avr.now = avr.core.now_ns
        elif event == "break":
            avr.core.send_break(avr.now)
        else:
            avr.core.receive(codec.encode(Command.ABORT, 201), avr.now)
        avr.pass_us(20_000)
        avr.read()
        (_, _, _), (off, _, _) = avr.lights()
        (fired,) = avr.event(Reply.FIRED)
        _, _, _, _, _, told_off, cut, _ = struct.unpack("<HBBBIIBH", fired)
        assert abs(told_off * 0.5 - off) <= 10  # the contact is in the gate itself, the program comes after it
        assert cut == (off < t + 4999)

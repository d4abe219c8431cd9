"""The third wall: the firmware refuses what breaks a limit, whatever the host says, each with its own code."""

import struct

import pytest
from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import NACKS, Command, Limit, Reply

CODE = {word: code for code, word in NACKS.items()}


def test_one_pulse_at_its_exact_ticks(armed):
    payload = armed.fire_payload(1, 1, 10_000)
    t = struct.unpack("<BBIB", payload)[2]
    assert armed.accepted(Command.FIRE_AT, payload) == b"\x0f"  # queue_free
    armed.run(40)
    assert armed.lights() == [(t * 0.5, 3, 255), (t * 0.5 + 5000, 3, 0)]
    (fired,) = armed.event(Reply.FIRED)
    _, _, slot, gen, on, off, result, mask = struct.unpack("<HBBBIIBH", fired)
    assert (slot, gen, on, off, result) == (1, 1, t & 0xFFFFFFFF, (t + 10_000) & 0xFFFFFFFF, 0)
    assert mask == codec.crc16(bytes([3, 255]))


def test_edges_of_a_travelling_pattern_in_order(armed):
    gen = armed.define(2, (7, 2000, 5000, 100), (5, 0, 5000, 255), (6, 1000, 5000, 200))
    payload = armed.fire_payload(2, gen, 10_000)
    t = struct.unpack("<BBIB", payload)[2] * 0.5
    armed.accepted(Command.FIRE_AT, payload)
    armed.run(40)
    on = [(t, 5, 255), (t + 1000, 6, 200), (t + 2000, 7, 100)]
    off = [(t + 5000, 5, 0), (t + 6000, 6, 0), (t + 7000, 7, 0)]
    assert armed.lights() == on + off


def test_a_large_pattern_in_fragments(armed):
    entries = [(k % 25, (k // 25) * 26_000 + 400 * (k % 25), 2000, 255) for k in range(64)]
    gen = armed.define(9, *entries)
    armed.accepted(Command.FIRE_AT, armed.fire_payload(9, gen, 5000))
    armed.run(120)
    assert sum(level > 0 for _, _, level in armed.lights()) == 64


def test_dark_fire_is_everything_but_light(armed):
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 5000, flags=1))
    armed.run(20)
    assert armed.lights() == []
    (fired,) = armed.event(Reply.FIRED)
    assert struct.unpack("<HBBBIIBH", fired)[6:] == (0, 0xFFFF)
    # it has used the duty of its site like light
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 2000)) == CODE["duty"]


def test_commit_refuses_what_a_pattern_may_not_be(bench):
    bench.hello()
    assert bench.commit_refused((3, 0, 20_004, 255)) == CODE["width"]
    assert bench.commit_refused((3, 0, 44, 255)) == CODE["width"]
    assert bench.commit_refused((3, 195_004, 5000, 255)) == CODE["width"]  # ends after 200 ms
    assert bench.commit_refused((25, 0, 5000, 255)) == CODE["sites"]
    assert bench.commit_refused((3, 0, 5000, 255), (3, 24_996, 5000, 255)) == CODE["duty"]
    assert bench.commit_refused((3, 0, 5000, 255), (3, 4000, 5000, 255)) == CODE["duty"]  # overlap
    assert bench.define(7, (3, 0, 20_000, 255), (3, 100_000, 20_000, 255)) == 1
    assert bench.define(7, (3, 195_000, 5000, 255)) == 2


def test_graded_levels_only_where_the_board_has_them(new_bench):
    plain = new_bench(graded=False)
    plain.hello()
    assert plain.commit_refused((3, 0, 5000, 128)) == CODE["width"]
    assert plain.define(7, (3, 0, 5000, 255)) == 1


def test_simultaneous_current(new_bench):
    b = new_bench(max_sites=3)
    b.arm()
    assert b.commit_refused(*[(s, 0, 5000, 255) for s in range(4)]) == CODE["sites"]
    b.define(1, (0, 0, 5000, 255), (1, 0, 5000, 255))
    b.define(2, (2, 0, 5000, 255), (3, 0, 5000, 255))
    b.beat()
    b.accepted(Command.FIRE_AT, b.fire_payload(1, 1, 20_000))
    assert b.refused(Command.FIRE_AT, b.fire_payload(2, 1, 16_000)) == CODE["sites"]
    b.accepted(Command.FIRE_AT, b.fire_payload(2, 1, 40_000))


def test_fragments_out_of_order_and_damaged_bodies(bench):
    bench.hello()
    body = bench.body((3, 0, 5000, 255))
    assert bench.refused(Command.COMMIT, bench.commit_payload(1, body)) == CODE["order"]
    assert bench.refused(Command.DEFINE, bytes([1, 0x11]) + body) == CODE["order"]
    bench.accepted(Command.DEFINE, bytes([1, 0x01]) + body)
    assert bench.refused(Command.COMMIT, bench.commit_payload(1, body)) == CODE["order"]  # one of two
    bench.stage(1, body)
    assert bench.refused(Command.COMMIT, bytes([1, 0, 0])) == CODE["crc"]
    assert bench.refused(Command.COMMIT, bench.commit_payload(160, body)) == CODE["bad-slot"]
    assert bench.refused(Command.DEFINE, bytes([160, 0]) + body) == CODE["bad-slot"]
    assert bench.refused(Command.DEFINE, bytes([1, 0]) + body[:-1]) == CODE["length"]


def test_too_many_entries(bench):
    bench.hello()
    half = bench.body(*[(k, 0, 5000, 255) for k in range(20)] * 2)
    bench.accepted(Command.DEFINE, bytes([1, 0x01]) + half, 8000)
    kind, answer = bench.ask(Command.DEFINE, bytes([1, 0x11]) + half, 8000)
    assert (kind, answer[1]) == (Reply.NACK, CODE["length"])


def test_fire_refusals(armed):
    fire = Command.FIRE_AT
    assert armed.refused(fire, armed.fire_payload(2, 1, 5000)) == CODE["bad-slot"]
    assert armed.refused(fire, armed.fire_payload(200, 1, 5000)) == CODE["bad-slot"]
    assert armed.refused(fire, armed.fire_payload(1, 2, 5000)) == CODE["bad-generation"]
    assert armed.refused(fire, armed.fire_payload(1, 1, 300)) == CODE["late"]  # 260 us of it are wire
    assert armed.refused(fire, armed.fire_payload(1, 1, -5000)) == CODE["late"]
    assert armed.refused(fire, armed.fire_payload(1, 1, 2_010_000)) == CODE["too-far"]
    assert armed.refused(fire, armed.fire_payload(1, 1, 5000)[:-1]) == CODE["length"]
    assert armed.refused(fire, armed.fire_payload(1, 1, 5000, flags=4)) == CODE["unknown-command"]
    armed.run(60)
    assert armed.lights() == []


def test_how_late_is_said(armed):
    kind, body = armed.ask(Command.FIRE_AT, armed.fire_payload(1, 1, 260 + 150 - 20))
    assert (kind, body[1]) == (Reply.NACK, CODE["late"])
    assert struct.unpack("<BBII", body)[3] in (40, 41)  # ticks of half a microsecond
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 260 + 150 + 1))


def test_duty_between_fires_and_order_of_one_site(armed):
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 30_000))
    at = armed.now
    late = struct.unpack("<BBIB", armed.fire_payload(1, 1, 28_000))[2]  # the same moment, seen 2 ms later
    assert late - 2 * 25_000 < armed.tick_in(30_000)
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 30_000 - (armed.now - at) / 1000 + 2000)) == CODE["duty"]
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 5000)) == CODE["order"]
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 60_000))
    armed.run(120)
    ons = [t for t, _, level in armed.lights() if level]
    assert len(ons) == 2
    assert ons[1] - ons[0] >= 25_000


def test_no_window_of_two_seconds_holds_more_than_the_bucket(armed):
    armed.define(2, (4, 0, 20_000, 255))
    refusals = []
    for _ in range(70):
        kind, body = armed.ask(Command.FIRE_AT, armed.fire_payload(2, 1, 5000))
        if kind == Reply.NACK:
            refusals.append(body[1])
        armed.run(104)
    ons = [t for t, _, level in armed.lights() if level]
    assert set(refusals) == {CODE["budget"]}
    assert len(ons) > 30  # it drains: light comes again
    for t in ons:
        assert sum(20_000 for u in ons if t - 2e6 < u <= t) <= 250_000


def test_another_site_is_not_punished(armed):
    armed.define(2, (4, 0, 20_000, 255))
    for _ in range(12):
        armed.accepted(Command.FIRE_AT, armed.fire_payload(2, 1, 5000))
        armed.run(104)
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(2, 1, 5000)) == CODE["budget"]
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 5000))


def test_queue_full_and_room_again(armed):
    for s in range(17):
        armed.define(10 + s, (s, 0, 1000, 255))
        armed.beat()
    for s in range(16):
        armed.accepted(Command.FIRE_AT, armed.fire_payload(10 + s, 1, 60_000))
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(26, 1, 60_000)) == CODE["queue-full"]
    armed.run(70)
    armed.accepted(Command.FIRE_AT, armed.fire_payload(26, 1, 5000))
    assert sum(level > 0 for _, _, level in armed.lights()) == 16


def test_session_limit(bench):
    bench.define(1, (3, 0, 1000, 255))
    bench.arm(max_pulses=2)
    for _ in range(2):
        bench.accepted(Command.FIRE_AT, bench.fire_payload(1, 1, 5000))
        bench.run(20)
    assert bench.refused(Command.FIRE_AT, bench.fire_payload(1, 1, 5000)) == CODE["session-limit"]


def test_arming_needs_the_key_of_this_greeting(bench):
    key = struct.pack("<II", 0xABCD ^ 1, 0)
    assert bench.refused(Command.ARM, key) == CODE["bad-key"]  # nobody said hello
    bench.hello()
    assert bench.refused(Command.ARM, struct.pack("<II", 0xABCD, 0)) == CODE["bad-key"]
    assert bench.refused(Command.ARM, key[:-1]) == CODE["length"]
    bench.define(1, (3, 0, 1000, 255))
    assert bench.refused(Command.FIRE_AT, bench.fire_payload(1, 1, 5000)) == CODE["not-armed"]
    bench.accepted(Command.ARM, key)
    assert bench.refused(Command.ARM, key) == CODE["busy"]


def test_interlock(bench):
    bench.hello()
    bench.core.set_interlock(False)
    assert bench.refused(Command.ARM, struct.pack("<II", 0xABCD ^ 1, 0)) == CODE["interlock-open"]
    bench.core.set_interlock(True)
    bench.define(1, (3, 0, 20_000, 255))
    bench.arm()
    bench.accepted(Command.FIRE_AT, bench.fire_payload(1, 1, 3000), 8000)
    bench.core.set_interlock(False)
    bench.pass_us(1000)
    (_, _, on), (_, _, off) = bench.lights()
    assert (on, off) == (255, 0)
    assert bench.core.state == "safe"
    assert bench.refused(Command.DISARM) == CODE["interlock-open"]
    bench.core.set_interlock(True)
    bench.accepted(Command.DISARM)
    assert bench.core.state == "idle"


def test_greetings_of_another_version(bench):
    assert bench.refused(Command.HELLO, struct.pack("<BI", 2, 0)) == CODE["protocol-version"]
    assert bench.refused(0x55) == CODE["unknown-command"]
    assert bench.refused(Command.HELLO) == CODE["length"]
    assert bench.refused(Command.PING) == CODE["length"]


def test_a_slot_in_use_is_not_changed_under_its_pulse(armed):
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 20_000))
    body = armed.body((4, 0, 1000, 255))
    armed.stage(1, body)
    assert armed.refused(Command.COMMIT, armed.commit_payload(1, body)) == CODE["busy"]
    armed.run(40)
    assert {led for _, led, _ in armed.lights()} == {3}


@pytest.mark.parametrize("limit", list(Limit))
def test_limits_only_tighten(bench, limit):
    def ask(value):
        return Command.LIMITS, struct.pack("<BI", limit, value)

    bench.hello()
    (now,) = struct.unpack("<I", bench.accepted(*ask(0xFFFFFFFF)))
    step = 1 if limit in (Limit.MIN_LEAD_US, Limit.MIN_PULSE_US) else -1
    assert bench.refused(*ask(now - step)) == CODE["looser"]
    assert struct.unpack("<I", bench.accepted(*ask(now + step)))[0] == now + step
    assert bench.refused(*ask(now)) == CODE["looser"]
    bench.core.reset(0, boot_id=9)
    bench.now = bench.core.now_ns
    assert struct.unpack("<I", bench.accepted(*ask(0xFFFFFFFF)))[0] == now  # the next reset forgets


def test_a_tightened_limit_holds_for_patterns_already_there(armed):
    armed.accepted(Command.LIMITS, struct.pack("<BI", Limit.MAX_PULSE_US, 4000))
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 5000)) == CODE["width"]
    assert armed.refused(Command.LIMITS, struct.pack("<BI", 77, 1)) == CODE["unknown-command"]


def test_cancel_and_replace_give_the_light_back(armed):
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 20_000))
    assert armed.accepted(Command.CANCEL, b"\xff") == b"\1"
    assert armed.event(Reply.DROPPED)[0][3] == CODE["cancelled"]
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 20_000))
    payload = armed.fire_payload(1, 1, 12_000, flags=2)
    armed.accepted(Command.FIRE_AT, payload)
    assert armed.event(Reply.DROPPED)[0][3] == CODE["replaced"]
    armed.run(60)
    assert [t for t, _, level in armed.lights() if level] == [struct.unpack("<BBIB", payload)[2] * 0.5]


def test_a_refused_replacement_leaves_the_queue(armed):
    payload = armed.fire_payload(1, 1, 20_000)
    armed.accepted(Command.FIRE_AT, payload)
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 100, flags=2)) == CODE["late"]
    armed.run(40)
    assert [t for t, _, level in armed.lights() if level] == [struct.unpack("<BBIB", payload)[2] * 0.5]


def test_fire_now_comes_after_the_least_lead(armed):
    answer = armed.accepted(Command.FIRE_NOW, bytes([1, 1, 0]), 20_000)
    (t_on,) = struct.unpack("<I", answer[:4])
    assert armed.lights()[0] == (t_on * 0.5, 3, 255)


def test_the_clock_may_wrap(new_bench):
    b = new_bench(boot_ns=-(2**32 * 500) + 400_000_000, drift_ppm=0.0)  # wraps 0.4 s from now
    b.arm()
    b.define(1, (3, 0, 5000, 255))
    for _ in range(12):
        b.accepted(Command.FIRE_AT, b.fire_payload(1, 1, 30_000))
        b.run(60)
    ons = [t for t, _, level in b.lights() if level]
    assert len(ons) == 12
    assert ons[0] < 2**32 / 2 < ons[-1]

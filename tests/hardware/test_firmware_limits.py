"""The third wall: the firmware refuses what breaks a limit, whatever the host says, each with its own code."""

import struct

import pytest
from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import NACKS, Command, Limit, Reply

CODE = {word: code for code, word in NACKS.items()}
GRADED = 1  # WL_CAP_GRAY


def test_one_pulse_at_its_exact_ticks(armed):
    payload = armed.fire_payload(1, 1, 10_000)
    t = struct.unpack("<BBIB", payload)[2]
    assert armed.accepted(Command.FIRE_AT, payload) == bytes([armed.queue_len - 1])
    armed.run(40)
    assert armed.same_lights([(t * 0.5, 3, 255), (t * 0.5 + 5000, 3, 0)])
    (fired,) = armed.event(Reply.FIRED)
    _, _, slot, gen, on, off, result, mask = struct.unpack("<HBBBIIBH", fired)
    assert (slot, gen, on, off, result) == (1, 1, t & 0xFFFFFFFF, (t + 10_000) & 0xFFFFFFFF, 0)
    assert mask == codec.crc16(bytes([3, 255]))


def test_edges_of_a_travelling_pattern_in_order(armed):
    low, high = (100, 200) if armed.caps & GRADED else (255, 255)
    gen = armed.define(2, (7, 2000, 5000, low), (5, 0, 5000, 255), (6, 1000, 5000, high))
    payload = armed.fire_payload(2, gen, 10_000)
    t = struct.unpack("<BBIB", payload)[2] * 0.5
    armed.accepted(Command.FIRE_AT, payload)
    armed.run(40)
    on = [(t, 5, 255), (t + 1000, 6, high), (t + 2000, 7, low)]
    off = [(t + 5000, 5, 0), (t + 6000, 6, 0), (t + 7000, 7, 0)]
    assert armed.same_lights(on + off)


def test_a_large_pattern_in_fragments(armed):
    n = 64 if armed.n_slots > 100 else 32  # the most that the board holds
    entries = [(k % 25, (k // 25) * 26_000 + 400 * (k % 25), 2000, 255) for k in range(n)]
    gen = armed.define(9, *entries)
    armed.beat()
    armed.accepted(Command.FIRE_AT, armed.fire_payload(9, gen, 8000))
    armed.run(120)
    assert sum(level > 0 for _, _, level in armed.lights()) == n


def test_dark_fire_is_everything_but_light(armed):
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 10_000, flags=1))
    armed.run(17)
    assert armed.lights() == []
    (fired,) = armed.event(Reply.FIRED)
    assert struct.unpack("<HBBBIIBH", fired)[6:] == (0, 0xFFFF)
    # it has used the duty of its site like light
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 4500)) == CODE["duty"]


def test_commit_refuses_what_a_pattern_may_not_be(bench):
    bench.hello()
    assert bench.commit_refused((3, 0, 20_004, 255)) == CODE["width"]
    assert bench.commit_refused((3, 0, 44, 255)) == CODE["width"]
    assert bench.commit_refused((3, 195_004, 5000, 255)) == CODE["width"]  # ends after 200 ms
    assert bench.commit_refused((bench.n_sites, 0, 5000, 255)) == CODE["sites"]
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
    assert bench.refused(Command.COMMIT, bench.commit_payload(bench.n_slots, body)) == CODE["bad-slot"]
    assert bench.refused(Command.DEFINE, bytes([bench.n_slots, 0]) + body) == CODE["bad-slot"]
    assert bench.refused(Command.DEFINE, bytes([1, 0]) + body[:-1]) == CODE["length"]


def test_too_many_entries(bench):
    bench.hello()
    piece = bench.body(*[(k, 0, 5000, 255) for k in range(22)])
    answers = [bench.ask(Command.DEFINE, bytes([1, k << 4 | 2]) + piece, 8000) for k in range(3)]
    fits = 2 if bench.n_slots > 100 else 1  # 64 entries, or 32
    assert [kind for kind, _ in answers[: fits + 1]] == [Reply.ACK] * fits + [Reply.NACK]
    assert answers[fits][1][1] == CODE["length"]


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
    least = 260 + armed.min_lead_us  # 260 us are wire
    kind, body = armed.ask(Command.FIRE_AT, armed.fire_payload(1, 1, least - 20))
    assert (kind, body[1]) == (Reply.NACK, CODE["late"])
    assert 40 <= struct.unpack("<BBII", body)[3] <= 41 + 2 * armed.react_us  # ticks of half a microsecond
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, least + 1 + armed.react_us))


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


@pytest.mark.parametrize("tick_ns", [1, 16, 30, 5000])
def test_a_tick_with_which_the_books_cannot_be_kept_is_refused(new_bench, tick_ns):
    """The counter of a shorter one comes round within the window of the bucket, which would be empty every time."""
    with pytest.raises(ValueError, match="a tick is 20 ns or more"):
        new_bench(tick_ns=tick_ns)
    assert new_bench(tick_ns=20).state == "idle"


def test_light_that_was_cut_is_not_given_back(armed):
    """Otherwise whoever aborts and arms again gets as much light as he likes."""
    armed.define(2, (4, 0, 20_000, 255))
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2, 1, 5000), 9000)
    assert armed.core.lit == [4]
    armed.accepted(Command.ABORT)
    armed.arm()
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(2, 1, 10_000)) == CODE["duty"]
    armed.run(100)
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2, 1, 10_000))


def test_a_refused_order_takes_nothing_from_any_site(armed):
    for slot, sites in ((2, (6,)), (3, (5, 6)), (4, (5,))):
        armed.define(slot, *((site, 0, 5000, 255) for site in sites))
        armed.beat()
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2, 1, 60_000))
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(3, 1, 63_000)) == CODE["duty"]  # for its second site
    armed.accepted(Command.FIRE_AT, armed.fire_payload(4, 1, 66_000))


def test_another_site_is_not_punished(armed):
    armed.define(2, (4, 0, 20_000, 255))
    for _ in range(12):
        armed.accepted(Command.FIRE_AT, armed.fire_payload(2, 1, 5000))
        armed.run(104)
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(2, 1, 5000)) == CODE["budget"]
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 5000))


def test_queue_full_and_room_again(armed):
    n = armed.queue_len
    for s in range(n + 1):
        armed.define(2 + s, (s, 0, 1000, 255))
        armed.beat()
    for s in range(n):
        armed.accepted(Command.FIRE_AT, armed.fire_payload(2 + s, 1, 60_000))
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(2 + n, 1, 60_000)) == CODE["queue-full"]
    armed.run(70)
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2 + n, 1, 5000))
    assert sum(level > 0 for _, _, level in armed.lights()) == n


def test_session_limit(bench):
    bench.define(1, (3, 0, 1000, 255))
    bench.arm(max_pulses=2)
    for _ in range(2):
        bench.accepted(Command.FIRE_AT, bench.fire_payload(1, 1, 5000))
        bench.run(20)
    assert bench.refused(Command.FIRE_AT, bench.fire_payload(1, 1, 5000)) == CODE["session-limit"]


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


def test_interlock(bench):
    bench.hello()
    bench.core.set_interlock(False)
    assert bench.refused(Command.ARM, struct.pack("<II", 0xABCD ^ bench.boot_id, 0)) == CODE["interlock-open"]
    assert bench.ask(Command.STATUS)[1][16] == 0
    bench.core.set_interlock(True)
    bench.define(1, (3, 0, 20_000, 255))
    bench.arm()
    bench.accepted(Command.FIRE_AT, bench.fire_payload(1, 1, 4000), 8000)
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
    assert struct.unpack("<I", bench.accepted(*ask(0xFFFFFFFF), us=4000))[0] == now  # the next reset forgets


@pytest.mark.parametrize("limit", [Limit.MIN_LEAD_US, Limit.MIN_PULSE_US])
def test_a_least_that_nothing_could_keep_is_refused(bench, limit):
    """In ticks it would come round and allow what it forbids."""
    bench.hello()
    for value in (2_000_001, 0xFFFFFFFE):
        assert bench.refused(Command.LIMITS, struct.pack("<BI", limit, value)) == CODE["too-far"]
    bench.accepted(Command.LIMITS, struct.pack("<BI", limit, 2_000_000))


def test_a_tightened_duty_is_kept_for_as_long_as_it_asks(armed):
    armed.accepted(Command.LIMITS, struct.pack("<BI", Limit.DUTY_PERMILLE, 1))
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 5000))
    armed.run(4000)  # of 5 s that 5 ms ask for
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 10_000)) == CODE["duty"]
    armed.run(1000)
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 10_000))


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        (Limit.MAX_PULSE_US, "width"),
        (Limit.DUTY_PERMILLE, "duty"),
        (Limit.BUCKET_MS, "budget"),
        (Limit.MAX_SITES, "sites"),
        (Limit.MAX_PATTERN_US, "width"),
        (Limit.HORIZON_US, "too-far"),
    ],
)
def test_a_limit_of_nothing_allows_nothing(armed, limit, code):
    """Also the very first pulse of a site."""
    armed.accepted(Command.LIMITS, struct.pack("<BI", limit, 0))
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 10_000)) == CODE[code]
    armed.run(40)
    assert armed.lights() == []


def test_a_broken_driver_chain_cannot_be_armed(bench):
    bench.core.break_chain()
    bench.hello()
    assert bench.refused(Command.ARM, struct.pack("<II", bench.nonce ^ bench.boot_id, 0)) == CODE["selftest"]
    bench.core.break_chain(False)
    bench.arm()
    assert bench.state == "armed"


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
    t = struct.unpack("<BBIB", payload)[2] * 0.5
    assert armed.same_lights([(t, 3, 255), (t + 5000, 3, 0)])


def test_a_refused_replacement_leaves_the_queue(armed):
    payload = armed.fire_payload(1, 1, 20_000)
    armed.accepted(Command.FIRE_AT, payload)
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 100, flags=2)) == CODE["late"]
    armed.run(40)
    t = struct.unpack("<BBIB", payload)[2] * 0.5
    assert armed.same_lights([(t, 3, 255), (t + 5000, 3, 0)])


def test_fire_now_comes_after_the_least_lead(armed):
    answer = armed.accepted(Command.FIRE_NOW, bytes([1, 1, 0]), 20_000)
    (t_on,) = struct.unpack("<I", answer[:4])
    assert armed.same_lights([(t_on * 0.5, 3, 255), (t_on * 0.5 + 5000, 3, 0)])


def test_a_site_that_rested_for_long_may_be_lit_again(new_bench):
    """Half a round of the counter later an old pulse would look like one to come."""
    b = new_bench()
    b.arm()
    b.define(1, (3, 0, 5000, 255))
    b.accepted(Command.FIRE_AT, b.fire_payload(1, 1, 5000))
    b.run(20)
    b.accepted(Command.DISARM)
    for _ in range(1200):
        b.pass_us(1_000_000)
    b.arm()
    b.accepted(Command.FIRE_AT, b.fire_payload(1, 1, 5000))
    b.run(20)
    assert sum(level > 0 for _, _, level in b.lights()) == 2


def test_what_ends_goes_before_what_begins_at_the_same_tick(new_bench):
    """The supply never carries both, in whatever order they were told."""
    b = new_bench(max_sites=1)
    b.arm()
    b.define(1, (0, 0, 5000, 255))
    b.define(2, (1, 0, 5000, 255))
    second = b.tick_in(40_000)
    for slot, tick in ((2, second), (1, second - 10_000)):
        b.accepted(Command.FIRE_AT, struct.pack("<BBIB", slot, 1, tick & 0xFFFFFFFF, 0))
    b.run(60)
    assert [(led, level) for _, led, level in b.lights()] == [(0, 255), (0, 0), (1, 255), (1, 0)]


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

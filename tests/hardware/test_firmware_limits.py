"""The third wall: the firmware refuses what breaks a limit, whatever the host says, each with its own code."""

import struct

import pytest
from support.firmware_bench import CODE
from wavestim.hardware.lights.wavelight.words import ENTRIES, NACK, Command, Reply


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
    fits = 2 if bench.n_slots > 100 else 1
    assert [kind for kind, _ in answers[: fits + 1]] == [Reply.ACK] * fits + [Reply.NACK]
    _, code, _, holds = NACK.unpack(answers[fits][1])
    assert (code, holds) == (CODE["length"], ENTRIES[bench.board])  # what the file is held against


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

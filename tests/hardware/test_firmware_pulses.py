"""What is ordered is what shines: at its ticks, in its order, taken back and replaced."""

import random
import struct

from support.firmware_bench import CODE
from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import Command, Reply

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
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 5000)) == CODE["duty"]


def test_fire_now_comes_after_the_least_lead(armed):
    answer = armed.accepted(Command.FIRE_NOW, bytes([1, 1, 0]), 20_000)
    (t_on,) = struct.unpack("<I", answer[:4])
    assert armed.same_lights([(t_on * 0.5, 3, 255), (t_on * 0.5 + 5000, 3, 0)])


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


def test_a_slot_in_use_is_not_changed_under_its_pulse(armed):
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 20_000))
    body = armed.body((4, 0, 1000, 255))
    armed.stage(1, body)
    assert armed.refused(Command.COMMIT, armed.commit_payload(1, body)) == CODE["busy"]
    armed.run(40)
    assert {led for _, led, _ in armed.lights()} == {3}


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


def test_whatever_is_ordered_what_is_told_as_fired_shone_at_its_ticks_and_nothing_else(armed, request):
    """Bursts of short and long patterns, near and far, replaced, cancelled and dark; no such host makes the board go dark."""
    rng, patterns = random.Random(3), {}
    for slot in range(10):
        sites, spacing_us, width_us = (
            rng.sample(range(25), rng.choice([1, 2, 6, 24])),
            rng.choice([0, 20, 100, 700]),
            rng.choice([48, 1000, 5000]),
        )
        patterns[slot] = [(site, k * spacing_us, width_us, 255) for k, site in enumerate(sites)]
    gens = {slot: armed.define(slot, *entries) for slot, entries in patterns.items() if armed.beat() is None}
    came = 0
    for _ in range(100 if request.node.callspec.params["bench"] == "core" else 30):
        armed.run(60)
        armed.lights()
        armed.events.clear()
        orders = {}
        for _ in range(rng.randrange(2, 7)):
            slot, flags = rng.randrange(10), rng.choice([0, 0, 0, 0, 2, 1])
            near_us, far_us = (armed.min_lead_us + least for least in (300, 1800))
            lead_us = rng.choice([rng.uniform(near_us, near_us + 5500), rng.uniform(far_us, far_us + 25_000)])
            payload = armed.fire_payload(slot, gens[slot], lead_us, flags)
            armed.seq = armed.seq % 250 + 1
            orders[armed.seq] = patterns[slot], struct.unpack("<BBIB", payload)[2], flags
            armed.core.receive(codec.encode(Command.FIRE_AT, armed.seq, payload), armed.now)
            armed.pass_us(rng.choice([0, 100, 500, 1500, 4000]))
            if rng.random() < 0.1:
                armed.seq = armed.seq % 250 + 1
                armed.core.receive(codec.encode(Command.CANCEL, armed.seq, b"\xff"), armed.now)
            armed.beat()
        armed.run(80)
        assert armed.state == "armed"
        expected = []
        for fired in armed.event(Reply.FIRED):
            _, seq, _, _, on, _, cut, _ = struct.unpack("<HBBBIIBH", fired)
            entries, tick, flags = orders[seq]
            assert (on, cut) == (tick, 0)
            came += 1
            if not flags & 1:
                expected += [(led, level, tick * 0.5 + at) for led, at, width, _ in entries for at, level in ((at, 255), (at + width, 0))]
        found = sorted((led, level, at) for at, led, level in armed.lights())
        assert [f[:2] for f in found] == [e[:2] for e in sorted(expected)]
        assert all(abs(a[2] - b[2]) <= 5.0 * armed.edge_us for a, b in zip(found, sorted(expected), strict=True))
    assert came > 30

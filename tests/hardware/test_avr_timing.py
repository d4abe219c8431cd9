"""When the gate really opens: the emulated ATmega2560 in virtual time, its line flooded, against the tick that was commanded."""

import random
import struct

import pytest
from support.firmware_bench import CODE
from support.flooding import Flood, fire
from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import Command, Reply


def errors_us(avr, expected):
    """How far each edge lies from where it was meant, us; every expected edge has to be there, and no other."""
    found = avr.lights()
    assert sorted((led, level) for _, led, level in found) == sorted((led, level) for _, led, level in expected)
    meant, came = ({(led, level): at for at, led, level in edges} for edges in (expected, found))
    return [came[key] - meant[key] for key in meant]


def test_the_gate_opens_and_closes_at_the_commanded_tick_under_a_flood(avr):
    rng, flood, errors = random.Random(1), Flood(avr), []
    slots = {}
    for slot, (n, width_us) in enumerate([(1, 48), (25, 1000), (8, 5000)], start=2):
        slots[slot] = n, width_us, avr.define(slot, *((s, 0, width_us, 255) for s in range(n)))
        avr.beat()
    for k in range(120):
        slot = 2 + k % 3
        n, width_us, gen = slots[slot]
        t = fire(avr, flood, slot, gen, 8000 + rng.uniform(0, 12_000)) * 0.5
        avr.core.gate.clear()
        answers = flood.run(56_000)
        assert sum(kind == Reply.PONG for kind, _, _ in answers) > 100  # it hears and answers the flood
        edges = avr.lights()
        ons, offs = ({at for at, _, level in edges if (level > 0) == rising} for rising in (True, False))
        assert len(edges) == 2 * n
        assert (len(ons), len(offs)) == (1, 1)  # all LEDs of a flash on one edge
        assert [level for _, level in avr.core.gate] == [1, 0]
        errors += [ons.pop() - t, offs.pop() - t - width_us]
    avr.run(10)
    assert avr.state == "armed"
    assert max(map(abs, errors)) <= 1.0, sorted(errors)


@pytest.mark.parametrize("spacing_us", [4, 8, 12, 20, 100, 1500])
def test_the_steps_of_a_travelling_pattern_come_at_their_ticks_under_a_flood(avr, spacing_us):
    flood, errors, rng = Flood(avr), [], random.Random(7)
    gen = avr.define(2, *((s, s * spacing_us, 1000, 255) for s in range(25)))
    avr.beat()
    for _ in range(40 if spacing_us < 20 else 4):  # a chain of near steps leaves the program no time: what is rare shows itself there
        t = fire(avr, flood, 2, gen, 8000 + rng.uniform(0, 12_000)) * 0.5
        flood.run(37_000 if spacing_us < 20 else 80_000)
        ons = [(t + s * spacing_us, s, 255) for s in range(25)]
        errors += errors_us(avr, ons + [(at + 1000, s, 0) for at, s, _ in ons])
    assert max(map(abs, errors)) <= (5.0 if spacing_us < 20 else 1.0), sorted(errors)
    assert avr.core.least_settled_cycles >= 18  # every mask was whole before it was latched


def test_patterns_that_overlap_keep_their_ticks(avr):
    flood = Flood(avr)
    gens = {slot: avr.define(slot, *((8 * slot - 16 + k, 700 * k, 3000, 255) for k in range(8))) for slot in (2, 3, 4)}
    avr.beat()
    expected = []
    for lead_us, (slot, gen) in zip((14_000, 15_003, 16_111), gens.items(), strict=True):
        t = fire(avr, flood, slot, gen, lead_us) * 0.5
        expected += [(t + 700 * k, 8 * slot - 16 + k, 255) for k in range(8)] + [
            (t + 700 * k + 3000, 8 * slot - 16 + k, 0) for k in range(8)
        ]
    flood.run(60_000)
    assert max(map(abs, errors_us(avr, expected))) <= 1.0


def test_light_stays_at_its_ticks_while_the_host_keeps_the_board_busy(avr):
    """New patterns, refused orders and cancelled ones take the main loop milliseconds; running light does not feel it."""
    gen = avr.define(2, *((s, 1000 * s, 4000, 255) for s in range(25)))
    rng = random.Random(5)
    body = avr.body(*((rng.randrange(32), rng.randrange(0, 20_000, 4), 48, 255) for _ in range(32)))
    for _ in range(6):
        payload = avr.fire_payload(2, gen, 20_000)
        avr.accepted(Command.FIRE_AT, payload)
        t = struct.unpack("<BBIB", payload)[2] * 0.5
        for k in range(30):
            avr.beat()
            avr.core.receive(codec.encode(Command.DEFINE, 200, bytes([5, 0]) + body), avr.now)
            avr.core.receive(codec.encode(Command.COMMIT, k, avr.commit_payload(5, body)), avr.now)
            avr.core.receive(codec.encode(Command.FIRE_AT, 30 + k, avr.fire_payload(2, gen, 1_500_000)), avr.now)
            avr.core.receive(codec.encode(Command.CANCEL, 60 + k, b"\xff"), avr.now)
            avr.pass_us(5000)
        avr.pass_us(30_000)  # until it has come to the end of that
        avr.read()
        avr.accepted(Command.CANCEL, b"\xff")
        ons = [(t + 1000 * s, s, 255) for s in range(25)]
        assert max(map(abs, errors_us(avr, ons + [(at + 4000, s, 0) for at, s, _ in ons]))) <= 1.0
        avr.run(200)
    assert avr.state == "armed"


def test_light_ordered_while_later_light_goes_to_the_timers_comes_at_its_tick_or_is_refused(avr):
    """The books of 24 LEDs take the main loop a while, and what is due in 8 ms is handed over in the middle of it."""
    one, many = avr.define(2, (31, 0, 1000, 255)), avr.define(3, *((s, 0, 1000, 255) for s in range(24)))
    refused = []
    for early_us in range(500, 3000, 100):
        avr.run(100)
        payload = avr.fire_payload(2, one, 30_000)
        avr.accepted(Command.FIRE_AT, payload)
        t = struct.unpack("<BBIB", payload)[2] * 0.5
        expected = [(t, 31, 255), (t + 1000, 31, 0)]
        avr.run(16)
        avr.pass_us(t - 8000 - early_us - avr.tick_in(0) * 0.5)
        payload = avr.fire_payload(3, many, 5500 + early_us)
        kind, body = avr.ask(Command.FIRE_AT, payload)
        if kind == Reply.ACK:
            begin = struct.unpack("<BBIB", payload)[2] * 0.5
            expected += [(begin + at, s, level) for s in range(24) for at, level in ((0, 255), (1000, 0))]
        else:
            refused.append((early_us, body[1]))
        avr.run(30)
        assert max(map(abs, errors_us(avr, expected))) <= 1.0, early_us
    assert {code for _, code in refused} == {CODE["late"]}
    assert max(early_us for early_us, _ in refused) < 2900  # what comes in time is accepted


def test_a_chain_of_near_steps_at_the_least_lead_is_whole_or_does_not_begin(avr):
    """The timers outrun a program that still hands over when light begins; it would be cut in the middle."""
    gen = avr.define(2, *((s, 20 * s, 1000, 255) for s in range(25)))
    came = []
    for early_us in range(300, 1500, 100):
        avr.run(260)
        payload = avr.fire_payload(2, gen, avr.min_lead_us + early_us)
        t = struct.unpack("<BBIB", payload)[2] * 0.5
        avr.core.receive(codec.encode(Command.FIRE_AT, 99, payload), avr.now)
        avr.core.receive(codec.encode(Command.FIRE_AT, 100, avr.fire_payload(2, gen, 1_500_000)), avr.now)  # waits behind it
        avr.run(30)
        fired = avr.event(Reply.FIRED)
        ons = [(t + 20 * s, s, 255) for s in range(25)] if fired else []
        assert max(map(abs, errors_us(avr, ons + [(at + 1000, s, 0) for at, s, _ in ons])), default=0) <= 1.0
        assert avr.state == "armed"
        came.append(bool(fired))
        avr.hello()  # the next round counts from the same seq
        avr.accepted(Command.CANCEL, b"\xff")
    assert came[-1]

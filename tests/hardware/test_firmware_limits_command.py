"""The LIMITS command: a host may ask for less light than the board allows, never for more."""

import struct

import pytest
from support.firmware_bench import CODE
from wavestim.hardware.lights.wavelight.words import Command, Limit


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


def test_a_tightened_limit_holds_for_patterns_already_there(armed):
    armed.accepted(Command.LIMITS, struct.pack("<BI", Limit.MAX_PULSE_US, 4000))
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 5000)) == CODE["width"]
    assert armed.refused(Command.LIMITS, struct.pack("<BI", 77, 1)) == CODE["unknown-command"]

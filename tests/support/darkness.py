"""What ends light from outside, each at many random moments of a running experiment: dark in time, and nothing after."""

import random

from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import Command

TIMEOUT_US = 100_000
AT_ONCE_US = 2000


def light_up(bench, rng, gens):
    """A queue with light in it: long pulses and travelling ones, soon and later."""
    at = rng.uniform(8_000, 20_000)
    for slot in rng.sample(list(gens), len(gens)):
        bench.beat()
        bench.ask(Command.FIRE_AT, bench.fire_payload(slot, gens[slot], at))
        at += rng.uniform(20_000, 40_000)


def silence(bench):
    """The host says nothing any more."""


def unplug(bench):
    bench.core.unplug()


def send_break(bench):
    if hasattr(bench.core, "send_break"):
        bench.core.send_break(bench.now)
    else:
        bench.core.unplug()  # what a board in memory knows of it


def abort(bench):
    bench.core.receive(codec.encode(Command.ABORT, 250), bench.now)


def open_door(bench):
    bench.core.set_interlock(False)


def half_a_frame(bench):
    """Killed in the middle of a write."""
    bench.core.receive(codec.encode(Command.FIRE_AT, 251, bench.fire_payload(0, 1, 9000))[:6], bench.now)


EVENTS = [
    (silence, TIMEOUT_US),
    (half_a_frame, TIMEOUT_US),
    (unplug, AT_ONCE_US),
    (send_break, AT_ONCE_US),
    (abort, AT_ONCE_US),
    (open_door, AT_ONCE_US),
]


def dark_at_random_moments(bench, event, within_us, moments):
    """Let the event happen so many times; says at how many of them light was on."""
    rng = random.Random(event.__name__)
    patterns = [[(20 + k, 0, 20_000, 255)] for k in range(4)] + [[(s, 1500 * s, 15_000, 255) for s in range(12)], [(13, 0, 1000, 255)]]
    gens = {slot: bench.define(slot, *entries) for slot, entries in enumerate(patterns)}
    lit_at_the_moment = 0
    for _ in range(moments):
        bench.core.set_interlock(True)
        if hasattr(bench.core, "plug"):
            bench.core.plug()
        bench.core.receive(b"\0", bench.now)
        bench.run(300, beat=False)
        bench.arm()
        light_up(bench, rng, gens)
        bench.run(rng.uniform(0, 150))
        bench.beat()
        beaten = bench.now
        bench.pass_us(rng.uniform(500, 19_000))
        bench.lights()
        moment = bench.now
        lit_at_the_moment += bool(bench.core.lit)
        event(bench)
        bench.now = max(bench.now, bench.core.now_ns)
        bench.pass_us(600_000)
        deadline = (beaten + 400_000 if within_us == TIMEOUT_US else moment) + within_us * 1000  # a heartbeat is 200 us on the wire
        after = [at for at, _, _ in bench.lights() if at * 1000 > bench.core.device_ns(deadline) + 500]
        assert after == []
        assert bench.core.lit == []
        bench.read()
        if hasattr(bench.core, "plug"):
            bench.core.plug()
        bench.core.set_interlock(True)
        bench.core.receive(b"\0", bench.now)
        bench.pass_us(100)
        assert bench.state == "safe"  # it answers, and says so
    return lit_at_the_moment

"""Dark within the timeout and nothing after, whenever it happens: many random moments of a running experiment, on every board."""

import random
import struct

import pytest
from support.darkness import EVENTS, dark_at_random_moments
from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import Command

MOMENTS = {"core": 200, "atmega2560": 25}


@pytest.mark.parametrize(("event", "within_us"), EVENTS, ids=[e.__name__ for e, _ in EVENTS])
def test_dark_in_time_and_nothing_after(bench, request, event, within_us):
    moments = MOMENTS[request.node.callspec.params["bench"]]
    assert dark_at_random_moments(bench, event, within_us, moments) > moments // 10  # some of the moments were bright


@pytest.mark.parametrize("dark", [False, True])
def test_repeated_and_reordered_frames_never_make_two_pulses(armed, dark):
    """Any order, any number of copies of the frames of a few decisions: one pulse each at most, at its tick or not at all."""
    rng = random.Random(4)
    for _ in range(20):
        armed.run(300)
        wanted, frames = [], []
        for k in range(3):
            payload = armed.fire_payload(1, 1, 40_000 + 60_000 * k, flags=dark)
            wanted.append(struct.unpack("<BBIB", payload)[2] * 0.5)
            frames += [codec.encode(Command.FIRE_AT, 200 + k, payload)] * rng.randrange(1, 4)
        rng.shuffle(frames)
        armed.lights()
        for frame in frames:
            armed.core.receive(frame, armed.now)
            armed.run(rng.choice([1, 3, 30]))
        armed.run(250)
        ons = [at for at, _, level in armed.lights() if level]
        assert len(ons) == len({round(at) for at in ons}) <= (0 if dark else 3)
        assert all(min(abs(at - t) for t in wanted) <= armed.edge_us for at in ons)
        armed.hello()  # the next round counts from the same seq
        armed.accepted(Command.DISARM)
        armed.accepted(Command.ARM, struct.pack("<II", armed.nonce ^ armed.boot_id, 0))

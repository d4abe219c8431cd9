"""A line that never rests, and orders for light in the middle of it."""

import random
import struct

from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import Command

PING = codec.encode(Command.PING, 9, bytes(4))
BYTE_US = 20


class Flood:
    """Fills every gap on the line with PINGs, so that it never rests."""

    def __init__(self, avr):
        self.avr, self.until, self.rng = avr, avr.now, random.Random(7)

    def send(self, frame):
        self.avr.core.receive(frame, self.avr.now)
        self.until = max(self.until, self.avr.now) + len(frame) * BYTE_US * 1000

    def run(self, us):
        """Let time pass; heartbeats stay."""
        end = self.avr.now + round(us * 1000)
        while self.avr.now < end:
            self.avr.count += 1
            self.send(codec.encode(Command.HEARTBEAT, 0, struct.pack("<I", self.avr.count)))
            while self.until < min(self.avr.now + 5_000_000, end):
                self.send(PING)
            self.avr.now = min(self.avr.now + 5_000_000, end)
            self.avr.core.advance(self.avr.now)
        return self.avr.read()

    def rest(self):
        """The line falls silent, so that the next frame is heard: a board that is swamped skips frames, and says so."""
        self.avr.pass_us(10_000)
        self.avr.read()


def fire(avr, flood, slot, gen, lead_us):
    """Order light, and let the flood follow; its tick."""
    flood.rest()
    avr.seq = avr.seq % 250 + 1
    payload = avr.fire_payload(slot, gen, lead_us)
    flood.send(codec.encode(Command.FIRE_AT, avr.seq, payload))
    return struct.unpack("<BBIB", payload)[2]

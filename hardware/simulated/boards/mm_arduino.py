"""Stand-in for an Arduino with Micro-Manager's firmware, version 5, from the facts of AOTFcontroller.ino.

It does one thing at a time: while a timed sequence plays, bytes wait. Where it looks for them between steps, to stop, this one does not:
a driver that plays one step cannot tell.
"""

from __future__ import annotations

from wavestim.hardware.simulated.boards._base import Peer

LENGTHS = {1: 2, 3: 4, 5: 3, 6: 2, 7: 2, 10: 4, 11: 2, 22: 2, 41: 2, 42: 3}
PINS = 0b111111


class MmArduinoPeer(Peer):
    """Answers and shines like it."""

    N_SITES = 6
    BYTE_NS = 10 * 1_000_000_000 // 57600

    def __init__(self) -> None:
        super().__init__()
        self.patterns, self.delays_ms = [0] * 256, [0] * 256
        self.n_steps = self.repeats = self.pins = 0
        self.triggered = False  # an edge on its TTL input would switch the pins

    def read(self, buffer: bytearray, at_ns: int) -> int:
        op, n = buffer[0], LENGTHS.get(buffer[0], 1)
        if len(buffer) < n:
            return 0
        if op == 1:
            self._set(buffer[1] & PINS, at_ns)
            self.say(1)
        elif op == 2:
            self.say(2, self.pins)
        elif op == 5:
            self.patterns[buffer[1]] = buffer[2] & PINS
            self.say(5, buffer[1], buffer[2] & PINS)
        elif op == 6:
            self.n_steps = buffer[1]
            self.say(6, buffer[1])
        elif op == 8 and self.n_steps:
            self.triggered = True
            self.say(8)
        elif op == 9:
            self.triggered = False
            self._set(0, at_ns)
            self.say(9, 0)
        elif op == 10:
            self.delays_ms[buffer[1]] = buffer[2] << 8 | buffer[3]
            self.say(10, buffer[1])
        elif op == 11:
            self.repeats = buffer[1]
            self.say(11, buffer[1])
        elif op == 12 and self.n_steps:
            self.say(12)
            self._play(at_ns)
        elif op in (20, 21):
            self.say(op)
        elif op == 22:
            self.say(22)
        elif op == 30:
            self.say(b"MM-Ard\r\n")
        elif op == 31:
            self.say(b"5\r\n")
        elif op == 32:
            self.say(32, 1, 0)
        return n

    def _play(self, at_ns: int) -> None:
        for _ in range(self.repeats):
            for k in range(self.n_steps):
                self._set(self.patterns[k], at_ns)
                at_ns += self.delays_ms[k] * 1_000_000
        self._set(0, at_ns)
        self._busy_ns = at_ns

    def _set(self, pins: int, at_ns: int) -> None:
        self.pins = pins
        self._edges += [(at_ns, pin, 255 if pins >> pin & 1 else 0) for pin in range(6)]

"""Stand-in for a Sanworks Pulse Pal v2, from the facts of its firmware 2.0.1: 50 us cycles, one message at a time, four outputs."""

from __future__ import annotations

from typing import ClassVar

from wavestim.hardware.simulated.boards._base import Peer

CYCLE_NS = 50_000
LENGTHS = {72: 2, 77: 3, 79: 5, 80: 2, 81: 2, 82: 4, 89: 8}
VALUE_BYTES = {2: 2, 3: 2, 17: 2, 4: 4, 5: 4, 6: 4, 7: 4, 8: 4, 9: 4, 10: 4, 11: 4}
FULL_BITS = 49151
"""5 V of -10 to 10 V in 16 bits: level 255."""


class PulsePalPeer(Peer):
    """Answers and shines like a Pulse Pal 2; what has no place in its protocol is skipped byte by byte, as in the firmware."""

    N_SITES = 4
    VERSION: ClassVar[int] = 21

    def __init__(self) -> None:
        super().__init__()
        # as after power-up: biphasic off, 5 V, 1 ms pulses every 10 ms for a second, and input 1 starts every channel
        plain = {
            1: 0,
            2: FULL_BITS,
            3: 16383,
            4: 20,
            5: 20,
            6: 20,
            7: 200,
            8: 0,
            9: 0,
            10: 20_000,
            11: 0,
            12: 1,
            13: 0,
            14: 0,
            15: 0,
            16: 0,
        }
        self.parameters = [{**plain, 17: 32768, 128: 0} for _ in range(4)]
        self.loops = [False] * 4
        self._ends = [0] * 4
        self._triggered: tuple[int, int] | None = None  # (cycle in which it takes effect, mask)

    def read(self, buffer: bytearray, at_ns: int) -> int:
        if buffer[0] != 213:
            return 1
        if len(buffer) < 2:
            return 0
        op = buffer[1]
        n = 4 + VALUE_BYTES.get(buffer[2], 1) if op == 74 and len(buffer) > 2 else LENGTHS.get(op, 3 if op == 74 else 2)
        if len(buffer) < n or (op == 74 and len(buffer) < 3):
            return 0
        if op == 72:
            self.say(75, self.VERSION.to_bytes(4, "little"))
        elif op == 74:
            channel = buffer[3] - 1
            if 0 <= channel < 4:
                self.parameters[channel][buffer[2]] = int.from_bytes(buffer[4:n], "little")
            self.say(1)
        elif op == 77:
            cycle = -(-at_ns // CYCLE_NS) * CYCLE_NS  # read in the next cycle, triggered in the one after, on the converter one later
            self._triggered = (cycle + CYCLE_NS, buffer[2])
        elif op in (80, 81):
            # only what runs is ended: a trigger on its way still starts
            running = [c for c in range(4) if at_ns < self._ends[c]]
            for channel in running:
                self.cut(at_ns, range(channel, channel + 1))
                self._ends[channel] = 0
        elif op == 82:
            self.loops[buffer[3] % 4] = bool(buffer[2])
            self.say(1)
        elif op == 79:
            self.say(1)
        return n

    def receive(self, data: bytes, at_ns: int) -> bytes:
        self._start(at_ns)
        return super().receive(data, at_ns)

    def _start(self, now_ns: int) -> None:
        """What was triggered begins."""
        if self._triggered is None or now_ns < self._triggered[0]:
            return
        start, mask = self._triggered[0] + CYCLE_NS, self._triggered[1]
        self._triggered = None
        for channel, p in enumerate(self.parameters):
            if mask >> channel & 1 and start >= self._ends[channel]:
                self._train(channel, p, start + p[11] * CYCLE_NS)

    def _train(self, channel: int, p: dict[int, int], start: int) -> None:
        level = round(max(0, p[2] - 32768) / (FULL_BITS - 32768) * 255)
        train = 3600 * 20_000 if self.loops[channel] else p[10]
        at = train if p[15] == 1 and not p[8] else 0  # told to burst, and bursts of no length
        while at < train and len(self._edges) < 100_000:
            self.shine(channel, start + at * CYCLE_NS, start + min(at + p[4], train) * CYCLE_NS, level)
            at += p[4] + p[7]
        self._ends[channel] = start + train * CYCLE_NS

    @property
    def next_ns(self) -> int | None:
        pending = [t for t in (super().next_ns, self._triggered[0] if self._triggered else None) if t is not None]
        return min(pending, default=None)

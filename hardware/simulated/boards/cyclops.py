"""Stand-in for a Cyclops with its serial-trigger sketch: ``<N>`` gives N pulses of 1 ms at 50 ms, and nothing is read meanwhile."""

from __future__ import annotations

from wavestim.hardware.simulated.boards._base import Peer

MS = 1_000_000


class CyclopsPeer(Peer):
    """Answers and shines like the sketch. What comes while it shines is carried out afterwards, late: a driver must not send it."""

    N_SITES = 1

    def __init__(self) -> None:
        super().__init__()
        self._number = 0

    def read(self, buffer: bytearray, at_ns: int) -> int:
        c = buffer[0]
        if c == ord("<"):
            self._number = 0
        elif 48 <= c <= 57:
            self._number = (self._number * 10 + c - 48) & 0xFFFF
        elif c == ord(">"):
            n, self._number = self._number, 0
            if n:
                self.say(b"Sending pulses:%d\r\n" % n)
                for k in range(min(n, 1000)):
                    self.shine(0, at_ns + k * 51 * MS, at_ns + k * 51 * MS + MS)
                self._busy_ns = at_ns + n * 51 * MS
        return 1

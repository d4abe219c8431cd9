"""A line between the driver and a board in memory that is as bad as a real one: every frame takes its own time each way, and may be lost,
doubled or overtaken by the next. All of it is given beforehand, so that a run can be repeated to the bit. Nothing here sleeps.
"""
from collections import deque

import numpy as np

from libc.string cimport memcpy, memset

from wavestim.hardware.firmware.emulator cimport deliver

ARRIVES, LOST, DOUBLED, OVERTAKEN, ECHOED = range(5)
"""What becomes of a frame: overtaken, it comes right behind the next; echoed, it comes once more behind the twentieth after it."""

cdef enum:
    LOST_C = 1
    DOUBLED_C = 2
    OVERTAKEN_C = 3
    ECHOED_C = 4
    ECHO_AFTER = 20


cdef bint hold(WayOut* out, const uint8_t* data, int n, int64_t due) noexcept nogil:
    cdef int k
    for k in range(HELD):
        if out.held[k].size == 0 and n <= <int>sizeof(out.held[k].bytes):
            memcpy(out.held[k].bytes, data, n)
            out.held[k].size = n
            out.held[k].due = due
            return True
    return False


cdef int deliver_late(void* ctx, const uint8_t* data, int n, int64_t at_ns) noexcept nogil:
    cdef WayOut* out = <WayOut*>ctx
    cdef int64_t number = out.n_sent, at = at_ns + out.delay_ns[number % out.n_delays]
    cdef uint8_t fate = out.fate[number % out.n_fates]
    cdef int k
    out.n_sent += 1
    if out.cut:
        return -1
    if fate == ECHOED_C:
        hold(out, data, n, number + ECHO_AFTER)
    if not (fate == LOST_C or (fate == OVERTAKEN_C and hold(out, data, n, number + 1))):
        deliver(out.host, data, n, at)
    if fate == DOUBLED_C:
        deliver(out.host, data, n, at)
    for k in range(HELD):
        if out.held[k].size and out.held[k].due <= number:
            deliver(out.host, out.held[k].bytes, out.held[k].size, at)
            out.held[k].size = 0
    return n


cdef class SimulatedLine:
    """The line to one board in memory.

    Parameters
    ----------
    core : FirmwareCore
        The board; its own line rate comes on top of the delays.
    out_ns, back_ns : array_like of int
        Delay of each frame to the board and to the host, ns; used round and round. Order is kept: who is faster waits for who is before.
    fates_out, fates_back : array_like of int
        What becomes of each frame (``ARRIVES LOST DOUBLED OVERTAKEN``; on the way out also ``ECHOED``), used round and round.
    """

    def __cinit__(self, FirmwareCore core not None, out_ns=(0,), back_ns=(0,), fates_out=(ARRIVES,), fates_back=(ARRIVES,)):
        memset(&self.out, 0, sizeof(WayOut))
        self.core = core
        self._delay_out, self._delay_back = _filled(out_ns, np.int64), _filled(back_ns, np.int64)
        self._fate_out, self._fate_back = _filled(fates_out, np.uint8), _filled(fates_back, np.uint8)
        self.out.host = core.host
        self.out.delay_ns, self.out.n_delays = &self._delay_out[0], self._delay_out.shape[0]
        self.out.fate, self.out.n_fates = &self._fate_out[0], self._fate_out.shape[0]
        self._coming = deque()
        self._held = b""

    def arrived(self, int64_t now_ns):
        """Frames that have reached the host by now, each with that host time (ns): drains."""
        for at, frame in self.core.transmitted():
            delay = self._delay_back[self._n_back % self._delay_back.shape[0]]
            fate = self._fate_back[self._n_back % self._fate_back.shape[0]]
            self._n_back += 1
            self._last_ns = max(self._last_ns, at + delay)
            if fate == OVERTAKEN_C and not self._held:
                self._held = frame
                continue
            if fate != LOST_C:
                self._coming.append((self._last_ns, frame))
            if fate == DOUBLED_C:
                self._coming.append((self._last_ns, frame))
            if self._held:
                self._coming.append((self._last_ns, self._held))
                self._held = b""
        out = []
        while self._coming and self._coming[0][0] <= now_ns:
            out.append(self._coming.popleft())
        return out

    @property
    def next_ns(self):
        """Host time (ns) at which the board does something or a frame reaches the host; None when nothing is planned."""
        upcoming = self.core.next_ns
        if not self._coming:
            return upcoming
        return self._coming[0][0] if upcoming is None else min(upcoming, self._coming[0][0])

    @property
    def n_sent(self):
        """Frames that the host has sent."""
        return self.out.n_sent

    @property
    def cut(self):
        """The cable is pulled out."""
        return bool(self.out.cut)

    def unplug(self):
        """Pull the cable: the board goes dark, what is on the way is lost, nothing is taken any more."""
        self.out.cut = 1
        memset(self.out.held, 0, sizeof(self.out.held))
        self._held = b""
        self._coming.clear()
        self.core.unplug()

    def plug(self):
        """Put the cable back."""
        self.core.transmitted()  # said into the air
        self.out.cut = 0


def _filled(values, dtype):
    out = np.array(values, dtype)
    if out.ndim != 1 or len(out) == 0:
        raise ValueError("a simulated line needs one delay and one fate at least, as a flat list")
    return out

# distutils: sources = hardware/firmware/core/wl_frame.c hardware/firmware/core/wl_core.c hardware/firmware/core/wl_command.c hardware/firmware/core/wl_reply.c hardware/firmware/core/wl_pattern.c hardware/firmware/core/wl_limits.c hardware/firmware/core/wl_queue.c hardware/firmware/core/wl_edge.c hardware/firmware/host/wl_host.c
"""The firmware core in process: the C that runs on a board, under a clock that the caller moves.

Nothing here sleeps or looks at a clock. Bytes arrive one after the other at the line rate, edges of light fall on their exact tick, and
the board's own clock is offset and drifts, so that a host which forgets to map the clocks is found out.
"""
import numpy as np

from libc.stdint cimport INT64_MAX, int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

from wavestim.hardware.firmware.c_core cimport (
    WL_CAP_TTL_IN,
    WL_LEAST_TICK_NS,
    wl_config,
    wl_host,
    wl_host_advance,
    wl_host_device_ns,
    wl_host_edge,
    wl_host_free,
    wl_host_interlock,
    wl_host_new,
    wl_host_next,
    wl_host_receive,
    wl_host_reset,
    wl_host_sent,
    wl_host_sent_peek,
    wl_host_take_sent,
    wl_host_unplug,
    wl_host_when,
    wl_fault,
    wl_ttl_in,
)

EDGE = np.dtype([("device_us", "f8"), ("led", "i4"), ("level", "i4")])
"""An edge of light in the board's own time."""

HOST_EDGE = np.dtype([("host_ns", "i8"), ("device_ns", "i8"), ("led", "i4"), ("level", "i4")])
"""The same with the host time at which it happened."""

STATES = ("boot", "idle", "armed", "pulse", "safe")


cdef class VirtualClock:
    """The simulated host time of one run, ns: the runner moves it, and so does a driver that waits for an answer."""

    def __cinit__(self, int64_t now_ns=0):
        self.now_ns = now_ns

    def __repr__(self):
        return f"VirtualClock(now_ns={self.now_ns})"


cdef class FirmwareCore:
    """A wavelight board in memory.

    Parameters
    ----------
    n_sites : int
        LEDs, 1..256.
    tick_ns : int
        The board's tick; 20 or more, divides 4000.
    drift_ppm : float
        How much faster than the host the board's clock runs.
    boot_ns : int
        Host time (ns) at which the board's clock read zero; may be negative.
    baud : int
        Line rate both ways (10 bits a byte); 0 for a link without wire time.
    graded : bool
        Levels between 0 and 255 are possible.
    max_sites : int
        LEDs the supply carries at once, 1..255.
    boot_id : int
        Differs at every reset of a real board.
    board : int
        The board's kind as HELLO tells it; 0 is this one.
    """

    def __cinit__(self, int n_sites=25, *, int tick_ns=500, double drift_ppm=0.0, int64_t boot_ns=0, int64_t baud=500_000,
                  bint graded=True, int max_sites=64, uint32_t boot_id=1, int board=0):
        if not 1 <= n_sites <= 256:
            raise ValueError(f"n_sites is {n_sites}: a board has 1 to 256 sites")
        if tick_ns < <int>WL_LEAST_TICK_NS or 4000 % tick_ns:
            raise ValueError(f"tick_ns is {tick_ns}: a tick is {WL_LEAST_TICK_NS} ns or more and divides 4000 ns")
        if not 1 <= max_sites <= 255:
            raise ValueError(f"max_sites is {max_sites}: 1 to 255 sites can be lit at once")
        if abs(drift_ppm) > 10_000:
            raise ValueError(f"drift_ppm is {drift_ppm}: clocks of boards stay within 10000 ppm")
        cdef wl_config config
        config.tick_ns = tick_ns
        config.n_sites = n_sites
        config.board = board
        config.graded = graded
        config.caps = WL_CAP_TTL_IN
        config.max_sites = max_sites
        config.reset_cause = 0
        config.boot_id = boot_id
        self.host = wl_host_new(&config, boot_ns, <int64_t>round(drift_ppm * 1000), 10_000_000_000 // baud if baud else 0)
        if self.host is NULL:
            raise MemoryError

    def __dealloc__(self):
        wl_host_free(self.host)

    def receive(self, const uint8_t[::1] data not None, int64_t at_ns):
        """Bytes that the host begins to send at ``at_ns``; each takes its time on the wire, behind those still in flight."""
        if data.shape[0]:
            wl_host_receive(self.host, &data[0], <int>data.shape[0], at_ns)

    def advance(self, int64_t until_ns):
        """Run the board until the host time ``until_ns``."""
        wl_host_advance(self.host, until_ns)

    def transmitted(self):
        """Frames whose last byte has reached the host by now, each with that host time (ns): drains."""
        cdef const wl_host_sent* s
        cdef list out = []
        while True:
            s = wl_host_sent_peek(self.host)
            if s is NULL:
                return out
            out.append((s.ns, (<const uint8_t*>s.bytes)[:s.n]))
            wl_host_take_sent(self.host)

    def host_edges(self):
        """Edges of light since the last call with host and device time (``HOST_EDGE``): drains."""
        out = np.empty(self.host.n_edges, HOST_EDGE)
        cdef uint8_t[::1] view
        if self.host.n_edges:
            view = out.view(np.uint8)
            memcpy(&view[0], self.host.edges, self.host.n_edges * sizeof(wl_host_edge))
            self.host.n_edges = 0
        return out

    def edges(self):
        """Edges of light since the last call in device time (``EDGE``): drains."""
        full = self.host_edges()
        out = np.empty(len(full), EDGE)
        out["device_us"] = full["device_ns"] / 1000.0
        out["led"] = full["led"]
        out["level"] = full["level"]
        return out

    @property
    def n_edges(self):
        """Edges waiting to be drained."""
        return self.host.n_edges

    @property
    def now_ns(self):
        """Host time (ns) that the board has got to."""
        return self.host.host_ns

    @property
    def next_ns(self):
        """Host time (ns) of the next thing the board does or hands over; None when nothing is planned."""
        cdef int64_t t = wl_host_next(self.host)
        return None if t == INT64_MAX else t

    @property
    def state(self):
        """The state as a word."""
        return STATES[self.host.core.state]

    @property
    def lit(self):
        """Sites that shine now."""
        return [s for s in range(256) if self.host.level[s]]

    def device_ns(self, int64_t host_ns):
        """The board's clock (ns since its boot) at a host time."""
        return wl_host_device_ns(self.host, host_ns)

    def host_ns(self, int64_t device_ns):
        """The first host time (ns) at which the board's clock reads ``device_ns``."""
        return wl_host_when(self.host, device_ns)

    def ttl(self, int line, bint level):
        """An edge on a TTL input of the board, now."""
        wl_ttl_in(&self.host.core, <uint8_t>line, <uint8_t>level, <uint32_t>self.host.tick)

    def unplug(self):
        """Pull the cable: dark, and what is on the wire is lost."""
        wl_host_unplug(self.host)

    def freeze(self, int64_t until_ns):
        """Fault injection: the board's main loop hangs until the host time ``until_ns``."""
        self.host.frozen_ns = until_ns

    def set_interlock(self, bint closed):
        """The key switch or door contact."""
        wl_host_interlock(self.host, closed)

    def fault(self, uint8_t cause):
        """Fault injection: the board itself finds something wrong (overtemperature, its supply …), by the code of the cause."""
        wl_fault(&self.host.core, cause)

    def break_chain(self, bint broken=True):
        """Fault injection: the self-test of the LED drivers fails."""
        self.host.chain_broken = broken

    def reset(self, int cause=0, uint32_t boot_id=2):
        """Reset the board: dark, its clock at zero, a new ``boot_id``. cause: 0 power-up, 4 watchdog, 9 brown-out."""
        wl_host_reset(self.host, <uint8_t>cause, boot_id)


cdef int deliver(void* host, const uint8_t* data, int n, int64_t at_ns) noexcept nogil:
    return wl_host_receive(<wl_host*>host, data, n, at_ns)

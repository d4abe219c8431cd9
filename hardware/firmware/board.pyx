# distutils: sources = hardware/firmware/core/wl_frame.c hardware/firmware/core/wl_core.c hardware/firmware/core/wl_command.c hardware/firmware/core/wl_reply.c hardware/firmware/core/wl_pattern.c hardware/firmware/core/wl_limits.c hardware/firmware/core/wl_queue.c hardware/firmware/core/wl_edge.c hardware/firmware/host/wl_host.c
"""The host board behind a pseudo-terminal, in real time: what a driver opens when no hardware is there.

The loop that serves the line runs in C without the GIL, so a busy Python does not delay an answer. The board's clock follows the
monotonic clock; bytes are stamped after they were read, so a starved process never delivers them in the past: what comes too late is
refused as late, and silence of the host ends in darkness, as on a real board. A hang-up of the line is an unplugged cable.
"""
import os
import time

from libc.errno cimport EAGAIN, EINTR, EIO, errno
from libc.stdint cimport int64_t, uint8_t
from posix.unistd cimport read, write

from wavestim.hardware.firmware.c_core cimport (
    wl_host,
    wl_host_advance,
    wl_host_next,
    wl_host_receive,
    wl_host_sent,
    wl_host_sent_peek,
    wl_host_take_sent,
    wl_host_unplug,
)
from wavestim.hardware.firmware.emulator cimport FirmwareCore
from wavestim.hardware.monotonic cimport monotonic_ns

from wavestim.hardware.firmware.emulator import FirmwareCore as _FirmwareCore
from wavestim.hardware.firmware.ptyend import open_pty


cdef extern from *:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <poll.h>
    #include <time.h>
    #ifdef __linux__
    #include <sys/prctl.h>
    static void ws_sharp(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); } /* else a wait ends 50 us late */
    #else
    static void ws_sharp(void) {}
    #endif
    static void ws_wait(int fd, int64_t ns) {
        if (ns <= 0) return;
        struct timespec t = {ns / 1000000000, ns % 1000000000};
        struct pollfd p = {fd, POLLIN, 0};
        if (fd < 0) nanosleep(&t, 0);
        else ppoll(&p, 1, &t, 0); /* poll() knows milliseconds only */
    }
    """
    void ws_wait(int fd, int64_t ns) noexcept nogil
    void ws_sharp() noexcept nogil


cdef int64_t UNPLUGGED_NS = 2_000_000  # how often a line that nobody holds open is looked at


cdef int _serve(wl_host* h, int fd, bint* connected, int64_t* lost, int64_t deadline) noexcept nogil:
    """Serve until an edge of light, the deadline or a signal; returns an errno that ended the line, else 0."""
    cdef uint8_t buffer[4096]
    cdef const wl_host_sent* s
    cdef int64_t now, next
    cdef ssize_t n
    while True:
        n = read(fd, buffer, sizeof(buffer))
        now = monotonic_ns()
        wl_host_advance(h, now)
        if n > 0:
            connected[0] = True
            wl_host_receive(h, buffer, <int>n, now)
        elif n < 0 and errno == EIO:
            if connected[0]:
                connected[0] = False
                wl_host_unplug(h)
        elif n < 0 and errno == EINTR:
            return 0
        elif n < 0 and errno != EAGAIN:
            wl_host_unplug(h)
            return errno
        while True:
            s = wl_host_sent_peek(h)
            if s is NULL:
                break
            if write(fd, s.bytes, s.n) != s.n:
                lost[0] += 1  # the host does not read: its answers are lost, as on a wire
            wl_host_take_sent(h)
        if h.n_edges or now >= deadline:
            return 0
        next = wl_host_next(h)
        if deadline < next:
            next = deadline
        if not connected[0] and now + UNPLUGGED_NS < next:
            next = now + UNPLUGGED_NS
        ws_wait(fd if connected[0] else -1, next - now)


cdef class PtyBoard:
    """A board in memory that serves a pseudo-terminal.

    Parameters
    ----------
    n_sites : int
        LEDs, 1..256.
    **core
        Further keys of `FirmwareCore` (``drift_ppm``, ``graded``, ``max_sites`` …).
    """

    cdef readonly object core
    cdef readonly str pty_name
    cdef FirmwareCore _core
    cdef int _fd
    cdef bint _connected, _pulled
    cdef int64_t _lost

    def __cinit__(self, int n_sites=25, **core):
        self._fd = -1
        core.setdefault("boot_ns", time.monotonic_ns())
        core.setdefault("boot_id", int.from_bytes(os.urandom(4), "little"))
        self.core = _FirmwareCore(n_sites, **core)
        self._core = <FirmwareCore>self.core
        self._fd, self.pty_name = open_pty()

    def service(self, double timeout_s=0.1):
        """Serve the line without the GIL until light changes, the timeout or a signal.

        Returns
        -------
        ndarray
            New edges of light, dtype ``HOST_EDGE``: host time on the monotonic clock (ns), device time (ns), led, level.
        """
        if self._fd < 0:
            if not self._pulled:
                raise ValueError("this board is closed")
            time.sleep(timeout_s)
            wl_host_advance(self._core.host, monotonic_ns())
            return self._core.host_edges()
        cdef int error
        cdef int64_t deadline = monotonic_ns() + <int64_t>(timeout_s * 1e9)
        with nogil:
            ws_sharp()
            error = _serve(self._core.host, self._fd, &self._connected, &self._lost, deadline)
        if error:
            raise OSError(error, os.strerror(error), self.pty_name)
        return self._core.host_edges()

    @property
    def connected(self):
        """A host holds the line open."""
        return bool(self._connected)

    @property
    def frames_lost(self):
        """Answers that found no room because the host did not read."""
        return self._lost

    def fileno(self):
        """Descriptor of the board's end of the line."""
        return self._fd

    def pull(self):
        """The cable is out: dark, and the line is gone; the board lives on, and `plug` finds it as it is."""
        self.close()
        self._pulled = True

    def plug(self):
        """The cable is in again, under another name."""
        if self._fd < 0:
            self._fd, self.pty_name = open_pty()
        self._pulled = False

    def close(self):
        """Dark, and the line is gone."""
        if self._fd >= 0:
            wl_host_advance(self._core.host, monotonic_ns())
            wl_host_unplug(self._core.host)
            os.close(self._fd)
            self._fd = -1
            self._connected = False

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def __dealloc__(self):
        if self._fd >= 0:
            os.close(self._fd)

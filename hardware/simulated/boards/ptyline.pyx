"""The far end of a serial line: a pseudo-terminal whose bytes are stamped when they are read, without the GIL, however busy Python is."""
import os

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint8_t
from posix.unistd cimport read

from wavestim.hardware.monotonic cimport monotonic_ns

from wavestim.hardware.firmware.ptyend import open_pty

cdef extern from * nogil:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <poll.h>
    #include <stdint.h>
    #include <time.h>
    static void bl_wait(int fd, int64_t ns) {
        struct timespec t = {ns / 1000000000, ns % 1000000000};
        struct pollfd p = {fd, POLLIN, 0};
        if (ns <= 0) return;
        if (fd < 0) nanosleep(&t, 0);
        else ppoll(&p, 1, &t, 0);
    }
    """
    void bl_wait(int fd, int64_t ns)

cdef int64_t UNPLUGGED_NS = 2_000_000  # how often a line that nobody holds open is looked at


cdef class PtyLine:
    """A pseudo-terminal that a host may open at `pty_name`."""

    cdef readonly str pty_name
    cdef int _fd
    cdef readonly bint connected

    def __cinit__(self):
        self._fd = -1
        self._fd, self.pty_name = open_pty()

    def receive(self, int64_t until_ns):
        """What the host has written, and when: (bytes, host ns); no bytes when ``until_ns`` came first."""
        cdef uint8_t buffer[4096]
        cdef ssize_t n
        cdef int64_t now
        cdef int code
        with nogil:
            while True:
                n = read(self._fd, buffer, sizeof(buffer))
                code = errno
                now = monotonic_ns()
                if n > 0:
                    self.connected = True
                    break
                if n < 0 and code != EAGAIN and code != EINTR:
                    self.connected = False
                if now >= until_ns or code == EINTR:
                    break
                if self.connected:
                    bl_wait(self._fd, until_ns - now)
                else:
                    bl_wait(-1, min(UNPLUGGED_NS, until_ns - now))
        return bytes(buffer[:n]) if n > 0 else b"", now

    def send(self, bytes data):
        """Say something to the host; lost when it does not read."""
        try:
            os.write(self._fd, data)
        except OSError:
            pass

    def close(self):
        """The cable is pulled."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self.connected = False

    def __dealloc__(self):
        if self._fd >= 0:
            os.close(self._fd)

"""Samples from a byte stream: the thread that only moves blocks from a socket into the ring, without the GIL.

A block on the wire is ``magic u32, n_samples u32, first_sample i64`` (little-endian) and then n x channels of the sink's kind: float32 uV or
int16 bits.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memmove
from posix.unistd cimport read

from wavestim.hardware.monotonic cimport monotonic_ns
from wavestim.realtime.ports cimport INT16_BITS, BlockSink

import struct

MAGIC = 0x4B4C4257   # "WBLK"
HEADER = struct.Struct("<IIq")
MAX_SAMPLES = 65536

cdef uint32_t MAGIC_C = 0x4B4C4257


cdef extern from *:
    """
    #include <poll.h>
    static int ws_readable(int fd, int ms) { struct pollfd p = {fd, POLLIN, 0}; return poll(&p, 1, ms); }
    """
    int ws_readable(int fd, int ms) noexcept nogil


cdef struct Header:
    uint32_t magic
    uint32_t n
    int64_t first


cdef class StreamSource:
    """Reads blocks from a descriptor and pushes them into a sink.

    Parameters
    ----------
    fd : descriptor of a stream socket; stays the caller's.
    n_channels : channels of a sample.
    sink : capsule ``wavestim.BlockSink``; its owner must outlive this object.
    """

    cdef BlockSink* sink
    cdef object sink_owner
    cdef int fd, m, value_bytes
    cdef volatile bint finish
    cdef readonly int64_t n_blocks, next_sample
    cdef readonly str ended

    def __init__(self, int fd, int n_channels, sink):
        self.fd = fd
        self.m = n_channels
        self.sink_owner = sink
        self.sink = <BlockSink*>PyCapsule_GetPointer(sink, "wavestim.BlockSink")
        self.value_bytes = 2 if self.sink.kind == INT16_BITS else 4
        self.ended = ""

    def run(self):
        """Move blocks until :meth:`stop` or the end of the stream; :attr:`ended` says why. Call on a thread of its own."""
        cdef size_t room = sizeof(Header) + <size_t>MAX_SAMPLES * self.m * self.value_bytes
        cdef char* buffer = <char*>malloc(room)
        cdef int why
        if buffer == NULL:
            raise MemoryError
        with nogil:
            why = self.move(buffer, room)
        free(buffer)
        self.ended = ("", "stopped", "the stream ended", "the stream holds something else than blocks of samples")[why]

    cdef int move(self, char* buffer, size_t room) noexcept nogil:
        """Blocks on into the sink, as many as a read brings; why it ended."""
        cdef size_t at = 0, held = 0, need = sizeof(Header)
        cdef ssize_t got
        cdef int64_t host_ns = 0
        cdef Header h
        while True:
            while held - at >= need:
                memcpy(&h, buffer + at, sizeof(Header))
                if h.magic != MAGIC_C or h.n == 0 or h.n > 65536:
                    return 3
                need = sizeof(Header) + <size_t>h.n * self.m * self.value_bytes
                if held - at < need:
                    break
                self.sink.push(self.sink.ctx, buffer + at + sizeof(Header), <int>h.n, h.first, host_ns)
                self.n_blocks += 1
                self.next_sample = h.first + h.n
                at += need
                need = sizeof(Header)
            if at:
                memmove(buffer, buffer + at, held - at)
                held -= at
                at = 0
            if self.finish:
                return 1
            if ws_readable(self.fd, 50) <= 0:
                continue
            got = read(self.fd, buffer + held, room - held)
            host_ns = monotonic_ns()
            if got > 0:
                held += got
            elif got == 0 or (errno != EINTR and errno != EAGAIN):
                return 2

    def stop(self):
        self.finish = True

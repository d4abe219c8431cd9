"""Lock-free ring of samples: one source thread writes; the engine and the recorder read, each at its own pace.

When the slower reader leaves no room the newest samples are dropped and counted: what a reader has not seen yet is never overwritten.
"""

from cpython.pycapsule cimport PyCapsule_GetContext, PyCapsule_New, PyCapsule_SetContext
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int16_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

import os

cimport numpy as cnp

import numpy as np

from wavestim.realtime.atomics cimport acquire, release
from wavestim.realtime.ports cimport FLOAT32_UV, INT16_BITS


ctypedef fused sample_t:
    float
    int16_t


cdef extern from * nogil:
    """
    #include <stdint.h>
    #include <unistd.h>
    #include <sys/eventfd.h>
    static inline int wr_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
    static inline void wr_post(int fd) { uint64_t one = 1; if (write(fd, &one, 8)) {} }
    """
    int make_eventfd "wr_eventfd"()
    void post "wr_post"(int fd)


cdef int ring_push(void* ctx, const void* samples, int n, int64_t first, int64_t host_ns) noexcept nogil:
    """The BlockSink function: called by the source's thread only. Returns the number of samples taken."""
    cdef RingC* ring = <RingC*>ctx
    cdef unsigned long head = ring.head, slowest = acquire(&ring.tails[0]), t = acquire(&ring.tails[1]), at
    cdef int i, room
    if t < slowest:
        slowest = t
    room = <int>(ring.capacity - (head - slowest))
    if room > n:
        room = n
    for i in range(room):
        at = (head + i) % ring.capacity
        memcpy(ring.data + at * ring.sample_bytes, <const char*>samples + i * ring.sample_bytes, ring.sample_bytes)
        ring.stamps[at].sample = first + i
        ring.stamps[at].host_ns = host_ns
    release(&ring.head, head + room)
    ring.n_dropped += n - room
    post(ring.wake_fd)
    return room


cdef const void* ring_peek(RingC* ring, int reader, Stamp* stamp) noexcept nogil:
    """The oldest sample that this reader has not seen, or NULL."""
    cdef unsigned long tail = ring.tails[reader], at
    if tail == acquire(&ring.head):
        return NULL
    at = tail % ring.capacity
    stamp[0] = ring.stamps[at]
    return ring.data + at * ring.sample_bytes


cdef void ring_advance(RingC* ring, int reader) noexcept nogil:
    release(&ring.tails[reader], ring.tails[reader] + 1)


cdef void let_ring_go(object capsule) noexcept:
    Py_DECREF(<object>PyCapsule_GetContext(capsule))


cdef class Ring:

    def __cinit__(self, int n_channels, long capacity, dtype=np.float32):
        """
        Parameters
        ----------
        n_channels : channels of a sample.
        capacity : samples that fit; 30 s and more let the disk hiccup without a loss.
        dtype : float32 (uV) or int16 (bits of the converter).
        """
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.int16):
            raise ValueError(f"a ring holds float32 or int16 samples, not {self.dtype}")
        memset(&self.c, 0, sizeof(RingC))
        self.c.m = n_channels
        self.c.capacity = capacity
        self.c.kind = INT16_BITS if self.dtype == np.int16 else FLOAT32_UV
        self.c.sample_bytes = <size_t>n_channels * <size_t>self.dtype.itemsize
        self.c.data = <char*>calloc(capacity, self.c.sample_bytes)
        self.c.stamps = <Stamp*>calloc(capacity, sizeof(Stamp))
        self.c.wake_fd = make_eventfd()
        if self.c.data == NULL or self.c.stamps == NULL or self.c.wake_fd < 0:
            raise MemoryError(f"no room for a ring of {capacity} samples of {n_channels} channels")
        self.sink_struct.ctx = &self.c
        self.sink_struct.push = ring_push
        self.sink_struct.kind = self.c.kind

    def __dealloc__(self):
        free(self.c.data)
        free(self.c.stamps)
        if self.c.wake_fd >= 0:
            os.close(self.c.wake_fd)

    def sink(self):
        """The capsule ``wavestim.BlockSink`` for a source; it keeps this ring alive."""
        Py_INCREF(self)
        capsule = PyCapsule_New(&self.sink_struct, "wavestim.BlockSink", let_ring_go)
        PyCapsule_SetContext(capsule, <void*>self)
        return capsule

    def push(self, const sample_t[:, ::1] samples, int64_t first_sample, int64_t host_ns):
        """Push a block (n, m) from Python; returns the number of samples taken."""
        self.check(samples.shape[1], INT16_BITS if sample_t is int16_t else FLOAT32_UV)
        if samples.shape[0] == 0:
            return 0
        return ring_push(&self.c, &samples[0, 0], <int>samples.shape[0], first_sample, host_ns)

    def push_timed(self, const sample_t[:, ::1] samples, int64_t first_sample, int64_t host_ns, double ns_per_sample):
        """Push a block of which every sample has its own time (simulated clock): host_ns is that of the first."""
        cdef Py_ssize_t i, taken = 0
        self.check(samples.shape[1], INT16_BITS if sample_t is int16_t else FLOAT32_UV)
        for i in range(samples.shape[0]):
            taken += ring_push(&self.c, &samples[i, 0], 1, first_sample + i, host_ns + <int64_t>(i * ns_per_sample))
        return taken

    cdef check(self, Py_ssize_t n_channels, SampleKind kind):
        if n_channels != self.c.m:
            raise ValueError(f"a block of {n_channels} channels was pushed into a ring of {self.c.m}")
        if kind != self.c.kind:
            raise ValueError(f"the ring holds {self.dtype} samples; a block of another type was pushed")

    def take(self, long most=65536):
        """What the recorder has not seen yet: list of (first_sample, host_ns (n,), block (n, m)), split where the counter jumps."""
        cdef unsigned long tail = self.c.tails[RECORDER], head = acquire(&self.c.head), n = head - tail, i, at, start = 0
        if n > <unsigned long>most:
            n = most
        if n == 0:
            return []
        block = np.empty((n, self.c.m), self.dtype)
        cdef char* into = <char*>cnp.PyArray_DATA(block)
        stamps = np.empty(n, np.int64)
        cdef int64_t[::1] stamp = stamps
        cuts = [0]
        for i in range(n):
            at = (tail + i) % self.c.capacity
            memcpy(into + i * self.c.sample_bytes, self.c.data + at * self.c.sample_bytes, self.c.sample_bytes)
            stamp[i] = self.c.stamps[at].host_ns
            if i and self.c.stamps[at].sample != self.c.stamps[(tail + i - 1) % self.c.capacity].sample + 1:
                cuts.append(i)
        out = []
        for start, i in zip(cuts, [*cuts[1:], n]):
            at = (tail + start) % self.c.capacity
            out.append((self.c.stamps[at].sample, stamps[start:i], block[start:i]))
        release(&self.c.tails[RECORDER], tail + n)
        return out

    def without_engine(self):
        """No engine reads here: what the recorder took is free. To be called after :meth:`take`."""
        release(&self.c.tails[ENGINE], self.c.tails[RECORDER])

    @property
    def n_dropped(self) -> int:
        return self.c.n_dropped

    @property
    def waiting(self) -> int:
        """Samples that the engine has not seen yet."""
        return acquire(&self.c.head) - acquire(&self.c.tails[ENGINE])

    @property
    def waiting_for_recorder(self) -> int:
        return acquire(&self.c.head) - acquire(&self.c.tails[RECORDER])

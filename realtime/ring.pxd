from libc.stdint cimport int64_t

from wavestim.realtime.ports cimport BlockSink, SampleKind

cdef enum:               # readers, each at its own pace
    ENGINE = 0
    RECORDER = 1
    READERS = 2


cdef struct Stamp:
    int64_t sample       # the source's counter
    int64_t host_ns      # when its block was received


cdef struct RingC:
    int m
    SampleKind kind
    size_t sample_bytes  # of all channels
    unsigned long capacity
    char* data
    Stamp* stamps
    int wake_fd
    long n_dropped
    char pad0[64]
    unsigned long head
    char pad1[64]
    unsigned long tails[2]


cdef const void* ring_peek(RingC* ring, int reader, Stamp* stamp) noexcept nogil
cdef void ring_advance(RingC* ring, int reader) noexcept nogil


cdef class Ring:
    cdef RingC c
    cdef BlockSink sink_struct
    cdef readonly object dtype
    cdef check(self, Py_ssize_t n_channels, SampleKind kind)

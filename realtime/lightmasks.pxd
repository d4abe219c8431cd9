"""When our own light is in the samples: the newest intervals, on the source's sample counter. What falls into one is not believed."""

from libc.stdint cimport int64_t

cdef enum:
    MASKS = 64


cdef struct LightMasks:
    unsigned long n      # that there ever were; the newest MASKS are kept
    double start[MASKS]
    double stop[MASKS]


cdef inline void mask_add(LightMasks* m, double start, double stop) noexcept nogil:
    m.start[m.n % MASKS] = start
    m.stop[m.n % MASKS] = stop
    m.n += 1


cdef inline void masks_back(LightMasks* m, double by) noexcept nogil:
    """The sample counter began anew, so much lower: the light stays as long ago as it was."""
    cdef int i
    for i in range(MASKS):
        m.start[i] -= by
        m.stop[i] -= by


cdef inline bint mask_meets(const LightMasks* m, double oldest, int64_t newest) noexcept nogil:
    """Whether any of the samples from oldest to newest holds light."""
    cdef unsigned long i, k = m.n if m.n < MASKS else MASKS
    for i in range(k):
        if m.start[i] <= newest and oldest <= m.stop[i]:
            return True
    return False

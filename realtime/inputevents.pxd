"""Input events between two threads: what waits for the engine, and what it has applied. One writer, one reader, no lock.

Whatever a clock or a person decides enters the engine only this way, keyed by sample counter.
"""

from libc.stdint cimport int64_t

from wavestim.realtime.atomics cimport acquire, release

cdef enum:
    WAITING = 64         # events that fit into a ring


cdef enum InputKind:     # index into records.EVENTS, the ones a live engine takes
    IN_ARM = 0
    IN_DISARM = 1
    IN_PAUSE = 2
    IN_RESUME = 3
    IN_HORIZON = 4
    IN_GAP = 5
    IN_MASK = 6
    IN_GATE = 9
    IN_SHUT = 11
    IN_TEST = 12


cdef struct InputEvent:
    int64_t sample       # apply before this sample; -1: at the next one
    int kind
    double value


cdef struct EventRing:
    InputEvent slots[WAITING]
    unsigned long head
    unsigned long tail


cdef inline bint event_put(EventRing* ring, int64_t sample, int kind, double value) noexcept nogil:
    """False when the ring is full."""
    cdef InputEvent* e = &ring.slots[ring.head % WAITING]
    if ring.head - acquire(&ring.tail) >= WAITING:
        return False
    e.sample = sample
    e.kind = kind
    e.value = value
    release(&ring.head, ring.head + 1)
    return True


cdef inline const InputEvent* event_next(EventRing* ring) noexcept nogil:
    """The oldest event; NULL when there is none. It stands until :func:`event_done`."""
    return NULL if ring.tail == acquire(&ring.head) else &ring.slots[ring.tail % WAITING]


cdef inline void event_done(EventRing* ring) noexcept nogil:
    release(&ring.tail, ring.tail + 1)

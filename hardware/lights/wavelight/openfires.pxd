"""Sequence numbers and what each is in use for: questions that wait for an answer, fires that wait for their end.

A number is taken and given back by either thread; there are 255, and no more fires are open than the board has room for.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from wavestim.hardware.lights.wavelight.shared cimport add, claim, load, next_of, store, swap

cdef enum:               # what a sequence number is in use for
    FREE = 0
    CONTROL = 1
    CLAIMED = 2
    SENT = 3             # a FIRE_AT that waits for its acknowledgement
    ACKED = 4            # ... for its event


cdef struct Fire:
    int32_t decision
    uint8_t slot
    uint8_t flags
    uint8_t retried
    uint8_t size
    int64_t device_ns
    int64_t host_ns
    uint8_t frame[24]


cdef struct OpenFires:
    uint32_t next_seq
    int32_t outstanding  # fires without an end
    int32_t room         # of the board, for fires
    uint8_t use[256]
    Fire fires[256]


cdef inline int seq_take(OpenFires* s, uint8_t use) noexcept nogil:
    """A free sequence number, or -1. 0 is left to frames without an answer."""
    cdef int k
    cdef uint8_t seq
    for k in range(256):
        seq = <uint8_t>next_of(&s.next_seq)
        if seq != 0 and claim(&s.use[seq], use):
            return seq
    return -1


cdef inline bint fires_enter(OpenFires* s) noexcept nogil:
    """Room for one more fire; False when the board has none."""
    if add(&s.outstanding, 1) > s.room:
        add(&s.outstanding, -1)
        return False
    return True


cdef inline void fires_leave(OpenFires* s) noexcept nogil:
    add(&s.outstanding, -1)


cdef inline void seq_release(OpenFires* s, int seq) noexcept nogil:
    """The number is free again; a fire under it has ended."""
    if swap(&s.use[seq], FREE) >= SENT:  # of two that end the same fire one leaves
        fires_leave(s)


cdef inline void seq_acked(OpenFires* s, int seq) noexcept nogil:
    """The board has accepted this fire."""
    if load(&s.use[seq]) == SENT:
        store(&s.use[seq], ACKED)

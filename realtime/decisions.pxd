from wavestim.realtime.trigger cimport DecisionC

cdef enum:
    DECISIONS = 4096


cdef class DecisionRing:
    """Decisions that the engine has made and nobody has taken yet."""
    cdef DecisionC* slots
    cdef unsigned long head, tail
    cdef DecisionC* next(self) noexcept nogil
    cdef bint keep(self) noexcept nogil
    cdef DecisionC* newest(self) noexcept nogil

cdef class Certainty:
    """How large the error is, against how large it was expected to be."""
    cdef double decay, weight, least
    cdef double n11, n12, n22, y1, y2
    cdef readonly double level           # times the expected error where the rhythm is weak
    cdef readonly double burst           # more of it for every multiple of the rhythm's mean power
    cdef void reset(self) noexcept nogil
    cdef void push(self, double error, double expected, double power) noexcept nogil

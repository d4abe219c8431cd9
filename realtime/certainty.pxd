cdef class Certainty:
    """How large the error is, against how large it was expected to be."""
    cdef double decay, weight, least
    cdef double n0, n11, n12, n22, y1, y2
    cdef readonly double level           # times the expected error where the rhythm is weak
    cdef readonly double burst           # more of it for every multiple of the rhythm's mean power
    cdef double right, told              # leaky means: cosine of the phase errors, what was expected of it
    cdef readonly double kept            # their ratio: a few errors are far larger than a Gaussian's
    cdef void reset(self) noexcept nogil
    cdef void push(self, double error, double expected, double power, double noise) noexcept nogil
    cdef void judge(self, double cosine, double resultant) noexcept nogil

cdef enum:
    FLANKS_MAX = 4


cdef class Novelty:
    """Whether the noise of this second is another one than before."""
    cdef int n_flanks, n_heard
    cdef double usual_change             # divergence of a second's covariance from what was learned
    cdef double usual_spread             # and how far a second is from that, mean of the absolute
    cdef double usual_level[FLANKS_MAX]  # log power of a second
    cdef double usual_swing[FLANKS_MAX]  # and how far a second is from that, mean of the absolute
    cdef int n_changed                   # seconds in a row in which it was another one
    cdef bint look(self, double divergence, const double* level) noexcept nogil
    cdef bint louder(self, const double* level) noexcept nogil
    cdef void get_used(self, double divergence, const double* level) noexcept nogil

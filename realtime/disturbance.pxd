from wavestim.realtime.whitening cimport BANDS_MAX, RMAX, Biquads


cdef class Disturbance:
    """Whether the flanks of the band hold what no brain makes: the animal moves, or somebody else stimulates."""
    cdef int r, n_flanks
    cdef long heard, quiet, loud         # ticks: that taught what is usual; since it was last loud; since it was last usual
    cdef long memory, warm_up, hold, give_up
    cdef int since, look                   # ticks from one look at what is usual to the next
    cdef double rate
    cdef Biquads bands[BANDS_MAX]        # the flanks, then the band
    cdef double power[BANDS_MAX][RMAX]   # now, uV^2
    cdef double root[BANDS_MAX][RMAX]    # mean of its fourth root
    cdef double usual[BANDS_MAX][RMAX]   # the fourth power of that
    cdef readonly bint disturbed
    cdef void reset(self) noexcept nogil
    cdef bint tick(self, const double* y) noexcept nogil

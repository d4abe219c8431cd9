from wavestim.realtime.whitening cimport RMAX


cdef class Travel:
    """Whether anything travels: the in-band mode signals against their quadrature."""
    cdef int r
    cdef double re[RMAX * RMAX]          # <x x'> of the in-band modes
    cdef double im[RMAX * RMAX]          # <x dx' - dx x'> / 2 over a tick, antisymmetric
    cdef double power, speed             # <x'x>, <dx'dx>: their ratio is the squared angle of a tick
    cdef double last[RMAX]
    cdef double slopes[3][RMAX]          # the mean over the electrodes and the slopes along both axes, in mode space
    cdef double keep                     # exp(-1 / (tau fs))
    cdef double weight                   # of the memory that is filled
    cdef double looks                    # independent looks in a full memory
    cdef double log_chance
    cdef void reset(self) noexcept nogil
    cdef void add(self, const double* x) noexcept nogil
    cdef void skip(self) noexcept nogil
    cdef double limit(self) noexcept nogil
    cdef double coherence(self, const double* a, const double* b) noexcept nogil
    cdef double of_pattern(self, const double* re, const double* im, const double* V) noexcept nogil
    cdef double of_any(self, const double* V) noexcept nogil

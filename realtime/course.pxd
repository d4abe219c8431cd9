from libc.stdint cimport int64_t

cdef enum Forbidden:         # index into records.VERDICTS
    MAY = 0
    GATE = 11
    WASHOUT = 12


cdef class Course:
    cdef const unsigned char[::1] catches
    cdef readonly long position          # trials that are done: index into the order of conditions
    cdef readonly long n_trials, per_block
    cdef readonly double dark_to         # washout until this sample
    cdef double open_from, open_to       # of the gate, in samples
    cdef double washout, lit_to
    cdef bint gated, by_opening
    cdef long most
    cdef readonly long in_opening        # pulses since the gate opened
    cdef int may(self, double start, double end) noexcept nogil
    cdef bint is_catch(self) noexcept nogil
    cdef bint full(self, long more) noexcept nogil
    cdef bint over(self) noexcept nogil
    cdef void booked(self, double end) noexcept nogil
    cdef void next_trial(self) noexcept nogil
    cdef void turn(self, int64_t n) noexcept nogil
    cdef void opens(self, double sample) noexcept nogil
    cdef void shuts(self, double sample) noexcept nogil
    cdef void jumped_back(self, double by) noexcept nogil

from libc.stdint cimport int64_t

cdef enum:
    MINUTES = 61             # of the dose: the running one, and the hour before it

cdef enum Withheld:          # index into records.VERDICTS
    ALLOWED = 0
    IRRADIANCE = 5
    WIDTH = 6
    OVERLAP = 7
    DUTY = 8
    DOSE = 9
    TEMPERATURE = 10


cdef class Governor:
    cdef readonly object limits
    cdef Py_ssize_t n_slots, n_sites, n_states
    cdef double max_irradiance, max_pulse, max_duty, max_dose, max_rise
    cdef const double[::1] reference, brightest, met, longest, begins, ends, slack, tau
    cdef const double[:, ::1] lit_from, lit_to, lit, ready, dose, peak, keep
    cdef const double[:, :, ::1] heat
    cdef bint started
    cdef double last                     # reference of the newest pattern, s
    cdef double[:, ::1] state            # (m, k) K, as of `last`
    cdef double lit_until                # all light ends here, s
    cdef double[::1] dark_from           # the last light of a site ends here, s
    cdef double[::1] ready_at            # the board lights a site again from here, s
    cdef double[::1] rest_to             # until here the duty limit lets a site rest, s
    cdef double[:, ::1] minutes          # (m, MINUTES) mJ/mm2
    cdef int64_t minute                  # that the newest column belongs to
    cdef double[::1] fading              # (k,) of the states, from `last` to the pattern that is judged
    cdef int judge(self, int slot, double start_s) noexcept nogil
    cdef void book(self, int slot, double start_s) noexcept nogil
    cdef void turn(self, double t) noexcept nogil
    cdef void jumped_back(self, double by_s) noexcept nogil

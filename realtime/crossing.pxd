cdef enum:
    LAGS = 257           # of the cross-correlation, both signs and zero
    SURROGATES = 20      # shifts, half of them of either side
    PAST = 4096          # looks that are remembered
    CYCLES = 33          # candidates at most


cdef struct Crossed:     # what is known of a crossing now
    double delay_s       # > 0: the second region follows the first
    double sd_s          # infinite while the phases are not locked
    double locking       # 0 to 1
    double chance        # locking that chance exceeds with the probability CHANCE
    double certainty     # probability of the cycle that was named
    bint known


cdef class Crossing:
    """The delay with which a wave crosses from one region to another, from their phases."""
    cdef readonly double look_s, longest_s
    cdef int n_lags, reach, at
    cdef long n_looks, settle
    cdef double keep, forget, omega_min, omega_max, factor
    cdef int shift[SURROGATES]           # looks; positive: the first region's past against the second's present
    cdef double re[LAGS]
    cdef double im[LAGS]
    cdef double power_a, power_b
    cdef double lately_a, lately_b       # the same over a short while: is there a wave to speak of?
    cdef double s_re[SURROGATES]
    cdef double s_im[SURROGATES]
    cdef double s_power[SURROGATES]      # of the past of the one that is shifted
    cdef double[:, ::1] past             # (PAST, 4) phasors: first re, im, second re, im
    cdef Crossed now
    cdef void reset(self) noexcept nogil
    cdef void push(self, double phase_a, double sd_a, double phase_b, double sd_b) noexcept nogil
    cdef void judge(self) noexcept nogil

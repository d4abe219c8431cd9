from wavestim.realtime.linalg cimport cholesky
from wavestim.realtime.novelty cimport Novelty

cdef enum:
    RMAX = 12           # modes at most
    SECTIONS_MAX = 16   # biquad sections of one filter at most
    BANDS_MAX = 5       # up to four flanks, and the band


cdef struct Biquads:    # direct form II transposed, one state per section and mode
    int n
    double c[SECTIONS_MAX][5]            # b0 b1 b2 a1 a2
    double z[SECTIONS_MAX][2][RMAX]


cdef void load_biquads(Biquads* f, double[:, ::1] sos) except *
cdef void biquads_run(Biquads* f, const double* x, double* y, int r) noexcept nogil


cdef class Whitener:
    """Makes the noise of the mode signals white in time and space, and goes on learning its covariance in the flanks of the band."""
    cdef readonly int r
    cdef int n_bands, relearn_ticks, learning, n_in_batch
    cdef long since
    cdef double n_seen, memory, fs, floor, in_band_rate, size_mean
    cdef double widths[BANDS_MAX]
    cdef Biquads shaper
    cdef double[::1] colour_phase        # of the shaper, at 1, 2, ... Hz
    cdef double[::1] colour_gain
    cdef Biquads bands[BANDS_MAX]
    cdef double seen[BANDS_MAX][RMAX]    # what these gave last
    cdef double R[RMAX * RMAX]
    cdef double C_in[RMAX * RMAX]
    cdef double sums[BANDS_MAX][RMAX * RMAX]     # of the flanks, then of the band
    cdef double V[RMAX * RMAX]           # white = V' modes
    cdef double iV[RMAX * RMAX]          # modes = iV white
    cdef double size[RMAX]               # squared length of its columns
    cdef double M[RMAX * RMAX]           # old white -> new white, valid after a relearning
    cdef double sig2[RMAX]               # prior variance of the free pattern in white space
    cdef double scale_pattern
    cdef double noise_power              # trace of R
    cdef double gain                     # power of the last second's noise, over what R expects
    cdef Novelty novelty
    cdef void white(self, const double* modes, double* shaped, double* out) noexcept nogil
    cdef void colour(self, double f_hz, double* phase, double* gain) noexcept nogil
    cdef void listen(self, double* levels) noexcept nogil
    cdef void take_flanks(self, double* mean) noexcept nogil
    cdef double divergence(self, const double* C) noexcept nogil
    cdef int learn(self, const double* shaped) noexcept nogil
    cdef void rebuild(self, bint first) noexcept nogil

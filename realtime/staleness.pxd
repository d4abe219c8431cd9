from wavestim.realtime.wavemodel cimport WaveModel
from wavestim.realtime.whitening cimport BANDS_MAX, RMAX

cdef enum:               # index into staleness.WHY
    LEVEL = 0            # log of the noise power
    COLOUR = 1           # log of the power above the band over that below it
    COVARIANCE = 2       # log arithmetic over geometric mean of the eigenvalues: how far from the same shape
    FREQUENCY = 3        # Hz
    CHANNELS = 4         # part of the calibration's channels that is missing
    STATISTICS = 5


cdef class Watch:
    """Whether the samples still look like those that the calibration was learned from."""
    cdef int r, n_bands, n_used, every
    cdef double rate
    cdef double whitening[BANDS_MAX][RMAX * RMAX]  # lower triangular; makes the calibration's flanks the unit matrix
    cdef double weight[BANDS_MAX]                  # in the level and the shape
    cdef double tilt[BANDS_MAX]                    # in the colour: highest flank less lowest
    cdef double centre[STATISTICS]                 # what the calibration's own state shows
    cdef double limit[STATISTICS]                  # and how far from that it may go
    cdef double sums[BANDS_MAX][RMAX * RMAX]       # of this second
    cdef double wave_sum, turns_sum
    cdef long n_ticks, n_taken, n_lost, quiet
    cdef double S[BANDS_MAX][RMAX * RMAX]          # leaky
    cdef double wave_s, turns, known_s
    cdef double value[STATISTICS]
    cdef int over, under
    cdef readonly bint stale
    cdef readonly int why                          # bits, index into staleness.WHY
    cdef void tick(self, WaveModel model, bint masked, int lost) noexcept nogil
    cdef void hold(self) noexcept nogil
    cdef void take(self, WaveModel model) noexcept nogil
    cdef void look(self) noexcept nogil
    cdef void judge(self, int bits) noexcept nogil

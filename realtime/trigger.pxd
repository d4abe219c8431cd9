from libc.stdint cimport int16_t, int64_t, uint64_t

from wavestim.realtime.course cimport Course
from wavestim.realtime.describe cimport Wave
from wavestim.realtime.forecast cimport Horizon
from wavestim.realtime.governor cimport Governor
from wavestim.realtime.pulsetimes cimport Recorded
from wavestim.realtime.wavemodel cimport WaveModel

cdef enum Verdict:      # index into records.VERDICTS; those of governor, course and recorded pulses follow
    SCHEDULED = 0
    NO_WAVE = 1
    UNSURE = 2
    DIRECTION = 3
    PGD = 4
    NO_SITE = 14
    NOT_HELD = 15

cdef enum HeadingMode:
    HEADING_NONE = 0
    HEADING_WITH = 1
    HEADING_AGAINST = 2
    HEADING_ORTHOGONAL = 3
    HEADING_FIXED = 4

cdef enum PolicyMode:
    PHASE_LOCKED = 0
    RATE_MATCHED_RANDOM = 1
    OPEN_LOOP = 2
    REPLAYED = 3


cdef struct DecisionC:
    int64_t sample
    double fire_sample
    double start_sample
    double predicted_sd_deg
    Wave wave
    int condition       # -1: light by hand
    int slot
    int dark            # sham or catch
    int verdict


cdef struct ConditionC:
    int dark
    int heading
    double heading_deg
    int slot0
    int n_headings
    int speed0          # into speeds
    int n_speeds
    double offset       # of the wanted phase, rad


cdef class Trigger:
    cdef readonly int site
    cdef readonly double horizon_s
    cdef double target, refractory, max_sd_deg, direction, tolerance, min_pgd, period, fs, tick
    cdef int policy, n_conditions, n_planned
    cdef uint64_t seed, draws
    cdef double next_fire          # refractory until this sample
    cdef double next_locked        # the same, as if light were phase-locked
    cdef long owed                 # pulses that phase locking would have given and that have not come yet
    cdef double previous           # phase to the target on the last tick, rad
    cdef bint has_previous
    cdef int64_t next_period
    cdef ConditionC* conditions
    cdef double[::1] speeds
    cdef double[::1] lead_s
    cdef double[::1] duration_s
    cdef const unsigned char[::1] reaches
    cdef const int16_t[::1] sequence
    cdef Horizon horizon
    cdef readonly Governor governor
    cdef readonly Course course
    cdef readonly Recorded recorded
    cdef int tick_decide(self, int64_t n, WaveModel model, const Wave* wave, double delay_s, DecisionC* out) noexcept nogil
    cdef int decide_replayed(self, int64_t n, WaveModel model, const Wave* wave, double delay_s, DecisionC* out) noexcept nogil
    cdef int by_hand(self, int64_t n, double asked, bint held, const Wave* wave, DecisionC* out) noexcept nogil
    cdef double phase_ahead(self, double ahead_s, WaveModel model, double* sd) noexcept nogil
    cdef int of_wave(self, const Wave* wave, double sd) noexcept nogil
    cdef int settle(self, int verdict, double fire, DecisionC* out) noexcept nogil
    cdef int choose_slot(self, const ConditionC* c, const Wave* wave) noexcept nogil
    cdef double draw(self) noexcept nogil
    cdef void forget(self) noexcept nogil
    cdef void begins(self, int64_t n) noexcept nogil
    cdef void jumped_back(self, double by) noexcept nogil

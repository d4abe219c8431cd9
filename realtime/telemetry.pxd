from libc.stdint cimport int64_t

from wavestim.realtime.describe cimport Wave
from wavestim.realtime.forecast cimport RECORD
from wavestim.realtime.trace cimport COLUMNS
from wavestim.realtime.wavemodel cimport WaveModel

cdef enum:
    SNAPSHOTS = 256


cdef struct Snapshot:        # what the model knew on one tick
    int64_t sample
    double record[RECORD]
    double wave[COLUMNS]


cdef class Telemetry:
    """Ticks of the model that somebody watches: a lock-free ring that the engine's thread writes. Full, it drops and counts."""
    cdef Snapshot* slots
    cdef unsigned long head, tail
    cdef int every, due
    cdef readonly long n_dropped
    cdef void tick(self, int64_t sample, WaveModel model, const Wave* wave, bint settled, bint stale) noexcept nogil

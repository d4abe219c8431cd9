from libc.stdint cimport uint8_t

from wavestim.realtime.coasting cimport Coasting
from wavestim.realtime.filters cimport FilterPair
from wavestim.realtime.forecast cimport RECORD, Outlook
from wavestim.realtime.hindsight cimport Hindsight
from wavestim.realtime.local cimport Local
from wavestim.realtime.residual cimport Residual
from wavestim.realtime.travel cimport Travel
from wavestim.realtime.whitening cimport RMAX, Whitener


cdef class WaveModel:
    cdef readonly int m, r
    cdef readonly double fs
    cdef double[:, ::1] modes            # (m, r)
    cdef double[:, ::1] xy               # (m, 2) layout axes, centred, mm
    cdef double spread[4]                # second moments of the electrodes' places, mm^2: xx, xy, yy; and their number
    cdef Outlook outlook
    cdef Whitener whitener
    cdef readonly FilterPair filters
    cdef Coasting coasting
    cdef Local local
    cdef readonly Residual residual
    cdef Travel travel
    cdef readonly Hindsight hindsight
    cdef double travels
    cdef int look_every
    cdef double rec[RECORD]
    cdef void tick(self, const double* y, bint masked) noexcept nogil
    cdef void own(self, const double* x, const uint8_t* missing, const double* y, bint masked) noexcept nogil
    cdef bint filter(self, const double* y, bint masked, double* modes) noexcept nogil
    cdef void reset(self) noexcept nogil
    cdef void forget(self) noexcept nogil
    cdef void next_modes(self, double* out) noexcept nogil
    cdef void look(self) noexcept nogil
    cdef void record(self) noexcept nogil
    cdef void record_rest(self, const double* modes, bint masked) noexcept nogil

from wavestim.realtime.disturbance cimport Disturbance
from wavestim.realtime.filters cimport FilterPair
from wavestim.realtime.whitening cimport RMAX


cdef class Coasting:
    """What the model is shown of the mode signals: through light, gaps and steps of an amplifier it sees the wave that it expects."""
    cdef readonly int r
    cdef double dt
    cdef FilterPair filters
    cdef double last[RMAX]               # modes that were shown last
    cdef double offset[RMAX]             # steps of the amplifier, taken out
    cdef double level[RMAX]              # residual of the modes when the light came: held through the mask
    cdef double shift[RMAX]              # where a disturbance left it, taken out too, behind the disturbance's own filters
    cdef double base[RMAX]               # where the modes lie, over a second
    cdef double step_power               # usual squared change between ticks, uV^2 over the modes
    cdef Disturbance disturbance
    cdef bint coasting
    cdef bint spoilt                     # a disturbance began or ended with this tick: what was seen last is not to be believed
    cdef bint fresh                      # no sample has been seen since the wave was forgotten
    cdef void reset(self) noexcept nogil
    cdef bint condition(self, const double* y, bint masked, double* modes) noexcept nogil
    cdef bint stepped(self, const double* y) noexcept nogil
    cdef void next_modes(self, double* out) noexcept nogil

"""C interface of the opsin photocycle (see kinetics.pyx)."""


cdef class Photocycle:
    cdef readonly int n
    cdef double[:, ::1] rates      # per cell, in the order of RATES
    cdef double[:, ::1] state      # per cell: O1, O2, C2 (C1 is what is left)
    cdef bint dark_adapted
    cdef void step(self, const double* flux, double dt_ms, double* conductance) noexcept nogil

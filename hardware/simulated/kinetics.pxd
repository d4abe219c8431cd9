"""C interface of the opsin photocycle (see kinetics.pyx)."""


cdef class Photocycle:
    cdef readonly int n
    cdef double g_a1, g_a2, p, phi_m, g_d1, g_d2, g_r, g_f0, k_f, g_b0, k_b, q, gamma
    cdef double[:, ::1] state      # per cell: O1, O2, C2 (C1 is what is left)
    cdef bint dark_adapted
    cdef void step(self, const double* flux, double dt_ms, double* conductance) noexcept nogil

"""C interface of the sheet (see cortex.pyx)."""


cdef class Sheet:
    cdef readonly int nx, ny, stride, size, radius, n_history, n_offsets, n_classes
    cdef readonly double pitch_mm, dt_s, x0_mm, y0_mm
    cdef double coupling, restoring, asymmetry, kx, ky, omega, amplitude, master
    cdef bint steer, plane_edges
    cdef int now, since_stencil
    cdef float[:, ::1] re, im                     # history: planes x cells (padded by the stencil radius)
    cdef float[::1] sum_re, sum_im, tap_re, tap_im
    cdef float[::1] drive                         # real input per cell, 1/s; cleared after every step
    cdef double[::1] off_x, off_y, off_kernel, class_mm
    cdef float[::1] weight
    cdef int[::1] off_cell, off_class, class_first, class_delay
    cdef float[::1] class_frac
    cdef double[::1] col_x, row_y, ex_re, ex_im, ey_re, ey_im

    cdef int cell(self, int ix, int iy) noexcept nogil
    cdef void stencil(self) noexcept nogil
    cdef void phasors(self, double kx, double ky) noexcept nogil
    cdef void edges(self, int plane) noexcept nogil
    cdef void step(self, double omega, double kx, double ky, double amplitude, const float* noise) noexcept nogil

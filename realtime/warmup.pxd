cdef class WarmUp:
    """Samples that a calibration is learned from, and whether it is time for another one."""
    cdef object config
    cdef readonly int m
    cdef double rate
    cdef float[:, ::1] samples           # (ticks, m) conditioned, uV
    cdef readonly long n, ticks          # of them kept, and wanted
    cdef bint renews
    cdef readonly bint renewing          # a new stretch is being collected, or waits to be learned from
    cdef long age                        # ticks of the calibration
    cdef bint complete(self) noexcept nogil
    cdef void applied(self) noexcept nogil
    cdef void keep(self, const double* x) noexcept nogil
    cdef void interrupted(self) noexcept nogil
    cdef void follow(self, const double* x, bint masked, int n_changed, int why) noexcept nogil

cdef class TravelTime:
    """How long ago the wave that is now at each electrode was at one of them."""
    cdef readonly int m, r, site
    cdef double[:, ::1] modes            # (m, r)
    cdef double[::1] x                   # layout axes, mm
    cdef double[::1] y
    cdef Py_ssize_t[::1] order           # of the walk: the site first
    cdef Py_ssize_t[::1] before
    cdef Py_ssize_t[::1] anchor          # the last electrode on the way that has a phase: itself, where it has one
    cdef double[::1] own                 # of the pattern's error at an electrode, in units of that of a mode
    cdef double[::1] common              # the same between the electrode and the site
    cdef double[::1] re                  # the wave now
    cdef double[::1] im
    cdef double[::1] phase               # relative to the site, rad, without jumps
    cdef double[::1] time_s              # what update() found; NaN where there is no travel time
    cdef double[::1] sd_s                # infinite there
    cdef void update(self, const double* rec, int kind) noexcept nogil

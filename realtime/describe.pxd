cdef enum Kind:          # index into records.KINDS
    UNDETERMINED = 0
    NONE = 1
    PLANAR = 2
    ROTATING = 3
    SOURCE = 4
    SINK = 5
    STANDING = 6
    SYNCHRONOUS = 7


cdef struct Wave:        # description of the wave on one tick
    int kind
    double direction_deg
    double speed_mm_s
    double wavelength_mm
    double frequency_hz
    double pgd
    double amplitude_uv
    double centre_x_mm   # of a rotating or radial wave, on the probe; NaN otherwise
    double centre_y_mm
    double sense         # +1 counter-clockwise, -1 clockwise, 0 when not rotating
    double certainty     # agreement of the pattern with the kind that was named, times the probability of a wave; 0 when none was named


cdef class Describer:
    cdef readonly int n_sub, n_centres, r
    cdef double[:, ::1] modes        # (n_sub, r) of a subset of electrodes
    cdef double[:, ::1] grad_x       # (n_sub, r) d modes / dx, layout axes
    cdef double[:, ::1] grad_y
    cdef double[:, ::1] xy           # (n_sub, 2)
    cdef double[:, ::1] centres      # (n_centres, 2)
    cdef double[:, :, ::1] polar     # (n_centres, n_sub, 3): cos, sin of the angle, distance
    cdef double[::1] vr
    cdef double[::1] vi
    cdef double[::1] kx
    cdef double[::1] ky
    cdef double rotation[4]
    cdef double origin_mm[2]
    cdef double extent
    cdef bint planar_only
    cdef Wave wave
    cdef void describe(self, const double* rec) noexcept nogil
    cdef int curved(self, double total, double* best) noexcept nogil

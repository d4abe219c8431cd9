from wavestim.realtime.whitening cimport RMAX

cdef enum:
    CHUNK = 128          # electrodes at a time


cdef class Steering:
    """The steering vectors B'[cos k.r, sin k.r] of a plane wave and their slopes in k, in mode space."""
    cdef readonly int m, r, share
    cdef double[:, ::1] modes            # (r, m) of the electrodes in use
    cdef double[::1] x
    cdef double[::1] y
    cdef int at                          # electrodes done; m when nothing is under way
    cdef double kx, ky
    cdef double total[6][RMAX]
    cdef double k[2]                     # of the finished vectors
    cdef double done[6][RMAX]            # cos, sin, then their slopes in kx and in ky
    cdef void begin(self, double kx, double ky) noexcept nogil
    cdef bint step(self) noexcept nogil
    cdef void finish(self) noexcept nogil

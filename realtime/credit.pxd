from wavestim.realtime.whitening cimport RMAX
from wavestim.realtime.wiener cimport Wiener


cdef class Credit:
    """How far what the electrodes have beyond the modes is to be believed: a regression on what turned out to be true."""
    cdef int n_lanes, size, reach, told_at, spoilt, settling
    cdef double[:, :, ::1] told          # (size, 2, RMAX) what the filter said of them
    cdef double[:, ::1] carrier          # (size, 2) of the wave at the same times
    cdef double locked[RMAX][4]          # truth, then estimate, in the phase of the carrier
    cdef double lock, lock_weight, lock_decay
    cdef double truth_noise, noise_ratio, decay, weight
    cdef readonly double ll, tl, tt
    cdef readonly double b               # weight of the estimate, 0 to 1
    cdef readonly double known           # how sure it is that the band holds more than a wave in noise, 0 to 1
    cdef readonly double power           # uV^2, of an electrode's estimate
    cdef readonly double share           # part of it that background noise does not explain
    cdef void reset(self) noexcept nogil
    cdef void tell(self, int lane, double re, double im) noexcept nogil
    cdef void judge(self, Wiener wiener, const double* newest, bint dark, const double* carrier, double present, double noise_power) noexcept nogil

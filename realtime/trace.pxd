from libc.math cimport NAN
from libc.stdint cimport int64_t

from wavestim.realtime.describe cimport UNDETERMINED, Wave
from wavestim.realtime.wavemodel cimport WaveModel

cdef enum:
    COLUMNS = 12         # of a wave's row: direction, speed, wavelength, frequency, pgd, kind, amplitude, stale, certainty, centre x, y, sense


cdef inline void write_wave(double* row, const Wave* wave, bint settled, bint stale) noexcept nogil:
    """A wave's row; until the model has settled its kind is undetermined."""
    row[0] = wave.direction_deg
    row[1] = wave.speed_mm_s
    row[2] = wave.wavelength_mm
    row[3] = wave.frequency_hz
    row[4] = wave.pgd
    row[5] = wave.kind if settled else <int>UNDETERMINED
    row[6] = wave.amplitude_uv
    row[7] = stale
    row[8] = wave.certainty if settled else 0
    row[9] = wave.centre_x_mm if settled else NAN
    row[10] = wave.centre_y_mm if settled else NAN
    row[11] = wave.sense if settled else 0


cdef class Trace:
    """Every tick of the model, written into arrays of whoever wants to see them all."""
    cdef double[:, ::1] records
    cdef double[:, ::1] waves
    cdef int64_t[::1] samples
    cdef float complex[:, ::1] own       # of every electrode beyond the modes, uV; without rows where nobody asked
    cdef readonly long n                 # rows written
    cdef void learning(self, int64_t sample) noexcept nogil
    cdef void add(self, int64_t sample, WaveModel model, const Wave* wave, bint settled, bint stale) noexcept nogil

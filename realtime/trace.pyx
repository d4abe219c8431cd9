"""Every tick of the model as a row: what ``track()`` makes its answer from. A rig traces nothing, it asks the engine for decisions."""

from libc.string cimport memcpy

from wavestim.realtime.describe cimport UNDETERMINED
from wavestim.realtime.forecast cimport RECORD

TRACE_COLUMNS = 8
"""Of a wave's row: direction, speed, wavelength, frequency, pgd, kind, amplitude, stale."""


cdef class Trace:

    def __init__(self, records, waves, samples, own):
        """Arrays (n, RECORD), (n, TRACE_COLUMNS), (n,) int64 and (n or 0, m) complex64 to write to; ticks that no longer fit are not traced."""
        self.records = records
        self.waves = waves
        self.samples = samples
        self.own = own

    cdef void learning(self, int64_t sample) noexcept nogil:
        """A tick without a model yet."""
        if self.n < self.records.shape[0]:
            self.samples[self.n] = sample
            self.n += 1

    cdef void add(self, int64_t sample, WaveModel model, const Wave* wave, bint settled, bint stale) noexcept nogil:
        """A tick of the model; until it has settled its kind is undetermined."""
        cdef double* row
        cdef double re, im
        cdef int c
        if self.n >= self.records.shape[0]:
            return
        memcpy(&self.records[self.n, 0], model.rec, RECORD * sizeof(double))
        row = &self.waves[self.n, 0]
        row[0] = wave.direction_deg
        row[1] = wave.speed_mm_s
        row[2] = wave.wavelength_mm
        row[3] = wave.frequency_hz
        row[4] = wave.pgd
        row[5] = wave.kind if settled else <int>UNDETERMINED
        row[6] = wave.amplitude_uv
        row[7] = stale
        if self.n < self.own.shape[0] and model.residual.b > 0:
            for c in range(self.own.shape[1]):
                model.residual.estimate(c, &re, &im)
                self.own[self.n, c] = <float>re + 1j * <float>im
        self.samples[self.n] = sample
        self.n += 1

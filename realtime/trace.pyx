"""Every tick of the model as a row: what ``track()`` makes its answer from. A rig traces nothing, it asks the engine for decisions."""

from libc.string cimport memcpy

from wavestim.realtime.forecast cimport RECORD

TRACE_COLUMNS = COLUMNS
"""Of a wave's row: direction, speed, wavelength, frequency, pgd, kind, amplitude, stale, certainty of the kind, centre x and y, sense."""


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
        """A tick of the model."""
        cdef double re, im
        cdef int c
        if self.n >= self.records.shape[0]:
            return
        memcpy(&self.records[self.n, 0], model.rec, RECORD * sizeof(double))
        write_wave(&self.waves[self.n, 0], wave, settled, stale)
        if self.n < self.own.shape[0] and model.residual.credit.b > 0:
            for c in range(self.own.shape[1]):
                model.residual.estimate(c, &re, &im)
                self.own[self.n, c] = <float>re + 1j * <float>im
        self.samples[self.n] = sample
        self.n += 1

"""What the model knows, for whoever watches: every so many ticks a snapshot, in a lock-free ring that never makes the engine wait."""

from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

import numpy as np

from wavestim.realtime.atomics cimport acquire, release
from wavestim.realtime.trace cimport write_wave


cdef class Telemetry:

    def __cinit__(self, int every):
        """every: ticks from one snapshot to the next."""
        self.slots = <Snapshot*>calloc(SNAPSHOTS, sizeof(Snapshot))
        if self.slots == NULL:
            raise MemoryError("no memory for telemetry")
        self.every = every if every > 1 else 1

    def __dealloc__(self):
        free(self.slots)

    cdef void tick(self, int64_t sample, WaveModel model, const Wave* wave, bint settled, bint stale) noexcept nogil:
        cdef Snapshot* s
        self.due -= 1
        if self.due > 0:
            return
        self.due = self.every
        if self.head - acquire(&self.tail) >= SNAPSHOTS:
            self.n_dropped += 1
            return
        s = &self.slots[self.head % SNAPSHOTS]
        s.sample = sample
        memcpy(s.record, model.rec, sizeof(s.record))
        write_wave(s.wave, wave, settled, stale)
        release(&self.head, self.head + 1)

    def take(self):
        """Snapshots since the last call.

        Returns
        -------
        samples : (n,) int64.
        records : (n, RECORD), for :func:`wavestim.realtime.forecast.forecast_records`.
        waves : (n, TRACE_COLUMNS), see :mod:`wavestim.realtime.trace`.
        """
        cdef unsigned long head = acquire(&self.head), i, n = head - self.tail
        cdef Snapshot* s
        samples, records, waves = np.empty(n, np.int64), np.empty((n, RECORD)), np.empty((n, COLUMNS))
        cdef int64_t[::1] a = samples
        cdef double[:, ::1] b = records, c = waves
        for i in range(n):
            s = &self.slots[(self.tail + i) % SNAPSHOTS]
            a[i] = s.sample
            memcpy(&b[i, 0], s.record, sizeof(s.record))
            memcpy(&c[i, 0], s.wave, sizeof(s.wave))
        release(&self.tail, head)
        return samples, records, waves

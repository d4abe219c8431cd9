"""Pulses that were scheduled in another session, to come at the same times after the first sample, whatever the wave does now."""

import numpy as np


cdef class Recorded:

    def __init__(self, pulses):
        """
        Parameters
        ----------
        pulses : PulseTimes
        """
        self.after = np.ascontiguousarray(pulses.after_samples, dtype=np.float64)
        self.condition = np.ascontiguousarray(pulses.condition, dtype=np.int16)
        self.slot = np.ascontiguousarray(pulses.slot, dtype=np.int16)
        self.dark = np.ascontiguousarray(pulses.dark, dtype=np.uint8)

    cdef bint over(self) noexcept nogil:
        return self.next >= self.after.shape[0]

    cdef double fire(self) noexcept nogil:
        """When light of the next one is due, in samples of the source."""
        return self.begin + self.after[self.next]

"""The course of an experiment: which trial it is, whether it is a catch, and whether light may come at all now (gate, washout, the end).

Tables are made before the session; here they are only indexed. A gate opens and shuts by input events.
"""

from libc.stdint cimport int64_t

import numpy as np

cdef double NEVER = float("inf")


cdef class Course:

    def __init__(self, config, double fs_hz):
        """
        Parameters
        ----------
        config : CourseConfig
        fs_hz : rate of the source.
        """
        self.catches = np.ascontiguousarray(config.catches, dtype=np.uint8)
        self.per_block, self.n_trials = config.trials_per_block, config.n_trials
        self.washout = config.washout_s * fs_hz
        self.gated, self.by_opening, self.most = config.gated, config.trial_is_opening, config.pulses_per_opening
        self.open_from = self.open_to = NEVER
        self.dark_to = self.lit_to = -NEVER

    def gate_open_at(self, double sample):
        """Whether light may come at this sample as far as the gate goes, by what is known now; true without a gate."""
        return not self.gated or self.open_from <= sample < self.open_to

    cdef int may(self, double start, double end) noexcept nogil:
        """The verdict on a pattern from its first light to its last."""
        if self.gated and (start < self.open_from or end > self.open_to or self.full(0)):
            return GATE
        if start < self.dark_to:
            return WASHOUT
        return MAY

    cdef bint full(self, long more) noexcept nogil:
        """The opening has had its pulses, with so many more."""
        return self.most > 0 and self.in_opening + more >= self.most

    cdef bint is_catch(self) noexcept nogil:
        return self.catches.shape[0] > 0 and self.catches[self.position % self.catches.shape[0]]

    cdef bint over(self) noexcept nogil:
        """All trials are done."""
        return self.n_trials > 0 and self.position >= self.n_trials

    cdef void booked(self, double end) noexcept nogil:
        """A pulse is scheduled, whose last light ends then."""
        self.in_opening += 1
        self.lit_to = end
        if not self.by_opening:
            self.next_trial()

    cdef void next_trial(self) noexcept nogil:
        self.position += 1
        if self.per_block > 0 and self.position % self.per_block == 0:
            self.dark_to = self.lit_to + self.washout

    cdef void turn(self, int64_t n) noexcept nogil:
        """A tick at sample n: an opening that has ended, and had a pulse, was a trial."""
        if self.by_opening and self.in_opening > 0 and n >= self.open_to:
            self.in_opening = 0
            self.next_trial()

    cdef void opens(self, double sample) noexcept nogil:
        """Light may come from this sample on."""
        if self.by_opening and self.in_opening > 0:
            self.next_trial()
        self.in_opening = 0
        self.open_from = sample
        self.open_to = NEVER

    cdef void shuts(self, double sample) noexcept nogil:
        """Light must have ended by this sample; the latest word counts."""
        if self.open_from < NEVER:
            self.open_to = sample

    cdef void jumped_back(self, double by) noexcept nogil:
        """The sample counter began anew, so much lower."""
        self.open_from -= by
        self.open_to -= by
        self.dark_to -= by
        self.lit_to -= by

"""Where the blocks of every live source come in: the source's own counter becomes the session's, and what is missing, twice or late is counted.

The ring behind it goes only forward. A counter that jumps ahead leaves a gap, which the model passes over as missing. What comes after its place was
passed is late and stays lost. A counter that can't be (behind by a second, or ahead of the clock) is believed when the next block follows it: then the
source was started again, and the session's counter goes on from where the host's clock puts it. Works without the GIL.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from wavestim.realtime.ports cimport INT16_BITS

import time

import numpy as np

KINDS = ("restart", "ttl")
"""Names of the kinds of event, in the order of their codes."""

cdef double BACK_S = 1.0        # a counter that is further behind was started again
cdef int64_t COUNTER_LIMIT = 1 << 60
cdef double AHEAD_S = 2.0       # a counter that is further ahead of the host's clock is not to be believed


cdef extern from *:
    """
    static inline unsigned long wi_acquire(unsigned long *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
    static inline void wi_release(unsigned long *p, unsigned long v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
    """
    unsigned long acquire "wi_acquire"(unsigned long* p) noexcept nogil
    void release "wi_release"(unsigned long* p, unsigned long v) noexcept nogil


cdef class Intake:

    def __cinit__(self, double fs_hz, int n_channels, sink):
        """
        Parameters
        ----------
        fs_hz : samples a second, by which a restart is told from a gap.
        n_channels : channels of a sample.
        sink : capsule ``wavestim.BlockSink``.
        """
        self.fs = fs_hz
        self.m = n_channels
        self.sink_owner = sink
        self.sink = <BlockSink*>PyCapsule_GetPointer(sink, "wavestim.BlockSink")
        self.dtype = np.dtype(np.int16 if self.sink.kind == INT16_BITS else np.float32)
        self.suspect_next = -1

    def block(self, int64_t counter, samples, host_ns=None):
        """Take a block (n, channels) whose first sample has the source's ``counter``.

        Parameters
        ----------
        counter : int
        samples : float32 uV or int16 bits, as the sink takes them.
        host_ns : int, optional
            Monotonic time of receipt; now by default.

        Returns
        -------
        int : samples that went on; what was late, twice or unbelievable did not.

        Raises
        ------
        ValueError
            For another number of channels or type of sample.
        """
        cdef int64_t at = time.monotonic_ns() if host_ns is None else host_ns
        cdef int taken
        cdef const unsigned char[:, ::1] data
        if samples.dtype != self.dtype:
            raise ValueError(f"the sink takes {self.dtype} samples; a block of {samples.dtype} came")
        if samples.ndim != 2 or samples.shape[1] != self.m:
            raise ValueError(f"a block of shape {samples.shape} came from a source of {self.m} channels")
        if len(samples) == 0:
            return 0
        data = np.ascontiguousarray(samples).view(np.uint8)
        with nogil:
            taken = self.accept(<const char*>&data[0, 0], <int>data.shape[0], counter, at)
        return taken

    def restarted(self):
        """The source was started anew: its next block may have any counter."""
        self.expects_restart = self.started

    def was_garbled(self, int n=1):
        """So many packets made no sense and were left out."""
        self.garbled += n

    def was_untold(self, int n=1):
        """So many digital edges were left out."""
        self.untold += n

    def event(self, int64_t counter, str kind, int64_t value=0):
        """Note something that the source told at one of its samples (:data:`KINDS`)."""
        self.note(counter, KINDS.index(kind), value)

    def sample(self, int64_t counter):
        """The session's number of the source's sample, as things stand."""
        return counter - self.base

    @property
    def next_sample(self):
        """The session's number of the sample that is expected next."""
        return self.next_counter - self.base

    def take_events(self):
        """What was noted since the last call: list of (sample of the session, kind, value)."""
        cdef unsigned long i = self.events_out, end = acquire(&self.events_in)
        out = []
        while i != end:
            e = self.events[i % EVENTS]
            out.append((e.sample, KINDS[e.kind], e.value))
            i += 1
        release(&self.events_out, i)
        return out

    cdef int accept(self, const char* data, int n, int64_t counter, int64_t host_ns) noexcept nogil:
        """A block comes in; returns the samples that went on."""
        cdef int64_t end = counter + n, gap, ahead
        cdef int skip = 0, taken
        if n <= 0:
            return 0
        if not -COUNTER_LIMIT < counter < COUNTER_LIMIT:
            self.garbled += 1
            return 0
        if not self.started or self.expects_restart:
            counter = self.begin(n, counter, host_ns)
        else:
            ahead = <int64_t>(self.fs * (AHEAD_S + (host_ns - self.last_host_ns) * 1e-9))
            if self.next_counter - end > BACK_S * self.fs or counter - self.next_counter > ahead:
                if not (0 <= counter - self.suspect_next < self.fs) or self.suspect_next < 0:
                    self.suspect_next = end
                    self.garbled += 1
                    return 0
                self.garbled -= 1                                 # the block before was the first of a new run
                counter = self.begin(n, counter, host_ns)
            elif end <= self.next_counter:
                self.old_run += n
                if self.old_run <= BACK_S * self.fs:
                    self.old(counter, end)
                    return 0
                counter = self.begin(n, counter, host_ns)
        self.suspect_next = -1
        self.old_run = 0
        if counter < self.next_counter:
            self.old(counter, self.next_counter)
            skip = <int>(self.next_counter - counter)
        elif counter > self.next_counter:
            gap = counter - self.next_counter
            self.lost += gap
            self.gaps += 1
            self.pass_over(self.next_counter, counter)
        taken = self.sink.push(self.sink.ctx, data + <int64_t>skip * self.m * (2 if self.sink.kind == INT16_BITS else 4), n - skip,
                               counter + skip - self.base, host_ns)
        self.overflowed += n - skip - taken
        self.blocks += 1
        self.samples += n - skip
        self.next_counter = end
        self.last_host_ns = host_ns
        return n - skip

    cdef int64_t begin(self, int n, int64_t counter, int64_t host_ns) noexcept nogil:
        """A run of counters begins with this block: at 0, or where the host's clock puts it after the last one. Returns its counter."""
        cdef int64_t was = self.next_counter - self.base, jump
        if self.started:
            jump = <int64_t>((host_ns - self.last_host_ns) * 1e-9 * self.fs + 0.5) - n
            if jump < 1:
                jump = 1
            self.skipped += jump
            self.restarts += 1
            self.base = counter - was - jump
            self.note(counter, RESTART, jump)
        else:
            self.base = self.first_counter = counter
        self.started = True
        self.expects_restart = False
        self.next_counter = counter
        self.n_holes = 0
        return counter

    cdef void pass_over(self, int64_t start, int64_t end) noexcept nogil:
        self.holes[self.n_holes % HOLES].start = start
        self.holes[self.n_holes % HOLES].end = end
        self.n_holes += 1

    cdef void old(self, int64_t start, int64_t end) noexcept nogil:
        """Counters that were passed: those that fill a hole are late, the others are here for the second time."""
        cdef int64_t i, a, b, late = 0, known = self.n_holes
        cdef Hole* h
        if known > HOLES:
            known = HOLES
        for i in range(known):
            h = &self.holes[i]
            a = start if start > h.start else h.start
            b = end if end < h.end else h.end
            if b <= a:
                continue
            late += b - a
            if b < h.end and a > h.start:
                self.pass_over(b, h.end)
                h.end = a
            elif b < h.end:
                h.start = b
            else:
                h.end = a
        self.late += late
        self.duplicated += end - start - late

    cdef void note(self, int64_t counter, int kind, int64_t value) noexcept nogil:
        """Left out, and counted, when there is no room; a restart finds some in any case, since clocks and light depend on it."""
        cdef SourceEvent* e = &self.events[self.events_in % EVENTS]
        cdef unsigned long room = EVENTS if kind == RESTART else EVENTS - SPARE
        if self.events_in - acquire(&self.events_out) >= room:
            self.untold += 1
            return
        e.sample = counter - self.base
        e.kind = kind
        e.value = value
        release(&self.events_in, self.events_in + 1)

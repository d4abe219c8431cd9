"""Samples out of liblsl and on into the intake, without the GIL for as long as their stamps follow each other.

Where a stamp is not one sample period after the one before, counting is no matter of adding one any more (`stamps.py`): what was pulled is handed over
with its stamps, and the next pull waits to be told where to go on.
"""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, malloc

from typing import NamedTuple

import numpy as np

from wavestim.hardware.monotonic cimport monotonic_ns
from wavestim.hardware.sources.intake cimport Intake

cdef enum:
    MOST = 1024          # samples of one pull
    TAKEN = 8192         # stamps that are kept for the books
    AGES = 1024
    LOST_ERROR = -2      # of liblsl
    TIMEOUT_ERROR = -1
cdef double CLOSE = 0.1  # of a period: nearer to its place than this, a stamp needs no judging

ctypedef unsigned long (*pull_chunk)(void*, float*, double*, unsigned long, unsigned long, double, int32_t*) noexcept nogil


class Pulled(NamedTuple):
    """What one call brought.

    Attributes
    ----------
    lost : bool
        The stream is broken.
    taken_s : (n,)
        Stamps of the samples that have gone on, consecutive from where :meth:`Puller.follow` said.
    stamps_s, block_uv : (k,), (k, channels)
        What came after them and has not gone on.
    host_ns : int
        When it was received; of the newest sample.
    ages_s : (chunks,)
        Host time less the stamp of the newest sample, of every chunk.
    """

    lost: bool
    taken_s: np.ndarray
    stamps_s: np.ndarray
    block_uv: np.ndarray
    host_ns: int
    ages_s: np.ndarray


cdef class Puller:
    """Pulls from one inlet at a time.

    Parameters
    ----------
    function : int
        Address of ``lsl_pull_chunk_f``.
    n_channels : int
        Of the stream.
    index : (channels,) int
        Channels of the stream that are used.
    scale_uv : (channels,) float32
        What a one in each of them is.
    fs_hz : float
    intake : Intake
    """

    cdef pull_chunk function
    cdef void* inlet
    cdef int n_stream, m
    cdef int32_t[::1] index
    cdef float[::1] scale
    cdef double fs
    cdef Intake intake
    cdef float* raw
    cdef float* ready
    cdef double stamps[MOST]
    cdef double taken[TAKEN]
    cdef double ages[AGES]
    cdef int n_taken, n_ages
    cdef bint follows
    cdef int64_t counter
    cdef double due_s

    def __cinit__(self, size_t function, int n_channels, index, scale_uv, double fs_hz, Intake intake):
        self.function = <pull_chunk>function
        self.n_stream = n_channels
        self.index = np.ascontiguousarray(index, np.int32)
        self.scale = np.ascontiguousarray(scale_uv, np.float32)
        self.m = <int>self.index.shape[0]
        if self.scale.shape[0] != self.m or intake.m != self.m or intake.dtype != "float32":
            raise ValueError(f"{self.m} channels with {self.scale.shape[0]} scales for an intake of {intake.m} channels of {intake.dtype}")
        if self.m and not 0 <= min(index) <= max(index) < n_channels:
            raise ValueError(f"there is no channel {max(index)} in a stream of {n_channels}")
        self.fs = fs_hz
        self.intake = intake
        self.raw = <float*>malloc(<size_t>MOST * n_channels * sizeof(float))
        self.ready = <float*>malloc(<size_t>MOST * self.m * sizeof(float))
        if self.raw == NULL or self.ready == NULL:
            raise MemoryError(f"no room for {MOST} samples of {n_channels} channels")

    def __dealloc__(self):
        free(self.raw)
        free(self.ready)

    def attach(self, size_t inlet):
        """Pull from this inlet (its handle) from now on; nothing is followed."""
        self.inlet = <void*>inlet
        self.follows = False

    def follow(self, int64_t counter, double due_s):
        """The next sample has this counter if its stamp is this one; it goes on by itself, and so do those that follow it."""
        self.follows = True
        self.counter = counter
        self.due_s = due_s

    def pull(self, double longest_s):
        """Move samples until one needs judging, so much time has passed, or the stream is lost.

        Returns
        -------
        Pulled
        """
        cdef int n, i
        cdef int64_t now = 0
        cdef bint lost = False
        with nogil:
            n = self.move(<int64_t>(longest_s * 1e9), &now, &lost)
        self.follows = False
        stamps, block = np.empty(n), np.empty((n, self.m), np.float32)
        cdef double[::1] s = stamps
        cdef float[:, ::1] b = block
        for i in range(n):
            s[i] = self.stamps[i]
        for i in range(n * self.m):
            (&b[0, 0])[i] = self.ready[i]
        return Pulled(
            lost, np.asarray(<double[:TAKEN]>self.taken)[: self.n_taken].copy(), stamps, block, now,
            np.asarray(<double[:AGES]>self.ages)[: self.n_ages].copy(),
        )

    cdef int move(self, int64_t longest_ns, int64_t* now, bint* lost) noexcept nogil:
        """Returns how many samples wait for a judgement."""
        cdef int64_t begin = monotonic_ns(), left
        cdef int n
        self.n_taken = self.n_ages = 0
        while True:
            left = begin + longest_ns - monotonic_ns()
            n = self.chunk(left * 1e-9 if left > 0 else 0.0, lost)
            now[0] = monotonic_ns()
            if lost[0]:
                return 0
            if n > 0:
                if self.n_ages < AGES:
                    self.ages[self.n_ages] = now[0] * 1e-9 - self.stamps[n - 1]
                    self.n_ages += 1
                if not self.follow_chunk(n):
                    return n
                self.intake.accept(<const char*>self.ready, n, self.counter - n, now[0])
            if left <= 0 or self.n_taken + MOST > TAKEN:
                return 0

    cdef int chunk(self, double timeout_s, bint* lost) noexcept nogil:
        """The next sample, and what stands behind it already; 0 when none came."""
        cdef int32_t error = 0
        cdef unsigned long got
        cdef int n, i, k
        cdef float* row
        got = self.function(self.inlet, self.raw, self.stamps, self.n_stream, 1, timeout_s, &error)
        if got:
            got += self.function(self.inlet, self.raw + self.n_stream, &self.stamps[1], (MOST - 1) * <unsigned long>self.n_stream, MOST - 1, 0.0, &error)
        n = <int>(got // self.n_stream)
        if n == 0 and error != 0 and error != TIMEOUT_ERROR:
            lost[0] = True
        for i in range(n):
            row = self.raw + <size_t>i * self.n_stream
            for k in range(self.m):
                self.ready[i * self.m + k] = row[self.index[k]] * self.scale[k]
        return n

    cdef bint follow_chunk(self, int n) noexcept nogil:
        """Whether all of the chunk lies where it is due; then it is on the books."""
        cdef double due = self.due_s
        cdef int i
        if not self.follows:
            return False
        for i in range(n):
            if not -CLOSE <= (self.stamps[i] - due) * self.fs <= CLOSE:
                return False
            due = self.stamps[i] + 1 / self.fs
        for i in range(n):
            self.taken[self.n_taken + i] = self.stamps[i]
        self.n_taken += n
        self.due_s = due
        self.counter += n
        return True

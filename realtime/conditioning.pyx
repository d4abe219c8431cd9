"""Conditioning: reference, missing and dead channels, decimation to the model's rate.

A missing value (NaN, infinite, an electrode that no longer changes) is held at its last good value here and left out of the spatial
projection by the engine; nothing is ever replaced by zero.
"""

import numpy as np
from wavestim.realtime.fmath cimport PI, fabs, sincos

FLAT_S = 0.1           # an electrode that has not changed for so long is dead
MODEL_RATE_HZ = 1000.0 # the model runs at this rate or a little above


cdef double[::1] low_pass(int n, double cutoff):
    """Hamming-windowed sinc of n taps and unit gain; the cut-off is in cycles a sample. Own functions: the same bits everywhere."""
    cdef double[::1] taps = np.ones(n)
    cdef double total = 0, x, s, c
    cdef int i
    for i in range(n):
        x = i - (n - 1) / 2.0
        if x != 0:
            sincos(2 * PI * cutoff * x, &s, &c)
            taps[i] = s / (2 * PI * cutoff * x)
        if n > 1:
            sincos(2 * PI * i / (n - 1), &s, &c)
            taps[i] *= 0.54 - 0.46 * c
        total += taps[i]
    for i in range(n):
        taps[i] /= total
    return taps


cdef class Conditioner:

    def __init__(self, int n_channels, double fs_hz, str reference="none", int reference_channel=0, excluded=None):
        """
        Parameters
        ----------
        n_channels : electrodes.
        fs_hz : rate of the source.
        reference : ``none``, ``average``, ``median`` or ``channel``.
        reference_channel : the electrode subtracted when reference is ``channel``.
        excluded : (m,) bool, electrodes that never take part.
        """
        kinds = {"none": REFERENCE_NONE, "average": REFERENCE_AVERAGE, "median": REFERENCE_MEDIAN, "channel": REFERENCE_CHANNEL}
        self.m = n_channels
        self.reference = kinds[reference]
        self.reference_channel = reference_channel
        self.factor = max(1, int(fs_hz // MODEL_RATE_HZ)) if fs_hz >= 2 * MODEL_RATE_HZ else 1
        self.rate_hz = fs_hz / self.factor
        self.taps = 8 * self.factor + 1 if self.factor > 1 else 1
        self.fir = low_pass(self.taps, 0.4 / self.factor)
        self.delay_samples = (self.taps - 1) / 2
        self.flat_limit = max(8, round(FLAT_S * fs_hz))
        self.last = np.zeros(n_channels, np.float32)
        self.unchanged = np.zeros(n_channels, np.int32)
        self.excluded_mask = np.zeros(n_channels, bool) if excluded is None else np.asarray(excluded, bool)
        self.excluded = self.excluded_mask.astype(np.uint8)
        self.good = np.zeros(n_channels)
        self.scratch = np.zeros(n_channels)
        self.missing = np.zeros(n_channels, np.uint8)
        self.history = np.zeros((self.taps, n_channels))
        self.out = np.zeros(n_channels)
        self.pos = 0
        self.phase = 0
        self.primed = False

    cdef int accept(self, const float* x) noexcept nogil:
        """One sample of the source; 1 when a tick of the model is due, its channels in ``out`` and ``missing``."""
        cdef int c, k, row
        cdef float v
        cdef double ref, w
        self.n_missing = 0
        for c in range(self.m):
            v = x[c]
            # comparisons with NaN are false; 1e7 uV is no potential
            if fabs(v) < 1e7:
                if v == self.last[c]:
                    if self.unchanged[c] < self.flat_limit:
                        self.unchanged[c] += 1
                else:
                    self.unchanged[c] = 0
                    self.last[c] = v
                self.missing[c] = self.unchanged[c] >= self.flat_limit
                if not self.missing[c]:
                    self.good[c] = v
            else:
                self.missing[c] = 1
            if self.excluded[c]:
                self.missing[c] = 1
            self.n_missing += self.missing[c]
        ref = self.reference_value(x)
        if self.factor == 1:
            for c in range(self.m):
                self.out[c] = self.good[c] - ref
            return 1
        if not self.primed:                        # the filter starts from the first value, not from zero
            for k in range(self.taps):
                for c in range(self.m):
                    self.history[k, c] = self.good[c] - ref
            self.primed = True
        for c in range(self.m):
            self.history[self.pos, c] = self.good[c] - ref
        self.pos = (self.pos + 1) % self.taps
        self.phase += 1
        if self.phase < self.factor:
            return 0
        self.phase = 0
        for c in range(self.m):
            self.out[c] = 0
        for k in range(self.taps):
            row = (self.pos + k) % self.taps
            w = self.fir[k]
            for c in range(self.m):
                self.out[c] += w * self.history[row, c]
        return 1

    cdef double reference_value(self, const float* x) noexcept nogil:
        cdef double total = 0, pivot, t
        cdef int c, n = 0, lo, hi, i, j, k
        if self.reference == REFERENCE_NONE:
            return 0
        if self.reference == REFERENCE_CHANNEL:
            return self.good[self.reference_channel]
        for c in range(self.m):
            if not self.missing[c]:
                self.scratch[n] = self.good[c]
                total += self.good[c]
                n += 1
        if n == 0:
            return 0
        if self.reference == REFERENCE_AVERAGE:
            return total / n
        k = n // 2                                 # median by selection (Hoare)
        lo = 0
        hi = n - 1
        while lo < hi:
            pivot = self.scratch[k]
            i = lo
            j = hi
            while i <= j:
                while self.scratch[i] < pivot:
                    i += 1
                while pivot < self.scratch[j]:
                    j -= 1
                if i <= j:
                    t = self.scratch[i]
                    self.scratch[i] = self.scratch[j]
                    self.scratch[j] = t
                    i += 1
                    j -= 1
            if j < k:
                lo = i
            if k < i:
                hi = j
        return self.scratch[k]

"""Conditioning: decimation to the model's rate, missing and dead channels, reference.

Samples are float32 uV, or the int16 of a converter with a gain in uV per bit; the same values give the same bits either way. A missing value
(NaN, infinite, at the rails of the converter) is held at the last good one while the filter runs over it. A channel of which too much was
held, or that no longer changes, is left out of the spatial projection by the engine; nothing is ever replaced by zero.

The loops run over neighbouring channels in a fixed order, so the compiler vectorises them without changing a bit.
"""

import numpy as np
from libc.string cimport memcpy, memset
from wavestim.realtime.fmath cimport PI, fabs, sincos

FLAT_S = 0.1           # an electrode that has not changed for so long is dead
MODEL_RATE_HZ = 1000.0 # the model runs at this rate or a little above
cdef double HELD = 0.25            # a channel is missing when more of the filter's weight than this lies on held values

cdef extern from * nogil:
    """
    #include <math.h>
    #define WS_LARGEST_UV 1e7f
    #define WS_RAIL 32767
    """
    float LARGEST_UV "WS_LARGEST_UV"   # beyond is no potential
    int RAIL "WS_RAIL"                 # of an int16 converter, either sign
    float NAN
    float fabsf(float x)


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
    for i in range(n // 2):                        # symmetric to the bit: the delay is exactly half the length
        taps[n - 1 - i] = taps[i]
    return taps


cdef int take(const float* x, float* good, int* changed, int* bad, int m) noexcept nogil:
    """Samples of one moment, uV; returns how many were none."""
    cdef int c, none, n_none = 0
    cdef float v, held
    for c in range(m):
        v = x[c]
        held = good[c]
        none = not fabsf(v) < LARGEST_UV                        # NaN is not smaller than anything
        v = held if none else v
        changed[c] |= v != held
        bad[c] += none
        n_none += none
        good[c] = v
    return n_none


cdef void to_uv(const int16_t* x, const float* gain, float* out, int m) noexcept nogil:
    """Bits of one moment as uV; NaN where the converter was at its rails."""
    cdef int c, bits
    cdef float g
    for c in range(m):
        bits = x[c]
        g = gain[c]
        g = NAN if (bits >= RAIL) | (bits <= -RAIL) else g
        out[c] = <float>bits * g


cdef void add_pairs(double* out, const float** a, const float** b, const double* w, int m) noexcept nogil:
    """Four taps of the older half of the filter and the four that mirror them."""
    cdef const float* a0 = a[0]
    cdef const float* a1 = a[1]
    cdef const float* a2 = a[2]
    cdef const float* a3 = a[3]
    cdef const float* b0 = b[0]
    cdef const float* b1 = b[1]
    cdef const float* b2 = b[2]
    cdef const float* b3 = b[3]
    cdef double w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3]
    cdef int c
    for c in range(m):
        out[c] += ((w0 * <double>(a0[c] + b0[c]) + w1 * <double>(a1[c] + b1[c]))
                   + (w2 * <double>(a2[c] + b2[c]) + w3 * <double>(a3[c] + b3[c])))


cdef void count_still(int* changed, int* unchanged, const uint8_t* excluded, uint8_t* missing, int limit, int m) noexcept nogil:
    """Ticks without a change, up to a limit: there a channel is dead."""
    cdef int c, still, n
    for c in range(m):
        still = changed[c] == 0
        n = unchanged[c]
        n = still * (n + (n < limit))
        unchanged[c] = n
        changed[c] = 0
        missing[c] = <uint8_t>((n >= limit) | excluded[c])


cdef class Conditioner:

    def __init__(self, int n_channels, double fs_hz, str reference="none", int reference_channel=0, excluded=None, gain_uv=None):
        """
        Parameters
        ----------
        n_channels : electrodes.
        fs_hz : rate of the source.
        reference : ``none``, ``average``, ``median`` or ``channel``.
        reference_channel : the electrode subtracted when reference is ``channel``.
        excluded : (m,) bool, electrodes that never take part.
        gain_uv : uV per bit of int16 samples, one number or (m,); 1 when None.
        """
        kinds = {"none": REFERENCE_NONE, "average": REFERENCE_AVERAGE, "median": REFERENCE_MEDIAN, "channel": REFERENCE_CHANNEL}
        cdef double total = 0
        cdef int i
        self.m = n_channels
        self.reference = kinds[reference]
        self.reference_channel = reference_channel
        self.factor = max(1, int(fs_hz // MODEL_RATE_HZ)) if fs_hz >= 2 * MODEL_RATE_HZ else 1
        self.rate_hz = fs_hz / self.factor
        self.windows = 8 if self.factor > 1 else 1
        self.taps = 8 * self.factor + 1 if self.factor > 1 else 1
        self.fir = low_pass(self.taps, 0.4 / self.factor)
        self.delay_samples = (self.taps - 1) / 2
        self.window_weight = np.zeros(self.windows)
        for i in range(self.windows * self.factor):
            total += fabs(self.fir[i])
        for i in range(self.windows * self.factor):
            self.window_weight[i // self.factor] += fabs(self.fir[i]) / total / self.factor
        self.flat_limit = max(8, round(FLAT_S * self.rate_hz))
        self.gain = np.ones(n_channels, np.float32) * np.asarray(1.0 if gain_uv is None else gain_uv, np.float32)
        self.sample = np.zeros(n_channels, np.float32)
        self.good = np.zeros(n_channels, np.float32)
        self.changed = np.zeros(n_channels, np.int32)
        self.unchanged = np.zeros(n_channels, np.int32)
        self.bad = np.zeros((self.windows, n_channels), np.int32)
        self.any_bad = np.zeros(self.windows, np.int32)
        self.excluded_mask = np.zeros(n_channels, bool) if excluded is None else np.asarray(excluded, bool)
        self.excluded = self.excluded_mask.astype(np.uint8)
        self.scratch = np.zeros(n_channels)
        self.missing = np.zeros(n_channels, np.uint8)
        self.history = np.zeros((self.taps, n_channels), np.float32)
        self.out = np.zeros(n_channels)
        self.restart()

    cdef void restart(self) noexcept nogil:
        """What came before belongs to another time."""
        self.pos = 0
        self.phase = 0
        self.window = 0
        self.primed = False
        memset(&self.bad[0, 0], 0, sizeof(int) * self.windows * self.m)
        memset(&self.any_bad[0], 0, sizeof(int) * self.windows)

    cdef int accept(self, const float* x) noexcept nogil:
        """One sample of the source, uV; 1 when a tick of the model is due, its channels in ``out`` and ``missing``."""
        return self.advance(take(x, &self.good[0], &self.changed[0], &self.bad[self.window, 0], self.m), True)

    cdef int accept_raw(self, const int16_t* x) noexcept nogil:
        """:meth:`accept` of bits of the converter."""
        to_uv(x, &self.gain[0], &self.sample[0], self.m)
        return self.accept(&self.sample[0])

    cdef int accept_nothing(self) noexcept nogil:
        """:meth:`accept` where a sample should have come; on a tick ``missing`` holds every channel that the filter sees too little of."""
        cdef int c
        for c in range(self.m):
            self.bad[self.window, c] += 1
        return self.advance(self.m, False)

    cdef int advance(self, int n_bad, bint wanted) noexcept nogil:
        """The moment is in ``good``. Wanted: what the filter makes of it on a tick; without, only the filter's memory goes on."""
        cdef int c, k
        cdef double ref
        self.any_bad[self.window] |= n_bad
        if self.factor > 1:
            if not self.primed:                    # the filter starts from the first value, not from zero
                for k in range(self.taps):
                    memcpy(&self.history[k, 0], &self.good[0], sizeof(float) * self.m)
                self.primed = True
            memcpy(&self.history[self.pos, 0], &self.good[0], sizeof(float) * self.m)
            self.pos = self.pos + 1 if self.pos + 1 < self.taps else 0
            self.phase += 1
            if self.phase < self.factor:
                return 0
            self.phase = 0
            if wanted:
                self.decimate()
        else:
            for c in range(self.m):
                self.out[c] = self.good[c]
        self.find_missing()
        if wanted and self.reference != REFERENCE_NONE:
            ref = self.reference_value()
            for c in range(self.m):
                self.out[c] -= ref
        return 1

    cdef void decimate(self) noexcept nogil:
        """The filter at the newest sample only; symmetric taps share a multiplication."""
        cdef const float* older[4]
        cdef const float* newer[4]
        cdef const float* row = self.row(self.taps // 2)
        cdef int c, i, k
        for c in range(self.m):
            self.out[c] = self.fir[self.taps // 2] * row[c]
        for k in range(0, self.taps // 2, 4):
            for i in range(4):
                older[i] = self.row(k + i)
                newer[i] = self.row(self.taps - 1 - k - i)
            add_pairs(&self.out[0], older, newer, &self.fir[k], self.m)

    cdef const float* row(self, int k) noexcept nogil:
        """The k-th oldest sample that the filter sees."""
        k += self.pos
        return &self.history[k if k < self.taps else k - self.taps, 0]

    cdef void find_missing(self) noexcept nogil:
        """Which channels can't be believed on this tick; begins the next window."""
        cdef int c, k, w, some = 0
        cdef double held
        count_still(&self.changed[0], &self.unchanged[0], &self.excluded[0], &self.missing[0], self.flat_limit, self.m)
        for k in range(self.windows):
            some |= self.any_bad[k]
        if some:
            for c in range(self.m):
                held = 0
                for k in range(self.windows):
                    w = self.window - k if self.window >= k else self.window - k + self.windows
                    held += self.window_weight[k] * self.bad[w, c]
                if held > HELD:
                    self.missing[c] = 1
        self.window = self.window + 1 if self.window + 1 < self.windows else 0
        if self.any_bad[self.window]:
            self.any_bad[self.window] = 0
            memset(&self.bad[self.window, 0], 0, sizeof(int) * self.m)

    cdef double reference_value(self) noexcept nogil:
        """What the reference takes off every channel of this tick."""
        cdef double total = 0, pivot, t
        cdef int c, n = 0, lo, hi, i, j, k
        if self.reference == REFERENCE_CHANNEL:
            return self.out[self.reference_channel]
        for c in range(self.m):
            if not self.missing[c]:
                self.scratch[n] = self.out[c]
                total += self.out[c]
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

"""From electrodes to modes: y = B'x, with what the modes are expected to show where an electrode is missing.

Modes are stored mode by mode, so that every sum runs over neighbouring memory, in eight partial sums whose order never changes.
"""

import numpy as np


cdef double dot(const double* a, const double* b, Py_ssize_t n) noexcept nogil:
    cdef double s[8]
    cdef Py_ssize_t i, j
    for j in range(8):
        s[j] = 0
    for i in range(0, n - 7, 8):
        for j in range(8):
            s[j] += a[i + j] * b[i + j]
    for i in range(n - n % 8, n):
        s[0] += a[i] * b[i]
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))


cdef class Projection:

    def __init__(self, calibration):
        """Of a calibration's modes and the electrodes that it uses."""
        used = np.asarray(calibration.used, bool)
        self.modes = np.ascontiguousarray(np.where(used[:, None], calibration.modes, 0.0).T)
        self.r, self.m = self.modes.shape[0], self.modes.shape[1]
        self.used = used.astype(np.uint8)
        self.n_used = int(used.sum())
        self.filled = np.zeros(self.m)

    cdef int missing_now(self, const uint8_t* missing) noexcept nogil:
        """How many of the electrodes in use are missing."""
        cdef int c, n = 0
        for c in range(self.m):
            n += missing[c] & self.used[c]
        return n

    cdef void project(self, const double* x, const uint8_t* missing, const double* expected, double* y) noexcept nogil:
        """Mode signals y (r,) of channels x (m,); where one is missing, what the modes are expected to show there."""
        cdef int c, j
        cdef double v
        for c in range(self.m):
            v = x[c]
            if missing[c]:
                v = 0
                if self.used[c]:
                    for j in range(self.r):
                        v += self.modes[j, c] * expected[j]
            self.filled[c] = v
        for j in range(self.r):
            y[j] = dot(&self.modes[j, 0], &self.filled[0], self.m)

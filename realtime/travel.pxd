"""Does anything travel? In-band mode signals against their quadrature, remembered over some two dozen independent looks.

Noise that electrodes share, a common reference, a synchronous rhythm and its harmonics reach every electrode at once: between any two of
their projections the quadrature part of the cross spectrum is zero but for chance. A wave that travels moves power from the cosine of
its pattern to the sine a quarter of a cycle later: there the quadrature coherence is one. The mean over the band does not care how the
frequency jumps, nor whether there are harmonics: they run with the same delays.
"""

from wavestim.realtime.fmath cimport exp, sqrt
from wavestim.realtime.whitening cimport RMAX


cdef enum:
    BURST = 4                    # times the usual power


cdef struct Travel:
    double re[RMAX * RMAX]       # <x x'> of the in-band modes
    double im[RMAX * RMAX]       # <x dx' - dx x'> / 2 over a tick, antisymmetric
    double power, speed          # <x'x>, <dx'dx>: their ratio is the squared angle of a tick
    double last[RMAX]
    double keep                  # exp(-1 / (tau fs))
    double weight                # of the memory that is filled
    double looks                 # independent looks in a full memory
    double chance                # probability that chance passes


cdef inline void travel_add(Travel* t, const double* x, int r) noexcept nogil:
    cdef int i, j
    cdef double g = 1 - t.keep, p = 0, q = 0, f = 1
    for i in range(r):
        p += x[i] * x[i]
        q += (x[i] - t.last[i]) * (x[i] - t.last[i])
    if t.power > 0 and p > BURST * t.power:                       # a burst is no more looks than its time
        f = BURST * t.power / p
    for i in range(r):
        for j in range(i + 1):
            t.re[i * r + j] += g * (f * x[i] * x[j] - t.re[i * r + j])
            t.im[i * r + j] += g * (0.5 * f * (t.last[i] * x[j] - x[i] * t.last[j]) - t.im[i * r + j])
            t.re[j * r + i] = t.re[i * r + j]
            t.im[j * r + i] = -t.im[i * r + j]
    t.power += g * (f * p - t.power)
    t.speed += g * (f * q - t.speed)
    t.weight += g * (1 - t.weight)
    for i in range(r):
        t.last[i] = x[i]


cdef inline void travel_pass(Travel* t, const double* x, int r) noexcept nogil:
    """A tick that shows nothing: what was seen grows old."""
    cdef int i
    t.weight *= t.keep * t.keep
    for i in range(r):
        t.last[i] = x[i]


cdef inline double travel_threshold(const Travel* t) noexcept nogil:
    """Quadrature coherence that chance passes with the probability ``chance``; 1 while too little was seen."""
    cdef double n = t.looks * t.weight / (2 - t.weight)
    if n < 3:
        return 1
    return sqrt(1 - exp(-t.chance / (n - 1)))


cdef inline double travel_coherence(const Travel* t, const double* a, const double* b, int r) noexcept nogil:
    """Quadrature coherence of the projections a'x and b'x: 1 when b follows a by a quarter of a cycle."""
    cdef int i, j
    cdef double aa = 0, bb = 0, ab = 0, u, v, w
    for i in range(r):
        u = v = w = 0
        for j in range(r):
            u += t.re[i * r + j] * a[j]
            v += t.re[i * r + j] * b[j]
            w += t.im[i * r + j] * b[j]
        aa += a[i] * u
        bb += b[i] * v
        ab += a[i] * w
    u = aa * bb * t.speed
    if not (u > 0 and t.power > 0):
        return 0
    return ab / sqrt(u / t.power)

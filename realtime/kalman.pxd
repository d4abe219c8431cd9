"""The two steps of a Kalman filter whose state is an oscillation: [a, b, omega, then further Ornstein-Uhlenbeck states].

``a + ib = A exp(i Phi)`` is the carrier. Its amplitude returns to a slow mean and has radial noise only: the phase has no noise of its own,
only ``omega`` moves it (tangential noise enters while the phase is still unknown). Extended Kalman filter in information form; innovations
that are too large for the predicted covariance are down-weighted (Huber), so an artefact does not teach. Matrices are N x N, row-major,
with N <= 5.
"""

from wavestim.realtime.fmath cimport exp, log, sincos, sqrt
from wavestim.realtime.linalg cimport solve_in_place

cdef enum:
    N_PLANE = 5   # a, b, omega, kx, ky
    N_FREE = 3    # a, b, omega


cdef struct Dynamics:
    double dt            # s, one tick
    double q_amp         # radial process noise of a tick, fraction of the squared slow mean
    double tau_amp       # s, return of the amplitude
    double decay_freq    # exp(-dt / tau), and the stationary variance as a fraction of the squared slow mean
    double var_freq
    double decay_k
    double var_k[2]      # (rad/mm)^2 along the two axes of the layout
    double huber         # SD


cdef inline void predict(double* s, double* P, int n, const double* mean, const Dynamics* d) noexcept nogil:
    """One tick ahead, in place. mean: [A, omega, kx, ky], the slow means the states return to."""
    cdef double A = sqrt(s[0] * s[0] + s[1] * s[1] + 1e-12)
    cdef double sure = A * A / (A * A + P[0] + P[n + 1])          # 0 while there is no phase to speak of
    cdef double c, sn, a, b, ua = 1, ub = 0, fr, ft, m00, m01, m11, f[5][3], fp[25], decay[5], q1, q2, A2, pz, g
    cdef int i, j
    sincos(s[2] * d.dt, &sn, &c)
    a = c * s[0] - sn * s[1]
    b = sn * s[0] + c * s[1]
    if A > 1e-4 * mean[0]:
        ua = a / A
        ub = b / A
    g = d.dt / d.tau_amp * sure
    fr = 1 - g
    ft = 1 + g * (mean[0] - A) / A
    if ft > 1.05:
        ft = 1.05
    m00 = fr * ua * ua + ft * ub * ub
    m11 = fr * ub * ub + ft * ua * ua
    m01 = (fr - ft) * ua * ub
    s[0] = a * ft
    s[1] = b * ft
    f[0][0] = m00 * c + m01 * sn
    f[0][1] = m01 * c - m00 * sn
    f[0][2] = -s[1] * d.dt
    f[1][0] = m01 * c + m11 * sn
    f[1][1] = m11 * c - m01 * sn
    f[1][2] = s[0] * d.dt
    decay[2] = d.decay_freq
    decay[3] = decay[4] = d.decay_k
    for i in range(2, n):
        s[i] = mean[i - 1] + decay[i] * (s[i] - mean[i - 1])
    for j in range(n):                                            # F P
        for i in range(2):
            fp[i * n + j] = f[i][0] * P[j] + f[i][1] * P[n + j] + f[i][2] * P[2 * n + j]
        for i in range(2, n):
            fp[i * n + j] = decay[i] * P[i * n + j]
    for i in range(n):                                            # (F P) F'
        for j in range(2):
            P[i * n + j] = fp[i * n] * f[j][0] + fp[i * n + 1] * f[j][1] + fp[i * n + 2] * f[j][2]
        for j in range(2, n):
            P[i * n + j] = fp[i * n + j] * decay[j]
    P[2 * n + 2] += d.var_freq * mean[1] * mean[1] * (1 - d.decay_freq * d.decay_freq)
    for i in range(3, n):
        P[i * n + i] += d.var_k[i - 3] * (1 - d.decay_k * d.decay_k)
    A2 = s[0] * s[0] + s[1] * s[1] + 1e-12
    pz = (P[0] * s[1] * s[1] - 2 * P[1] * s[0] * s[1] + P[n + 1] * s[0] * s[0]) / A2
    q1 = d.q_amp * mean[0] * mean[0]
    q2 = q1 * pz / (A2 + pz)
    P[0] += (q1 * s[0] * s[0] + q2 * s[1] * s[1]) / A2
    P[n + 1] += (q1 * s[1] * s[1] + q2 * s[0] * s[0]) / A2
    P[1] += (q1 - q2) * s[0] * s[1] / A2
    P[n] = P[1]


cdef inline double update(double* s, double* P, int n, const double* H, const double* nu, const double* R, int r, double huber) noexcept nogil:
    """Update with r white innovations nu of noise variance R; H is r x n. Returns the log-likelihood (constants left out)."""
    cdef double nn = 0, k, logs = 0, w, det, quad = 0, A[25], IM[25], Pn[25], v[5], ds[5]
    cdef int i, j, q
    for q in range(r):
        nn += nu[q] * nu[q] / R[q]
    k = nn / (huber * huber * r)
    if k < 1:
        k = 1
    for i in range(n):
        v[i] = 0
        for j in range(n):
            A[i * n + j] = 0
    for q in range(r):
        w = 1 / (R[q] * k)
        logs += log(R[q] * k)
        for i in range(n):
            v[i] += w * H[q * n + i] * nu[q]
            for j in range(i, n):
                A[i * n + j] += w * H[q * n + i] * H[q * n + j]
    for i in range(n):
        for j in range(i):
            A[i * n + j] = A[j * n + i]
    for i in range(n):
        for j in range(n):
            w = 1.0 if i == j else 0.0
            for q in range(n):
                w += P[i * n + q] * A[q * n + j]
            IM[i * n + j] = w
            Pn[i * n + j] = P[i * n + j]
    det = solve_in_place(IM, Pn, n, n)
    if not det > 0:
        return 0
    for i in range(n):
        ds[i] = 0
        for j in range(n):
            ds[i] += Pn[i * n + j] * v[j]
        quad += v[i] * ds[i]
    for i in range(n):
        s[i] += ds[i]
        for j in range(n):
            P[i * n + j] = 0.5 * (Pn[i * n + j] + Pn[j * n + i])
    return -0.5 * (nn / k - quad + log(det) + logs)

"""Small dense linear algebra in a fixed order of operations (no BLAS: its bits depend on the machine). Matrices are n x n, row-major."""

from wavestim.realtime.fmath cimport fabs, sqrt


cdef inline int cholesky(const double* a, double* l, int n) noexcept nogil:
    """Lower L with L L' = A. Returns -1 when A is not positive definite."""
    cdef int i, j, k
    cdef double s
    for i in range(n):
        for j in range(i + 1):
            s = a[i * n + j]
            for k in range(j):
                s -= l[i * n + k] * l[j * n + k]
            if i == j:
                if not s > 0:
                    return -1
                l[i * n + i] = sqrt(s)
            else:
                l[i * n + j] = s / l[j * n + j]
        for j in range(i + 1, n):
            l[i * n + j] = 0
    return 0


cdef inline void invert_lower(const double* l, double* inv, int n) noexcept nogil:
    cdef int i, j, k
    cdef double s
    for j in range(n):
        for i in range(n):
            if i < j:
                inv[i * n + j] = 0
            elif i == j:
                inv[i * n + i] = 1 / l[i * n + i]
            else:
                s = 0
                for k in range(j, i):
                    s -= l[i * n + k] * inv[k * n + j]
                inv[i * n + j] = s / l[i * n + i]


cdef inline void eigh(double* a, double* q, int n) noexcept nogil:
    """Cyclic Jacobi: A (destroyed) becomes diagonal, the columns of Q its eigenvectors. A fixed 12 sweeps at most."""
    cdef int sweep, i, j, k
    cdef double off, theta, t, c, s, x, y
    for i in range(n):
        for j in range(n):
            q[i * n + j] = 1.0 if i == j else 0.0
    for sweep in range(12):
        off = 0
        x = 0
        for i in range(n):
            x += a[i * n + i] * a[i * n + i]
            for j in range(i):
                off += a[i * n + j] * a[i * n + j]
        if off <= 1e-28 * x:
            return
        for i in range(n - 1):
            for j in range(i + 1, n):
                if a[i * n + j] == 0:
                    continue
                theta = (a[j * n + j] - a[i * n + i]) / (2 * a[i * n + j])
                t = (1.0 if theta >= 0 else -1.0) / (fabs(theta) + sqrt(theta * theta + 1))
                c = 1 / sqrt(t * t + 1)
                s = t * c
                for k in range(n):
                    x = a[k * n + i]
                    y = a[k * n + j]
                    a[k * n + i] = c * x - s * y
                    a[k * n + j] = s * x + c * y
                for k in range(n):
                    x = a[i * n + k]
                    y = a[j * n + k]
                    a[i * n + k] = c * x - s * y
                    a[j * n + k] = s * x + c * y
                for k in range(n):
                    x = q[k * n + i]
                    y = q[k * n + j]
                    q[k * n + i] = c * x - s * y
                    q[k * n + j] = s * x + c * y


cdef inline double solve_in_place(double* a, double* b, int n, int m) noexcept nogil:
    """B (n x m) := A^-1 B by Gaussian elimination with partial pivoting; A is destroyed. Returns det A, 0 when singular."""
    cdef int i, j, k, p
    cdef double det = 1, f, big, x
    for i in range(n):
        p = i
        big = fabs(a[i * n + i])
        for k in range(i + 1, n):
            if fabs(a[k * n + i]) > big:
                big = fabs(a[k * n + i])
                p = k
        if not big > 1e-300:
            return 0
        if p != i:
            det = -det
            for j in range(n):
                x = a[i * n + j]
                a[i * n + j] = a[p * n + j]
                a[p * n + j] = x
            for j in range(m):
                x = b[i * m + j]
                b[i * m + j] = b[p * m + j]
                b[p * m + j] = x
        det *= a[i * n + i]
        f = 1 / a[i * n + i]
        for k in range(i + 1, n):
            x = a[k * n + i] * f
            if x != 0:
                for j in range(i, n):
                    a[k * n + j] -= x * a[i * n + j]
                for j in range(m):
                    b[k * m + j] -= x * b[i * m + j]
    for i in range(n - 1, -1, -1):
        f = 1 / a[i * n + i]
        for j in range(m):
            x = b[i * m + j]
            for k in range(i + 1, n):
                x -= a[i * n + k] * b[k * m + j]
            b[i * m + j] = x * f
    return det

"""The sheet: complex-valued oscillators with distance-dependent conduction delays, coupled along the way the wave goes.

Every unit is a Stuart–Landau oscillator that relays what reaches it from its neighbours after the delay of the axon between them::

    dz/dt = [μ (1 − |z|²/A²) + iω_r] z + g (c − z) + light + tokens + noise
    c(t)  = Σ_ρ W(ρ) z(r − ρ, t − |ρ|/v) / |H(k)|,   W(ρ) ∝ exp(−ρ²/2σ²) (1 + α cos∠(ρ, k))

The delays make the wave: a plane wave e^{i(ωt − k·r)} is passed on unchanged when arg H = 0, with H(k) = Σ W e^{i(k·ρ − ω|ρ|/v)}; the axonal
speed v is the one that solves this for the wanted wave speed (about twice the wave speed for α = 1, because axons also run obliquely). So the
phase speed ω/|k| is set by conduction, and a packet travels with the group delay |ρ|/v + 1/g of every relay.

The sheet is a patch of a larger cortex: around it lies a border of ghost units that carry the wave that arrives there. Downstream weights vanish
for α = 1, so nothing comes back from the border. A turning or quickening wave is driven by a gradient of the local frequency, ω_r = ω − k̇·r,
which is what ∂φ/∂t = ω − k̇·r asks for: the whole patch turns together instead of being rewritten from the edge.

Nothing here allocates or takes the GIL; the order of every sum is fixed, so a seed gives the same bits however the caller cuts time.
"""
import numpy as np

from libc.math cimport cos, hypot, sin, sqrt

cdef extern from *:
    """
    static void ws_lerp(float *restrict out, const float *restrict a, const float *restrict b, float f, int n)
    { for (int i = 0; i < n; i++) out[i] = a[i] + f * (b[i] - a[i]); }
    static void ws_axpy(float *restrict out, const float *restrict x, float w, int n)
    { for (int i = 0; i < n; i++) out[i] += w * x[i]; }
    static void ws_update(float *restrict re, float *restrict im, const float *restrict zr, const float *restrict zi,
                          const float *restrict cr, const float *restrict ci, const float *restrict u,
                          const float *restrict nr, const float *restrict ni, const float *restrict pr, const float *restrict pi,
                          float rr, float ri, float mu, float g, float dt, float inv_a2, int n)
    {
        for (int i = 0; i < n; i++) {
            float a = zr[i], b = zi[i];
            float s = (a * a + b * b) * inv_a2;
            s = mu * (1.0f - (s < 64.0f ? s : 64.0f)) - g;
            float x = a + dt * (s * a + g * cr[i] + u[i]) + nr[i];
            float y = b + dt * (s * b + g * ci[i]) + ni[i];
            float qr = rr * pr[i] - ri * pi[i], qi = rr * pi[i] + ri * pr[i];
            re[i] = x * qr - y * qi;
            im[i] = x * qi + y * qr;
        }
    }
    """
    void ws_lerp(float* out, const float* a, const float* b, float f, int n) noexcept nogil
    void ws_axpy(float* out, const float* x, float w, int n) noexcept nogil
    void ws_update(float* re, float* im, const float* zr, const float* zi, const float* cr, const float* ci, const float* u,
                   const float* nr, const float* ni, const float* pr, const float* pi,
                   float rr, float ri, float mu, float g, float dt, float inv_a2, int n) noexcept nogil

cdef int STENCIL_EVERY = 4            # steps between updates of weights and delays: they follow drifts of 100 ms and slower


cdef class Sheet:
    """A patch of nx × ny units.

    Parameters
    ----------
    nx, ny : int
        Units along x and y.
    pitch_mm : float
        Distance between neighbours.
    dt_s : float
        Time step, at most 1 ms.
    coupling_per_s : float
        g: how fast a unit follows its input; zero switches propagation off.
    restoring_per_s : float
        μ: how fast an amplitude returns to its limit cycle.
    reach_mm : float
        σ of the coupling kernel, cut at three units.
    asymmetry : float
        α, 0 (isotropic) to 1 (only from upstream).
    slowest_mm_s : float
        The slowest wave that the delay line must hold.
    plane_edges : bool
        True: the border carries the wave; False: it repeats the outermost units (negative controls).
    """

    def __init__(self, int nx, int ny, double pitch_mm, double dt_s, *, double coupling_per_s, double restoring_per_s,
                 double reach_mm, double asymmetry, double slowest_mm_s, bint plane_edges=True, double x0_mm=0.0, double y0_mm=0.0):
        cdef int r = 3, j, dx, dy
        if nx < 2 or ny < 2:
            raise ValueError(f"a sheet needs at least 2 x 2 units, not {nx} x {ny}")
        self.nx, self.ny, self.radius = nx, ny, r
        self.stride = nx + 2 * r
        self.size = self.stride * (ny + 2 * r)
        self.pitch_mm, self.dt_s, self.x0_mm, self.y0_mm = pitch_mm, dt_s, x0_mm, y0_mm
        self.coupling, self.restoring, self.asymmetry = coupling_per_s, restoring_per_s, asymmetry
        self.steer = self.plane_edges = plane_edges
        self.n_history = int(np.ceil(r * pitch_mm / slowest_mm_s / dt_s)) + 3
        self.re = np.zeros((self.n_history, self.size), np.float32)
        self.im = np.zeros((self.n_history, self.size), np.float32)
        self.sum_re, self.sum_im, self.tap_re, self.tap_im, self.drive = np.zeros((5, self.size), np.float32)
        offsets = [(dx, dy) for dy in range(-r, r + 1) for dx in range(-r, r + 1) if 0 < dx * dx + dy * dy <= r * r]
        offsets.sort(key=lambda o: (o[0] ** 2 + o[1] ** 2, o[1], o[0]))
        squares = sorted({dx * dx + dy * dy for dx, dy in offsets})
        self.n_offsets, self.n_classes = len(offsets), len(squares)
        self.off_x = np.array([dx * pitch_mm for dx, _ in offsets], dtype=np.float64)
        self.off_y = np.array([dy * pitch_mm for _, dy in offsets], dtype=np.float64)
        self.off_cell = np.array([dy * self.stride + dx for dx, dy in offsets], dtype=np.int32)
        self.off_class = np.array([squares.index(dx * dx + dy * dy) for dx, dy in offsets], dtype=np.int32)
        self.off_kernel = np.exp(-(np.asarray(self.off_x) ** 2 + np.asarray(self.off_y) ** 2) / (2.0 * reach_mm**2))
        self.class_mm = np.sqrt(np.array(squares, dtype=np.float64)) * pitch_mm
        first = np.searchsorted(np.asarray(self.off_class), np.arange(len(squares) + 1))
        self.class_first = first.astype(np.int32)
        self.class_delay = np.zeros(len(squares), np.int32)
        self.class_frac = np.zeros(len(squares), np.float32)
        self.weight = np.zeros(len(offsets), np.float32)
        self.col_x = x0_mm + (np.arange(self.stride) - r) * pitch_mm
        self.row_y = y0_mm + (np.arange(ny + 2 * r) - r) * pitch_mm
        self.ex_re, self.ex_im = np.zeros((2, self.stride))
        self.ey_re, self.ey_im = np.zeros((2, ny + 2 * r))
        self.master, self.now, self.since_stencil, self.amplitude = 0.0, 0, 0, 1.0

    @property
    def units_mm(self):
        """Positions of the units (ny·nx, 2), row by row, mm."""
        r = self.radius
        x, y = np.meshgrid(np.asarray(self.col_x)[r:r + self.nx], np.asarray(self.row_y)[r:r + self.ny])
        return np.column_stack([x.ravel(), y.ravel()])

    @property
    def z(self):
        """A copy of the sheet's state now, complex (ny, nx)."""
        r = self.radius
        plane = np.asarray(self.re[self.now]) + 1j * np.asarray(self.im[self.now])
        return plane.reshape(self.ny + 2 * r, self.stride)[r:r + self.ny, r:r + self.nx].copy()

    def start(self, double omega, double kx, double ky, double amplitude, phases=None):
        """Fill the history with the plane wave (or, given phases (ny, nx), with free oscillators) that ends now.

        Parameters
        ----------
        omega : float
            rad/s.
        kx, ky : float
            rad/mm.
        amplitude : float
        phases : ndarray, optional
            rad.
        """
        self.kx, self.ky, self.omega, self.amplitude, self.master, self.now, self.since_stencil = kx, ky, omega, amplitude, 0.0, 0, 0
        space = -(kx * np.asarray(self.col_x)[None, :] + ky * np.asarray(self.row_y)[:, None])
        if phases is not None:
            space = np.pad(np.asarray(phases, dtype=np.float64), self.radius, mode="edge")
        re, im = np.asarray(self.re), np.asarray(self.im)
        for back in range(self.n_history):
            angle = (space - back * omega * self.dt_s).ravel()
            re[-back] = amplitude * np.cos(angle)
            im[-back] = amplitude * np.sin(angle)

    cdef int cell(self, int ix, int iy) noexcept nogil:
        return (iy + self.radius) * self.stride + ix + self.radius

    cdef void stencil(self) noexcept nogil:
        """Weights and delays for the present k and ω."""
        cdef int j, c, turn
        cdef double k = hypot(self.kx, self.ky), ux = 1.0, uy = 0.0, w, along, mean_along = 0.0, mean_r = 0.0
        cdef double slowness, f, slope, angle, real, total = 0.0, rho, steps, longest = self.n_history - 2.0
        if k > 1e-9:
            ux, uy = self.kx / k, self.ky / k
        for j in range(self.n_offsets):                     # off = source → target
            rho = self.class_mm[self.off_class[j]]
            along = (ux * self.off_x[j] + uy * self.off_y[j]) / rho
            w = self.off_kernel[j] * (1.0 + along)          # the delay is solved for the directed kernel, so controls keep the same axons
            mean_along += w * along * rho
            mean_r += w * rho
        slowness = k / self.omega * mean_along / mean_r     # s/mm of axon; first guess for small k
        for turn in range(3):                               # Newton: imaginary part of H is zero
            f = slope = 0.0
            for j in range(self.n_offsets):
                rho = self.class_mm[self.off_class[j]]
                along = (ux * self.off_x[j] + uy * self.off_y[j])
                w = self.off_kernel[j] * (1.0 + along / rho)
                angle = k * along - self.omega * slowness * rho
                f += w * sin(angle)
                slope -= w * cos(angle) * self.omega * rho
            if slope < 0.0:
                slowness = slowness - f / slope
        if slowness < 0.0:
            slowness = 0.0
        for c in range(self.n_classes):
            steps = slowness * self.class_mm[c] / self.dt_s
            if steps > longest:
                steps = longest
            self.class_delay[c] = <int>steps
            self.class_frac[c] = <float>(steps - <int>steps)
        real = 0.0
        for j in range(self.n_offsets):
            rho = self.class_mm[self.off_class[j]]
            along = (ux * self.off_x[j] + uy * self.off_y[j])
            w = self.off_kernel[j] * (1.0 + self.asymmetry * along / rho)
            self.weight[j] = <float>w
            total += w
            angle = (k * along if self.plane_edges else 0.0) - self.omega * slowness * rho
            real += w * cos(angle)
        if real < 0.25 * total:
            real = 0.25 * total
        for j in range(self.n_offsets):
            self.weight[j] = <float>(self.weight[j] / real)

    cdef void phasors(self, double kx, double ky) noexcept nogil:
        """e^{−ik·r} as a product of a column and a row factor."""
        cdef int i
        for i in range(self.stride):
            self.ex_re[i] = cos(kx * self.col_x[i])
            self.ex_im[i] = -sin(kx * self.col_x[i])
        for i in range(self.ny + 2 * self.radius):
            self.ey_re[i] = cos(ky * self.row_y[i])
            self.ey_im[i] = -sin(ky * self.row_y[i])

    cdef void edges(self, int plane) noexcept nogil:
        """Fill the border: with the arriving wave, or (controls) with the nearest units."""
        cdef int ix, iy, i, sx, sy, r = self.radius
        cdef double a, b, mr = self.amplitude * cos(self.master), mi = self.amplitude * sin(self.master)
        cdef float* re = &self.re[plane, 0]
        cdef float* im = &self.im[plane, 0]
        for iy in range(self.ny + 2 * r):
            a = mr * self.ey_re[iy] - mi * self.ey_im[iy]
            b = mr * self.ey_im[iy] + mi * self.ey_re[iy]
            ix = 0
            while ix < self.stride:
                if iy >= r and iy < self.ny + r and ix == r:
                    ix = self.nx + r
                i = iy * self.stride + ix
                if self.plane_edges:
                    re[i] = <float>(a * self.ex_re[ix] - b * self.ex_im[ix])
                    im[i] = <float>(a * self.ex_im[ix] + b * self.ex_re[ix])
                else:
                    sx = min(max(ix, r), self.nx + r - 1)
                    sy = min(max(iy, r), self.ny + r - 1)
                    re[i] = re[sy * self.stride + sx]
                    im[i] = im[sy * self.stride + sx]
                ix += 1

    cdef void step(self, double omega, double kx, double ky, double amplitude, const float* noise) noexcept nogil:
        """One dt: from the wave (kx, ky, amplitude) now to the given one, at angular frequency omega.

        ``noise``: 2·ny·nx increments, real parts then imaginary parts.
        """
        cdef int c, j, p0, p1, iy, i, n = self.size, r = self.radius, nu = self.nx * self.ny
        cdef int lo = r * self.stride + r, span = (self.ny - 1) * self.stride + self.nx
        cdef int nxt = (self.now + 1) % self.n_history
        cdef double growth, angle, qr, qi
        cdef float* cr = &self.sum_re[0]
        cdef float* ci = &self.sum_im[0]
        self.omega = omega
        if self.coupling > 0.0:
            if self.since_stencil == 0:
                self.stencil()
            self.since_stencil = (self.since_stencil + 1) % STENCIL_EVERY
            for i in range(n):
                cr[i] = 0.0
                ci[i] = 0.0
            for c in range(self.n_classes):
                p0 = (self.now - self.class_delay[c] + self.n_history) % self.n_history
                p1 = (p0 - 1 + self.n_history) % self.n_history
                ws_lerp(&self.tap_re[0], &self.re[p0, 0], &self.re[p1, 0], self.class_frac[c], n)
                ws_lerp(&self.tap_im[0], &self.im[p0, 0], &self.im[p1, 0], self.class_frac[c], n)
                for j in range(self.class_first[c], self.class_first[c + 1]):
                    if self.weight[j] < 1e-4:
                        continue
                    ws_axpy(cr + lo, &self.tap_re[lo - self.off_cell[j]], self.weight[j], span)
                    ws_axpy(ci + lo, &self.tap_im[lo - self.off_cell[j]], self.weight[j], span)
        growth = amplitude / self.amplitude
        if self.steer:
            self.phasors(kx - self.kx, ky - self.ky)
        else:
            self.phasors(0.0, 0.0)
        for i in range(self.stride):                        # single-precision copy of the column factor, for the row kernel
            self.tap_re[i] = <float>self.ex_re[i]
            self.tap_im[i] = <float>self.ex_im[i]
        angle = omega * self.dt_s
        for iy in range(self.ny):
            i = self.cell(0, iy)
            qr = growth * (cos(angle) * self.ey_re[iy + r] - sin(angle) * self.ey_im[iy + r])
            qi = growth * (cos(angle) * self.ey_im[iy + r] + sin(angle) * self.ey_re[iy + r])
            ws_update(&self.re[nxt, i], &self.im[nxt, i], &self.re[self.now, i], &self.im[self.now, i], cr + i, ci + i, &self.drive[i],
                      noise + iy * self.nx, noise + nu + iy * self.nx, &self.tap_re[r], &self.tap_im[r],
                      <float>qr, <float>qi, <float>self.restoring, <float>self.coupling, <float>self.dt_s,
                      <float>(1.0 / (self.amplitude * self.amplitude)), self.nx)
        for i in range(n):
            self.drive[i] = 0.0
        self.kx, self.ky, self.amplitude = kx, ky, amplitude
        self.master = self.master + angle
        if self.master > 3.141592653589793:
            self.master = self.master - 6.283185307179586
        if self.plane_edges:
            self.phasors(kx, ky)
        self.edges(nxt)
        self.now = nxt

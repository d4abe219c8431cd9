"""The wave in words and numbers: direction, speed, wavelength, phase-gradient directionality (PGD) and kind.

Phase gradients come from the smooth modes, whose derivatives are known on any layout (PGD: Rubino, Robbins & Hatsopoulos 2006, Nat Neurosci
9:1549). Kinds other than planar are told apart by the coherence of the pattern with a rotation or a radial wave around candidate centres.
"""

from libc.math cimport NAN

import numpy as np

from wavestim.realtime.fmath cimport PI, atan2, fabs, sincos, sqrt
from wavestim.realtime.forecast cimport (
    AMPLITUDE,
    COV_KXKY,
    KX,
    KY,
    OMEGA,
    OMEGA_FREE,
    PATTERN,
    PLANE,
    TRAVELS,
    VAR_FREE,
    VAR_PATTERN,
    VAR_KX,
    VAR_KY,
    VAR_PHI,
    WAVE,
)

MAX_ELECTRODES = 128   # a description does not get better with more
MAX_SPEED_MM_S = 1e6

cdef double COHERENT = 0.8          # below this a pattern is called undetermined
cdef double IN_STEP = 0.95          # above this coherence of plain phase it is synchronous
cdef double LEFT_OVER = 0.35        # a wave that moves leaves less than this of what is not in step
cdef double SIMPLER = 1.3           # a plane wave may leave so much more: it has no centre to choose
cdef double LOST_RAD2 = 2.5         # variance of the phase (SD 90 degrees) beyond which no kind is named
cdef double SYNCHRONOUS_RAD = 0.5   # phase over the half extent that still counts as in step, when k is known to be so small


cdef class Describer:

    def __init__(self, calibration, origin_mm):
        """origin_mm: (2,) where the layout's origin lies on the probe."""
        used = np.flatnonzero(calibration.used)
        sub = used[np.linspace(0, len(used) - 1, min(MAX_ELECTRODES, len(used))).round().astype(int)]
        layout = calibration.layout_mm
        self.modes = np.ascontiguousarray(calibration.modes[sub])
        self.grad_x = np.ascontiguousarray(calibration.gradient[0][sub])
        self.grad_y = np.ascontiguousarray(calibration.gradient[1][sub])
        self.xy = np.ascontiguousarray(layout[sub])
        self.r = self.modes.shape[1]
        self.n_sub = len(sub)
        extent = np.abs(layout[used]).max(axis=0)
        self.extent = float(extent.max())
        self.planar_only = bool(extent[1] < 0.2 * extent[0] or self.r < 6)
        gx, gy = np.meshgrid(np.linspace(-0.8, 0.8, 5) * extent[0], np.linspace(-0.8, 0.8, 5) * extent[1])
        centres = np.column_stack([gx.ravel(), gy.ravel()])
        d = layout[sub][None, :, :] - centres[:, None, :]
        distance = np.sqrt(d[..., 0] * d[..., 0] + d[..., 1] * d[..., 1])
        safe = np.maximum(distance, 1e-9)[..., None]
        self.centres = np.ascontiguousarray(centres)
        self.n_centres = len(centres)
        self.polar = np.ascontiguousarray(np.concatenate([d / safe, distance[..., None]], axis=2))
        self.vr = np.zeros(self.n_sub)
        self.vi = np.zeros(self.n_sub)
        self.kx = np.zeros(self.n_sub)
        self.ky = np.zeros(self.n_sub)
        self.rotation = list(np.asarray(calibration.rotation).ravel())
        self.origin_mm = list(origin_mm)

    cdef void describe(self, const double* rec) noexcept nogil:
        cdef int c, j, r = self.r
        cdef double gxr, gxi, gyr, gyi, b, w, total = 0, power = 0, k_sum = 0, kx = 0, ky = 0, sr = 0, si = 0, qr = 0, qi = 0, pr = 0, pi = 0
        cdef double plane = rec[PLANE], sn, cs, size, sd, in_step, standing, planar, best, x, y, omega
        cdef Wave* o = &self.wave
        for c in range(self.n_sub):
            self.vr[c] = 0
            self.vi[c] = 0
            gxr = gxi = gyr = gyi = 0
            for j in range(r):
                b = self.modes[c, j]
                self.vr[c] += b * rec[PATTERN + j]
                self.vi[c] += b * rec[PATTERN + r + j]
                gxr += self.grad_x[c, j] * rec[PATTERN + j]
                gxi += self.grad_x[c, j] * rec[PATTERN + r + j]
                gyr += self.grad_y[c, j] * rec[PATTERN + j]
                gyi += self.grad_y[c, j] * rec[PATTERN + r + j]
            w = self.vr[c] * self.vr[c] + self.vi[c] * self.vi[c]
            self.kx[c] = -(self.vr[c] * gxi - self.vi[c] * gxr)     # |v|^2 k = -Im(conj(v) grad v)
            self.ky[c] = -(self.vr[c] * gyi - self.vi[c] * gyr)
            kx += self.kx[c]
            ky += self.ky[c]
            k_sum += sqrt(self.kx[c] * self.kx[c] + self.ky[c] * self.ky[c])
            total += sqrt(w)
            power += w
            sr += self.vr[c]
            si += self.vi[c]
            qr += self.vr[c] * self.vr[c] - self.vi[c] * self.vi[c]
            qi += 2 * self.vr[c] * self.vi[c]
        o.pgd = sqrt(kx * kx + ky * ky) / (k_sum + 1e-300)
        if o.pgd > 1:
            o.pgd = 1
        kx /= power + 1e-300
        ky /= power + 1e-300
        total += 1e-300
        for c in range(self.n_sub):                                 # how planar the free pattern is
            sincos(kx * self.xy[c, 0] + ky * self.xy[c, 1], &sn, &cs)
            pr += self.vr[c] * cs - self.vi[c] * sn
            pi += self.vr[c] * sn + self.vi[c] * cs
        planar = sqrt(pr * pr + pi * pi) / total
        in_step = sqrt(sr * sr + si * si) / total
        standing = sqrt(qr * qr + qi * qi) / (power + 1e-300)
        kx = plane * rec[KX] + (1 - plane) * kx
        ky = plane * rec[KY] + (1 - plane) * ky
        omega = plane * rec[OMEGA] + (1 - plane) * rec[OMEGA_FREE]
        size = sqrt(kx * kx + ky * ky)
        x = self.rotation[0] * kx + self.rotation[2] * ky           # probe = layout @ rotation
        y = self.rotation[1] * kx + self.rotation[3] * ky
        o.direction_deg = atan2(y, x) * 180 / PI
        if o.direction_deg <= -180:
            o.direction_deg = 180
        o.frequency_hz = omega / (2 * PI)
        o.speed_mm_s = omega / (size + 1e-12)
        if o.speed_mm_s > 1e6:
            o.speed_mm_s = 1e6
        o.wavelength_mm = o.speed_mm_s / o.frequency_hz
        o.amplitude_uv = rec[AMPLITUDE]
        o.centre_x_mm = o.centre_y_mm = NAN
        o.sense = 0
        o.certainty = 0
        if rec[WAVE] < 0.5:
            o.kind = NONE
            o.certainty = 1 - rec[WAVE]
            return
        if plane * rec[VAR_PHI] + (1 - plane) * (rec[VAR_FREE] + rec[VAR_PATTERN]) > LOST_RAD2:
            o.kind = UNDETERMINED                                   # coasting for so long that the wave has been lost
            return
        if self.extent <= 0:                                        # one electrode: a rhythm, no place to travel
            o.kind = UNDETERMINED
            return
        if plane >= 0.5:
            # SD of k along k
            sd = (kx * kx * rec[VAR_KX] + 2 * kx * ky * rec[COV_KXKY] + ky * ky * rec[VAR_KY]) / (size * size + 1e-300)
            sd = sqrt(sd if sd > 0 else 0)
            if (size + sd) * self.extent < SYNCHRONOUS_RAD:
                o.kind = SYNCHRONOUS
                o.certainty = rec[WAVE] * in_step
            elif size > 2 * sd and rec[TRAVELS] > 0.5:
                o.kind = PLANAR
                o.certainty = rec[WAVE] * planar
            else:
                o.kind = UNDETERMINED
            return
        best = 0
        o.kind = UNDETERMINED if self.planar_only else self.curved(total, &best)
        if 1 - planar < SIMPLER * (1 - best):
            o.kind = PLANAR
            best = planar
        if in_step > IN_STEP and 1 - best > LEFT_OVER * (1 - in_step):   # nothing explains the little that is not in step
            o.kind = SYNCHRONOUS
            best = in_step
        elif standing > 0.9 and best < 0.9:
            o.kind = STANDING
            best = standing
        elif best < COHERENT or rec[TRAVELS] < 0.5:                # whatever moves is seen a quarter of a cycle later elsewhere
            o.kind = UNDETERMINED
        if o.kind != UNDETERMINED:
            o.certainty = rec[WAVE] * best
        if o.kind != ROTATING:
            o.sense = 0
        if o.kind != ROTATING and o.kind != SOURCE and o.kind != SINK:
            o.centre_x_mm = o.centre_y_mm = NAN

    cdef int curved(self, double total, double* best) noexcept nogil:
        """The best rotation or radial wave over the candidate centres; sets centre and sense."""
        cdef int i, c, kind = UNDETERMINED
        cdef double cs, sn, d, kappa, norm, pr, pi, nr, ni, rr, ri, s2, c2, vr, vi, z, x, y
        for i in range(self.n_centres):
            kappa = norm = pr = pi = nr = ni = rr = ri = 0
            for c in range(self.n_sub):
                cs = self.polar[i, c, 0]
                sn = self.polar[i, c, 1]
                vr = self.vr[c]
                vi = self.vi[c]
                kappa += self.kx[c] * cs + self.ky[c] * sn
                norm += vr * vr + vi * vi
                pr += vr * cs + vi * sn                             # v exp(-i theta)
                pi += vi * cs - vr * sn
                nr += vr * cs - vi * sn                             # v exp(+i theta)
                ni += vi * cs + vr * sn
            kappa /= norm + 1e-300
            for c in range(self.n_sub):
                sincos(kappa * self.polar[i, c, 2], &s2, &c2)
                rr += self.vr[c] * c2 - self.vi[c] * s2
                ri += self.vr[c] * s2 + self.vi[c] * c2
            x = self.rotation[0] * self.centres[i, 0] + self.rotation[2] * self.centres[i, 1] + self.origin_mm[0]
            y = self.rotation[1] * self.centres[i, 0] + self.rotation[3] * self.centres[i, 1] + self.origin_mm[1]
            z = sqrt(pr * pr + pi * pi) / total
            if z > best[0]:                                         # phase grows with the angle: the crest turns clockwise
                best[0] = z
                kind = ROTATING
                self.wave.sense = -1
                self.wave.centre_x_mm = x
                self.wave.centre_y_mm = y
            z = sqrt(nr * nr + ni * ni) / total
            if z > best[0]:
                best[0] = z
                kind = ROTATING
                self.wave.sense = 1
                self.wave.centre_x_mm = x
                self.wave.centre_y_mm = y
            z = sqrt(rr * rr + ri * ri) / total
            if z > best[0]:
                best[0] = z
                kind = SOURCE if kappa > 0 else SINK
                self.wave.centre_x_mm = x
                self.wave.centre_y_mm = y
        if kind == ROTATING and self.rotation[0] * self.rotation[3] - self.rotation[1] * self.rotation[2] < 0:
            self.wave.sense = -self.wave.sense                      # layout axes are mirrored
        return kind

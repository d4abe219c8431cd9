"""A generator of waves that drift: Ornstein-Uhlenbeck frequency, amplitude, direction and speed under power-law noise.

96 electrodes of a 10 x 10 array without corners, 1000 Hz, a rhythm of 15 Hz. The shared noise is a field whose correlation falls
exponentially with distance.
"""

from __future__ import annotations

import numpy as np
from wavestim.controller.bench.scenes import Array, ComplexArray, Scene, Spec, assemble, random_stream, schedule, switched, wander
from wavestim.controller.bench.shapes import Curved, course, mains_hum, shapes, wave_vector

FS_HZ = 1000.0
BAND_HZ = (8.0, 24.0)
CENTRE_HZ = 15.0
SPEED_MM_S = 200.0
PITCH_MM = 0.4
SLOPE = {"typical": 1.4, "flat": 0.5, "steep": 2.2, "hum": 1.4}
"""Power of 1/f of the noise."""
SHARED_REACH_MM = 2.0
CROSSFADE_S = 0.05


def array_of_96() -> Array:
    """A 10 x 10 grid without its corners, mm, origin at the centroid."""
    line = (np.arange(10) - 4.5) * PITCH_MM
    xy = np.column_stack([np.tile(line, 10), np.repeat(line, 10)])
    return np.delete(xy, [0, 9, 90, 99], axis=0)


def power_law(rng: np.random.Generator, n: int, m: int, slope: float) -> Array:
    """Noise of unit variance whose power falls as 1/f^slope above half a hertz."""
    f = np.fft.rfftfreq(n, 1 / FS_HZ)
    spectrum = rng.standard_normal((len(f), m)) + 1j * rng.standard_normal((len(f), m))
    x = np.fft.irfft(spectrum / np.maximum(f, 0.5)[:, None] ** (slope / 2), n, axis=0)
    return np.asarray(x / x.std())


def noise_field(rng: np.random.Generator, n: int, xy: Array, shared: float, slope: float, reach_mm: float) -> Array:
    """Private and shared noise of unit variance together."""
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    mixing = np.linalg.cholesky(np.exp(-distance / reach_mm) + 1e-9 * np.eye(len(xy)))
    private, common = power_law(rng, n, len(xy), slope), power_law(rng, n, len(xy), slope)
    return np.asarray(np.sqrt(1 - shared) * private + np.sqrt(shared) * common @ mixing.T)


def make(spec: Spec) -> Scene:
    """The recording that a spec determines."""
    rng = random_stream(spec)
    when, xy = course(spec, FS_HZ), array_of_96()
    n, change = when.n, when.change
    frequency = CENTRE_HZ * np.where(change, 1.12, 1.0) + wander(rng, n, 0.6, FS_HZ)
    amplitude = np.exp(0.4 * wander(rng, n, 0.3, FS_HZ))
    turned = rng.uniform(np.pi / 2, np.pi) * change
    heading = rng.uniform(-np.pi, np.pi) + turned + np.deg2rad(30) * wander(rng, n, 2.0, FS_HZ)
    speed = spec.speed_factor * SPEED_MM_S * np.where(change, 1.5, 1.0) * np.exp(0.25 * wander(rng, n, 2.0, FS_HZ))
    k = wave_vector(frequency, speed, heading)
    kind = schedule(rng, spec, n, FS_HZ)
    curved = Curved(
        centre_mm=lambda: 0.4 * np.column_stack([wander(rng, n, 3.0, FS_HZ), wander(rng, n, 3.0, FS_HZ)]),
        rise=lambda r: 1 - np.exp(-((r / 0.5) ** 2)),
    )
    shape = shapes(rng, kind, xy, k, curved)
    if spec.kind == "switching" or change.any():
        shape = crossfade(shape)
    field = (amplitude * np.exp(2j * np.pi * np.cumsum(frequency) / FS_HZ))[:, None] * shape
    noise = noise_field(rng, n, xy, spec.shared, SLOPE[spec.noise], SHARED_REACH_MM)
    if spec.changes in ("noise", "both"):
        other = noise_field(rng, n, xy, 1 - spec.shared, SLOPE[spec.noise] - 0.8, 3 * SHARED_REACH_MM)
        noise = switched(noise, other, when.late, BAND_HZ, FS_HZ)
    hum = mains_hum(rng, spec, when.t_s, len(xy), 50)
    return assemble(
        spec, field=field, noise=noise, hum=hum, fs_hz=FS_HZ, band_hz=BAND_HZ, positions_mm=xy,
        k_rad_mm=k, frequency_hz=frequency, kind=kind, gain=np.ones(len(xy)),
    )  # fmt: skip


def crossfade(shape: ComplexArray) -> ComplexArray:
    """Patterns that follow each other melt into one another."""
    from scipy.signal import lfilter, lfiltic

    keep = np.exp(-1 / (CROSSFADE_S * FS_HZ))
    start = np.array([lfiltic([1 - keep], [1, -keep], [first]) for first in shape[0]]).T
    return np.asarray(lfilter([1 - keep], [1, -keep], shape, axis=0, zi=start)[0])

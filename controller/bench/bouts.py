"""A generator of waves that come in bouts: smooth random curves for frequency and heading, waxing amplitude, unequal electrodes.

100 electrodes of a hexagonal array, 500 Hz, a rhythm of 9 Hz. The noise is a leaky integral plus white noise; what is shared are a few
broad fields and a common signal.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.signal import lfilter
from wavestim.controller.bench.scenes import Array, Scene, Spec, assemble, random_stream, schedule, switched
from wavestim.controller.bench.shapes import Curved, course, mains_hum, shapes, wave_vector

FS_HZ = 500.0
BAND_HZ = (5.0, 14.0)
CENTRE_HZ = 9.0
SPEED_MM_S = 300.0
PITCH_MM = 1.0
EXTENT_MM = 4.5
CORNER_HZ = {"typical": 2.0, "flat": 20.0, "steep": 0.5, "hum": 2.0}
WHITE = {"typical": 0.2, "flat": 0.5, "steep": 0.02, "hum": 0.2}
"""White noise beside the leaky integral, as a part of its standard deviation inside 5 to 14 Hz."""
FIELDS = 6


def hexagonal() -> Array:
    """100 electrodes in ten staggered rows, mm, origin at the centroid."""
    column, row = np.tile(np.arange(10), 10), np.repeat(np.arange(10), 10)
    xy = PITCH_MM * np.column_stack([column + 0.5 * (row % 2), np.sqrt(3) / 2 * row])
    return np.asarray(xy - xy.mean(axis=0))


def curve(rng: np.random.Generator, n: int, knot_s: float, *, steps: bool = False) -> Array:
    """A smooth random curve through knots of unit variance, or (``steps``) through a random walk of unit steps."""
    knots = np.arange(0, n / FS_HZ + 2 * knot_s, knot_s)
    values = rng.standard_normal(len(knots))
    return np.asarray(PchipInterpolator(knots, np.cumsum(values) if steps else values)(np.arange(n) / FS_HZ))


def envelope(rng: np.random.Generator, n: int) -> Array:
    """Amplitude that waxes and wanes in bouts of 0.6 to 2 s over a floor."""
    amplitude, at = np.full(n, 0.35), 0
    while at < n:
        length = int(rng.uniform(0.6, 2.0) * FS_HZ)
        bump = rng.uniform(0.5, 1.4) * np.sin(np.pi * np.arange(length) / length) ** 2
        amplitude[at : at + length] += bump[: n - at]
        at += int(rng.uniform(0.7, 1.1) * length)
    return amplitude


def leaky_noise(rng: np.random.Generator, n: int, m: int, noise: str) -> Array:
    """A leaky integral of white noise, with white noise beside it, of unit variance."""
    keep = np.exp(-2 * np.pi * CORNER_HZ[noise] / FS_HZ)
    slow = lfilter([1.0], [1.0, -keep], rng.standard_normal((n, m)), axis=0)
    # what the integral is in the middle of the band, from its transfer function
    gain = 1 / np.abs(1 - keep * np.exp(-2j * np.pi * CENTRE_HZ / FS_HZ))
    x = slow + WHITE[noise] * gain * rng.standard_normal((n, m))
    return np.asarray(x / x.std())


def noise_field(rng: np.random.Generator, n: int, xy: Array, shared: float, noise: str) -> Array:
    """Private noise of unequal electrodes, and a few broad fields that all see."""
    centres = rng.uniform(-EXTENT_MM, EXTENT_MM, (FIELDS, 2))
    width = rng.uniform(0.6, 1.5, FIELDS) * EXTENT_MM
    distance = np.hypot(*(xy[:, None] - centres[None]).transpose(2, 0, 1))
    fields = np.column_stack([np.exp(-0.5 * (distance / width) ** 2), np.ones(len(xy))])
    common = leaky_noise(rng, n, FIELDS + 1, noise) @ fields.T
    private = leaky_noise(rng, n, len(xy), noise) * rng.uniform(0.7, 1.3, len(xy))
    return np.asarray(np.sqrt(1 - shared) * private / private.std() + np.sqrt(shared) * common / common.std())


def make(spec: Spec) -> Scene:
    """The recording that a spec determines."""
    rng = random_stream(spec)
    when, xy = course(spec, FS_HZ), hexagonal()
    n, change = when.n, when.change
    frequency = CENTRE_HZ * np.where(change, 0.88, 1.0) + 0.8 * curve(rng, n, 0.7)
    heading = rng.uniform(-np.pi, np.pi) + rng.uniform(np.pi / 2, np.pi) * change + 0.4 * curve(rng, n, 2.0, steps=True)
    speed = spec.speed_factor * SPEED_MM_S * np.where(change, 0.7, 1.0) * np.exp(0.2 * curve(rng, n, 3.0))
    k = wave_vector(frequency, speed, heading)
    kind = schedule(rng, spec, n, FS_HZ)
    curved = Curved(
        centre_mm=lambda: rng.uniform(-0.3, 0.3, 2) * EXTENT_MM,
        rise=lambda r: r / np.hypot(r, 0.25 * EXTENT_MM),
    )
    shape = shapes(rng, kind, xy, k, curved)
    if spec.kind == "switching" or change.any():
        window = np.hanning(round(0.2 * FS_HZ))
        window /= window.sum()
        padded = np.pad(shape, ((len(window) - 1, 0), (0, 0)), mode="edge")
        shape = lfilter(window, [1.0], padded, axis=0)[len(window) - 1 :]
    field = (envelope(rng, n) * np.exp(2j * np.pi * np.cumsum(frequency) / FS_HZ))[:, None] * shape
    noise = noise_field(rng, n, xy, spec.shared, spec.noise)
    if spec.changes in ("noise", "both"):
        noise = switched(noise, noise_field(rng, n, xy, 1 - spec.shared, "flat"), when.late, BAND_HZ, FS_HZ)
    hum = mains_hum(rng, spec, when.t_s, len(xy), 60)
    return assemble(
        spec, field=field, noise=noise, hum=hum, fs_hz=FS_HZ, band_hz=BAND_HZ, positions_mm=xy,
        k_rad_mm=k, frequency_hz=frequency, kind=kind, gain=rng.uniform(0.75, 1.25, len(xy)),
    )  # fmt: skip

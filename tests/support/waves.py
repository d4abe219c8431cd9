"""Synthetic waves for the tests: the phase convention is phi = omega t - k.r, the wave travels along k."""

import numpy as np
from scipy.signal import butter, lfilter, sosfiltfilt


def grid(rows=10, columns=10, pitch=0.4):
    x = (np.arange(columns) - (columns - 1) / 2) * pitch
    y = (np.arange(rows) - (rows - 1) / 2) * pitch
    return np.array([(a, b) for b in y for a in x])


def wander(rng, n, tau_s, fs):
    """Ornstein-Uhlenbeck process of unit variance."""
    a = np.exp(-1 / (tau_s * fs))
    e = rng.standard_normal(n) * np.sqrt(1 - a * a)
    e[0] = rng.standard_normal()
    return lfilter([1], [1, -a], e)


def coloured(rng, n, m, beta, fs):
    f = np.fft.rfftfreq(n, 1 / fs)
    z = (rng.standard_normal((len(f), m)) + 1j * rng.standard_normal((len(f), m))) / np.maximum(f, 0.5)[:, None] ** (beta / 2)
    x = np.fft.irfft(z, n, axis=0)
    return x / x.std()


def make(
    kind="planar",
    seed=1,
    seconds=12.0,
    fs=1000.0,
    xy=None,
    snr_db=0.0,
    f0=15.0,
    band=(8.0, 24.0),
    speed=200.0,
    direction=None,
    shared=0.3,
    beta=1.3,
):
    """Samples (n, m) uV and the truth: phase (n, m), direction, for kinds planar, rotating, source, synchronous, none."""
    rng = np.random.default_rng(seed)
    xy = grid() if xy is None else xy
    n, m = int(seconds * fs), len(xy)
    f = f0 + 0.8 * wander(rng, n, 0.6, fs)
    phi = 2 * np.pi * np.cumsum(f) / fs
    amp = np.exp(0.3 * wander(rng, n, 0.4, fs))
    theta = (rng.uniform(-np.pi, np.pi) if direction is None else np.deg2rad(direction)) + (
        0.3 * wander(rng, n, 2.0, fs) if direction is None else 0
    )
    k = (2 * np.pi * f / speed)[:, None] * np.column_stack([np.cos(theta) * np.ones(n), np.sin(theta) * np.ones(n)])
    if kind == "planar":
        lag = k @ xy.T
    elif kind == "rotating":
        lag = np.tile(-np.arctan2(xy[:, 1] - 0.1, xy[:, 0] + 0.1), (n, 1))
    elif kind == "source":
        lag = np.hypot(k[:, :1], k[:, 1:]) * np.hypot(*xy.T)
    else:
        lag = np.zeros((n, m))
    phase = phi[:, None] - lag
    signal = amp[:, None] * np.cos(phase)
    d = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    mix = np.linalg.cholesky(np.exp(-d / 2.0) + 1e-9 * np.eye(m))
    noise = np.sqrt(1 - shared) * coloured(rng, n, m, beta, fs) + np.sqrt(shared) * coloured(rng, n, m, beta, fs) @ mix.T
    sos = butter(4, band, "bandpass", fs=fs, output="sos")
    noise *= np.sqrt(np.mean(sosfiltfilt(sos, signal, axis=0) ** 2) / np.mean(sosfiltfilt(sos, noise, axis=0) ** 2) / 10 ** (snr_db / 10))
    if kind == "none":
        signal = 0 * signal
    return (50 * (signal + noise)).astype(np.float32), np.angle(np.exp(1j * phase)), np.degrees(theta)


def rms_deg(error_rad):
    return float(np.degrees(np.sqrt(np.mean(np.angle(np.exp(1j * error_rad)) ** 2))))


SHAPES = {
    "sharp": [(1, 0), (0.6, 0.4), (0.4, 0.8), (0.28, 1.2), (0.18, 1.6), (0.12, 2.0)],
    "spike-wave": [(1, 0), (0.9, 2.0), (0.7, 3.4), (0.5, 4.6), (0.35, 5.5), (0.25, 0.3), (0.15, 1.0)],
    "sawtooth": [(1 / n, (n - 1) * np.pi / 2) for n in range(1, 9)],
}
"""Amplitude and phase of each harmonic of a rhythm that is no sine."""


def utah():
    """96 of 10 x 10 electrodes, without the corners, 0.4 mm."""
    return np.delete(grid(), [0, 9, 90, 99], axis=0)


def discharge(
    direction, seed, seconds=9.0, fs=500.0, band=(4.0, 10.0), speed=90.0, shape="spike-wave", snr_db=10.0, in_step=0.0, waxes=True
):
    """A seizure-like wave: harmonics that travel with it, a frequency that jumps, unequal electrodes, red shared noise.

    Returns samples (n, 96) uV, the phase of the fundamental (n, 96), the direction (n,).
    """
    rng, xy = np.random.default_rng(seed), utah()
    n, m, t = int(seconds * fs), 96, np.arange(int(seconds * fs)) / fs
    width, f, at = band[1] - band[0], np.empty(int(seconds * fs)), 0
    while at < n:
        hold = int(rng.uniform(0.4, 2.5) * fs)
        f[at : at + hold] = rng.uniform(band[0] + 0.12 * width, band[1] - 0.12 * width)
        at += hold
    f += 0.04 * np.mean(band) * wander(rng, n, 0.5, fs)
    phi = 2 * np.pi * np.cumsum(f) / fs
    amp = np.exp(0.25 * wander(rng, n, 0.3, fs)) * (0.05 + 0.95 / (1 + np.exp(-2 * (t - rng.uniform(1, 4)))) if waxes else 1)
    theta = np.deg2rad(direction) + 0.25 * wander(rng, n, 0.7, fs)
    near = np.linalg.cholesky(np.exp(-np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) / 0.6) + 1e-9 * np.eye(m))
    far = np.linalg.cholesky(np.exp(-np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) / 2.0) + 1e-9 * np.eye(m))
    lag = (2 * np.pi * f / speed)[:, None] * (np.column_stack([np.cos(theta), np.sin(theta)]) @ xy.T) + 0.2 * (
        near @ rng.standard_normal(m)
    )
    phase = phi[:, None] - lag
    wave = sum(a * np.cos(k * phase + p) for k, (a, p) in enumerate(SHAPES[shape], 1)) * np.exp(0.4 * (near @ rng.standard_normal(m)))
    wave = wave + in_step * sum(a * np.cos(k * phi + p) for k, (a, p) in enumerate(SHAPES[shape], 1))[:, None]
    noise = coloured(rng, n, m, 2.0, fs) + coloured(rng, n, m, 2.0, fs) @ far.T
    sos = butter(3, band, "bandpass", fs=fs, output="sos")
    power = np.mean((amp[:, None] * np.cos(phase)) ** 2) / np.mean(sosfiltfilt(sos, noise, axis=0) ** 2)
    return (150 * (amp[:, None] * wave + noise * np.sqrt(power / 10 ** (snr_db / 10)))).astype(np.float32), phase, np.degrees(theta)


def noise(kind, seed, seconds=8.0, fs=500.0):
    """Samples (n, 96) uV in which nothing travels."""
    rng, xy = np.random.default_rng(seed), utah()
    n, m, t = int(seconds * fs), 96, np.arange(int(seconds * fs)) / fs
    mix = np.linalg.cholesky(np.exp(-np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) / 2.0) + 1e-9 * np.eye(m))
    white = rng.standard_normal((n, m))
    if kind == "white":
        return (50 * white).astype(np.float32)
    if kind == "red and shared":
        x = 50 * coloured(rng, n, m, 2.0, fs) @ mix.T + white
    elif kind == "in step":
        x = 50 * coloured(rng, n, 1, 1.5, fs) + 5 * white
    elif kind == "reference only":
        x = 50 * coloured(rng, n, 1, 2.0, fs) + 0.005 * white
    elif kind == "hum":
        x = 50 * np.cos(2 * np.pi * 50 * t)[:, None] * rng.uniform(0.5, 1.5, m) + 5 * white
    elif kind == "muscle":
        burst = sosfiltfilt(butter(4, [30, 0.45 * fs], "bandpass", fs=fs, output="sos"), white @ mix.T, axis=0)
        x = 20 * coloured(rng, n, m, 1.5, fs) + 300 * (np.sin(2 * np.pi * 0.3 * t + rng.uniform(0, 6)) > 0.5)[:, None] * burst
    elif kind == "steps":
        jumps = np.cumsum((rng.random((n, 1)) < 1 / fs) * rng.standard_normal((n, 1)), axis=0)
        x = 20 * coloured(rng, n, m, 1.5, fs) + 500 * jumps * rng.uniform(0.5, 1.5, m)
    else:  # a rhythm with harmonics, at every electrode at once
        phi = 2 * np.pi * np.cumsum(7 + 0.6 * wander(rng, n, 0.5, fs)) / fs
        x = 100 * sum(a * np.cos(k * phi + p) for k, (a, p) in enumerate(SHAPES["spike-wave"], 1))[:, None] * rng.uniform(0.6, 1.4, m)
        x = x + 20 * coloured(rng, n, m, 1.5, fs)
    return x.astype(np.float32)


def apart_deg(a, b):
    return (np.asarray(a) - b + 180) % 360 - 180

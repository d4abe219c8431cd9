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

"""Two arrays in one recording, and a wave that crosses from one to the other with a delay."""

import numpy as np
from scipy.signal import butter, sosfiltfilt
from support.waves import coloured, grid, wander

ARRAY = grid(5, 5, 0.4)
PLACES = np.vstack([ARRAY, ARRAY + np.array([8.0, 0.0])])
BAND = (8.0, 24.0)


def rhythm(rng, n, fs, spread_hz=0.8, tau_s=0.6, f0=15.0):
    """Phase, frequency and amplitude of an oscillation that wavers."""
    f = f0 + spread_hz * wander(rng, n, tau_s, fs)
    return 2 * np.pi * np.cumsum(f) / fs, f, np.exp(0.3 * wander(rng, n, 0.4, fs))


def array(rng, source, snr_db, fs, heading_rad=0.3, speed=200.0):
    """Samples (n, 25) uV of a plane wave that crosses an array."""
    phase, f, amplitude = source
    k = (2 * np.pi * f / speed)[:, None] * np.array([np.cos(heading_rad), np.sin(heading_rad)])
    signal = amplitude[:, None] * np.cos(phase[:, None] - k @ ARRAY.T)
    noise = coloured(rng, len(f), len(ARRAY), 1.3, fs)
    sos = butter(4, BAND, "bandpass", fs=fs, output="sos")
    noise *= np.sqrt(np.mean(sosfiltfilt(sos, signal, axis=0) ** 2) / np.mean(sosfiltfilt(sos, noise, axis=0) ** 2) / 10 ** (snr_db / 10))
    return 50 * (signal + noise)


def two_arrays(delay_s, snr_db=0.0, seconds=24.0, fs=1000.0, seed=1, spread_hz=0.8, tau_s=0.6):
    """Samples (n, 50) uV, places, labels. The wave is at the centre of V4 ``delay_s`` after V1; two rhythms of one frequency when None."""
    rng = np.random.default_rng(seed)
    n, late = round(seconds * fs), round((delay_s or 0.0) * fs)
    extra = abs(late)
    both = [rhythm(rng, n + extra, fs, spread_hz, tau_s)]
    both.append(rhythm(rng, n + extra, fs, spread_hz, tau_s) if delay_s is None else both[0])
    starts = (extra, extra - late) if late >= 0 else (extra + late, extra)
    parts = [array(rng, tuple(x[at : at + n] for x in source), snr_db, fs) for source, at in zip(both, starts, strict=True)]
    return np.hstack(parts).astype(np.float32), PLACES.copy(), np.repeat(["V1", "V4"], len(ARRAY))

"""Phase estimators of meegkit, an optional dependency: its ECHT and its resonant oscillator.

Both have defects that its settings can go round, and these are among the settings that are tried. ECHT rounds its filter's frequencies up
to whole hertz, which is exact for windows of a second. ResOscillator's adaptation of the frequency can diverge; its integrator drifts,
which a high-pass filter afterwards takes out.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.signal import butter, freqz, lfilter
from wavestim.controller.bench.echt import passband_hz
from wavestim.controller.bench.methods import TRACK_S, Estimate, IntArray, Method, Settings, forecast, rhythm_hz, some_sites
from wavestim.controller.bench.scenes import Array, ComplexArray, Scene

AVAILABLE = find_spec("meegkit") is not None
ECHT_SITES = 8
OSCILLATOR_SITES = 3
"""It runs sample by sample in Python, which is slow; more electrodes would not change its error, only its spread."""


def _phase_module() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies
        from meegkit import phase

    return phase


def echt_of_window(band_hz: tuple[float, float], fs_hz: float) -> Callable[[Array], ComplexArray]:
    """The transform of a window of a second."""
    transform = _phase_module().ECHT(band_hz[0], band_hz[1], fs_hz, n_fft=round(fs_hz), filt_order=2)

    def newest(window: Array) -> ComplexArray:
        return np.asarray(transform.transform(window)[-1])

    return newest


def run_echt(scene: Scene, at: IntArray, horizons_s: tuple[float, ...], settings: Settings) -> Estimate:
    """meegkit.phase.ECHT over the last second, read at its newest sample."""
    fs, sites, centre = scene.fs_hz, some_sites(scene, ECHT_SITES), rhythm_hz(scene)
    window = round(fs)
    low, high = passband_hz(scene, settings["width"], centre)
    echt = _phase_module().ECHT(low, high, fs, n_fft=window, filt_order=settings["order"])
    x = scene.lfp[:, sites].astype(np.float64)
    z = np.array([echt.fit_transform(x[t - window + 1 : t + 1])[-1] for t in at])
    omega: Any = 2 * np.pi * centre
    if settings["tracked"]:
        gap_s = (at[1] - at[0]) / fs
        keep = np.exp(-gap_s / TRACK_S)
        turn = np.zeros_like(z)
        turn[1:] = z[1:] * z[:-1].conj()
        omega = np.angle(lfilter([1 - keep], [1, -keep], turn, axis=0)) / gap_s
    return Estimate(np.stack([np.angle(z) + omega * h for h in horizons_s]), sites)


def _oscillate(scene: Scene, sites: IntArray, centre_hz: float, settings: Settings) -> ComplexArray:
    oscillator = _phase_module().ResOscillator(fs=scene.fs_hz, nu=2 * np.pi * centre_hz, freq_adaptation=settings["adapt"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of its own ring buffer, and of what happens when its adaptation diverges
        phase, amplitude = oscillator.transform(scene.lfp[:, sites].astype(np.float64))
    z = np.abs(amplitude) * np.exp(1j * phase)
    if settings["high_pass"]:
        b, a = butter(1, centre_hz / 2, "highpass", fs=scene.fs_hz)
        turn = float(np.angle(freqz(b, a, [centre_hz], fs=scene.fs_hz)[1][0]))
        z = lfilter(b, a, z, axis=0) * np.exp(-1j * turn)
    return np.asarray(z)


def run_oscillator(scene: Scene, at: IntArray, horizons_s: tuple[float, ...], settings: Settings) -> Estimate:
    """meegkit.phase.ResOscillator."""
    sites, centre = some_sites(scene, OSCILLATOR_SITES), rhythm_hz(scene)
    z = _oscillate(scene, sites, centre, settings)
    return Estimate(forecast(z, at, horizons_s, scene.fs_hz, centre, tracked=settings["tracked"]), sites)


GRID_ECHT = tuple(
    {"width": width, "order": order, "tracked": tracked} for width, order in ((None, 1), (0.6, 1), (0.6, 2)) for tracked in (False, True)
)
GRID_OSCILLATOR = tuple(
    {"adapt": adapt, "high_pass": high_pass, "tracked": tracked}
    for adapt, high_pass, tracked in ((True, False, False), (False, True, False), (False, True, True))
)
METHODS = (
    Method(
        "meegkit-echt", "meegkit ECHT", run_echt, GRID_ECHT,
        f"on {ECHT_SITES} electrodes, plane waves only; it rounds its filter's frequencies to 1 Hz unless the window lasts 1 s, so it does",
        kinds=("planar",),
    ),
    Method(
        "meegkit-oscillator", "meegkit ResOscillator", run_oscillator, GRID_OSCILLATOR,
        f"on {OSCILLATOR_SITES} electrodes, plane waves only; right on clean sinusoids, but its adaptation diverges and its integrator "
        "adds up noise",
        kinds=("planar",),
    ),
)  # fmt: skip

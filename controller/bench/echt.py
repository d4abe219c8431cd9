"""ecHT in each channel: the endpoint-corrected Hilbert transform at the newest sample, which is one fixed complex FIR.

Schreglmann et al. 2021. Band-passing a window in the frequency domain with a causal filter's response and zeroing its negative
frequencies is linear in the window; read at its last sample it is a weighted sum of the samples.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, freqz, oaconvolve
from wavestim.controller.bench.methods import Estimate, IntArray, Method, Settings, all_sites, forecast, rhythm_hz
from wavestim.controller.bench.scenes import ComplexArray, Scene


def passband_hz(scene: Scene, width: float | None, centre_hz: float) -> tuple[float, float]:
    """The scene's band, or one of ``width`` times the rhythm's frequency with the rhythm where a Butterworth filter turns no phase."""
    if width is None:
        return scene.band_hz
    ratio = width / 2 + np.sqrt(1 + width * width / 4)  # the rhythm is the edges' geometric mean
    return float(centre_hz / ratio), float(centre_hz * ratio)


def weights(band_hz: tuple[float, float], fs_hz: float, window_s: float, order: int) -> ComplexArray:
    """The FIR: the weight of the newest sample first."""
    n = round(window_s * fs_hz)
    b, a = butter(order, band_hz, "bandpass", fs=fs_hz)
    f = np.fft.fftfreq(n, 1 / fs_hz)
    response = np.where(f > 0, 2 * freqz(b, a, np.abs(f), fs=fs_hz)[1], 0)
    impulse = np.fft.ifft(response)
    return np.asarray(impulse)  # circular: what is k samples older than the newest has lag k


def analytic(scene: Scene, centre_hz: float, settings: Settings) -> ComplexArray:
    """The analytic signal of every channel at every sample, from this sample and older ones."""
    taps = weights(passband_hz(scene, settings["width"], centre_hz), scene.fs_hz, settings["window_s"], settings["order"])
    return np.asarray(oaconvolve(scene.lfp.astype(np.float64), taps[:, None], axes=0)[: len(scene.lfp)])


def run(scene: Scene, at: IntArray, horizons_s: tuple[float, ...], settings: Settings) -> Estimate:
    """See :class:`wavestim.controller.bench.methods.Method`."""
    centre = rhythm_hz(scene)
    z = analytic(scene, centre, settings)
    return Estimate(forecast(z, at, horizons_s, scene.fs_hz, centre, tracked=settings["tracked"]), all_sites(scene))


GRID = tuple(
    {"width": width, "window_s": window_s, "order": order, "tracked": tracked}
    for width in (None, 0.6, 0.4, 0.25)
    for window_s, order in ((0.5, 2), (1.0, 1), (1.0, 2))
    for tracked in (False, True)
)
METHOD = Method("echt", "ecHT per channel", run, GRID, "width: of the pass band in parts of the rhythm's frequency; None: the band itself")

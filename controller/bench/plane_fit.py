"""A plane wave fitted to analytic signals at each time: the wave vector under which the channels add up best."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter
from wavestim.controller.bench import echt, oscillators
from wavestim.controller.bench.methods import Estimate, IntArray, Method, Settings, all_sites, forecast, rhythm_hz
from wavestim.controller.bench.scenes import Array, ComplexArray, Scene
from wavestim.controller.record.waveplane import steering, summit


def fit(z: ComplexArray, positions_mm: Array, smooth: float) -> tuple[Array, ComplexArray]:
    """Wave vectors (n, 2) and plane waves at the electrodes (n, m) from analytic signals (n, m) at evenly spaced times.

    ``smooth`` is what the coherence keeps of its past from one time to the next.
    """
    k, steer = steering(positions_mm)
    power = lfilter([1 - smooth], [1, -smooth], np.abs(z @ steer.T) ** 2, axis=0)
    found = summit(power, k)
    wave = np.exp(-1j * (found @ (positions_mm - positions_mm.mean(axis=0)).T))
    return found, np.mean(z * wave.conj(), axis=1, keepdims=True) * wave


def _run(scene: Scene, at: IntArray, horizons_s: tuple[float, ...], settings: Settings, z: ComplexArray, centre_hz: float) -> Estimate:
    # the coherence is looked at where asked and once between: often enough to be smoothed
    apart = int(at[1] - at[0])
    stride = apart // 2 if apart % 2 == 0 else apart
    times = np.arange(int(at[0]) % stride, int(at[-1]) + 1, stride)
    keep = float(np.exp(-stride / scene.fs_hz / settings["smooth_s"]))
    k, wave = fit(z[times], scene.positions_mm, keep)
    rows = np.searchsorted(times, at)
    ahead = forecast(z, at, horizons_s, scene.fs_hz, centre_hz, tracked=settings["tracked"])
    step = np.exp(1j * (ahead - ahead[:1]))
    if settings["tracked"]:  # one wave has one frequency: the channels' mean
        step = step.mean(axis=2, keepdims=True)
    k = k[rows]
    omega = 2 * np.pi * centre_hz
    return Estimate(
        phase=np.angle(wave[rows][None] * step),
        sites=all_sites(scene),
        direction_deg=np.degrees(np.arctan2(k[:, 1], k[:, 0])),
        speed_mm_s=omega / np.maximum(np.hypot(*k.T), 1e-9),
    )


def on_echt(scene: Scene, at: IntArray, horizons_s: tuple[float, ...], settings: Settings) -> Estimate:
    """Plane fit on ecHT."""
    centre = rhythm_hz(scene)
    return _run(scene, at, horizons_s, settings, echt.analytic(scene, centre, settings), centre)


def on_kalman(scene: Scene, at: IntArray, horizons_s: tuple[float, ...], settings: Settings) -> Estimate:
    """Plane fit on the Matsuda-Komaki filter of each channel."""
    z, model = oscillators.per_channel(scene, settings)
    return _run(scene, at, horizons_s, settings, z, model.frequency_hz)


GRID_ECHT = tuple(
    {"width": width, "window_s": window_s, "order": order, "tracked": tracked, "smooth_s": smooth_s}
    for width, window_s, order in ((None, 1.0, 2), (0.6, 0.5, 2), (0.4, 0.5, 2), (0.25, 1.0, 1))
    for tracked in (False, True)
    for smooth_s in (0.1, 0.5, 1.5)
)
GRID_KALMAN = tuple(
    {"agility": agility, "tracked": tracked, "smooth_s": smooth_s}
    for agility in (0.3, 1.0, 3.0)
    for tracked in (False, True)
    for smooth_s in (0.1, 0.5, 1.5)
)
NOTE = "k by the coherence of all channels, over smooth_s"
METHODS = (
    Method("plane-echt", "plane fit on ecHT", on_echt, GRID_ECHT, NOTE, least_channels=3),
    Method("plane-kalman", "plane fit on MK Kalman", on_kalman, GRID_KALMAN, NOTE, least_channels=3),
)

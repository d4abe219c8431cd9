"""AR + Hilbert in each channel: band-pass a window, leave its edge out, forecast past it, and read the Hilbert phase there.

The method of the Phase Calculator of Open Ephys (Blackwood et al. 2018) and of phastimate (Zrenner et al. 2020). The model is fitted
anew to every window, by Burg's recursion.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, hilbert, sosfilt, sosfiltfilt
from wavestim.controller.bench.echt import passband_hz
from wavestim.controller.bench.methods import Estimate, IntArray, Method, Settings, rhythm_hz, some_sites
from wavestim.controller.bench.metrics import wrap
from wavestim.controller.bench.scenes import Array, Scene

SITES = 8
WINDOW_S = 1.0
STEP_S = 0.005
PAD_S = 0.25
"""Forecast beyond the last horizon, so that the Hilbert transform has no edge there."""


def burg(x: Array, order: int) -> Array:
    """Coefficients (series, order) of x[t] = sum a_j x[t-j], each series (rows) by itself."""
    forward, backward = x[:, 1:].copy(), x[:, :-1].copy()
    a = np.zeros((len(x), 0))
    for _ in range(order):
        power = np.sum(forward**2 + backward**2, axis=1)
        k = 2 * np.sum(forward * backward, axis=1) / np.maximum(power, 1e-30)
        a = np.column_stack([a - k[:, None] * a[:, ::-1], k])
        forward, backward = (forward - k[:, None] * backward)[:, 1:], (backward - k[:, None] * forward)[:, :-1]
    return a


def extend(x: Array, a: Array, steps: int) -> Array:
    """Series (rows) with ``steps`` values that the models expect."""
    n, order = x.shape[1], a.shape[1]
    longer = np.concatenate([x, np.empty((len(x), steps))], axis=1)
    newest_last = a[:, ::-1]
    for i in range(n, n + steps):
        longer[:, i] = np.einsum("ij,ij->i", longer[:, i - order : i], newest_last)
    return longer


def windows(scene: Scene, at: IntArray, sites: IntArray, step: int, settings: Settings) -> tuple[Array, int]:
    """The band of the rhythm in the second before each time, every ``step`` samples, and how many of the newest of these are left out.

    Filtered once, as the samples come (a Butterworth filter turns no phase in the middle of its band), or there and back inside the
    window, which spoils both of its edges.
    """
    fs, window = scene.fs_hz, round(WINDOW_S * scene.fs_hz)
    sos = butter(settings["filter_order"], passband_hz(scene, settings["width"], rhythm_hz(scene)), "bandpass", fs=fs, output="sos")
    x = scene.lfp[:, sites].astype(np.float64)
    rows = np.arange((window - 1) % step, window, step)  # the newest sample is one of them
    if settings["edge_s"] is None:
        views = np.lib.stride_tricks.sliding_window_view(sosfilt(sos, x, axis=0), window, axis=0)
        return views[at - window + 1][:, :, rows].reshape(len(at) * len(sites), -1), 0
    edge = round(settings["edge_s"] * fs / step)
    there_and_back = sosfiltfilt(sos, np.eye(window), axis=0, padlen=window // 2)[rows[edge : len(rows) - edge]]  # linear in the window
    views = np.lib.stride_tricks.sliding_window_view(x, window, axis=0)
    return (views[at - window + 1] @ there_and_back.T).reshape(len(at) * len(sites), -1), edge


def run(scene: Scene, at: IntArray, horizons_s: tuple[float, ...], settings: Settings) -> Estimate:
    """See :class:`wavestim.controller.bench.methods.Method`."""
    sites, step = some_sites(scene, SITES), max(1, round(STEP_S * scene.fs_hz))
    band, left_out = windows(scene, at, sites, step, settings)
    ahead = [h * scene.fs_hz / step for h in horizons_s]
    beyond = left_out + int(np.ceil(max(ahead))) + 1 + round(PAD_S * scene.fs_hz / step)
    longer = extend(band, burg(band, settings["order"]), beyond)
    read = hilbert(np.eye(longer.shape[1]), axis=0)
    now = band.shape[1] + left_out - 1
    phases = []
    for h in ahead:
        i = now + int(h)
        before, after = (np.angle(longer @ read[j]) for j in (i, i + 1))
        phases.append((before + (h - int(h)) * wrap(after - before)).reshape(len(at), len(sites)))
    return Estimate(np.stack(phases), sites)


GRID = tuple(
    {"width": width, "filter_order": filter_order, "order": order, "edge_s": edge_s}
    for width, filter_order, order, edge_s in (
        (None, 2, 20, None), (0.6, 2, 20, None), (0.6, 1, 20, None), (0.6, 2, 6, None), (0.4, 1, 20, None),
        (None, 2, 20, 0.06), (0.6, 2, 30, 0.1),
    )
)  # fmt: skip
METHOD = Method("ar", "AR + Hilbert per channel", run, GRID, f"on {SITES} electrodes; edge_s None: filtered as the samples come")

"""Learns a calibration from a few seconds of a recording, wave present or not.

The colour of the noise (log-log slope in the flanks of the band), its spatial covariance, the carrier's frequency and amplitude from the
in-band excess, the likeliest wave vector to start from, and how much evidence for a wave mere noise produces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import butter, freqz_sos, iirnotch, sosfilt, tf2sos
from wavestim.realtime.bandfilter import DRIFT_OF_BAND, beyond_modes, design
from wavestim.realtime.calibration import Calibration, ModelOptions
from wavestim.realtime.colour import HIGHEST_HZ, PAIRS, cross_spectra, inverse, mains_lines, off_mains, whitening_filter
from wavestim.realtime.electrodes import channel_faults, project, without_common_mode
from wavestim.realtime.layout import Layout, make_layout
from wavestim.realtime.noise import background, peak_cut
from wavestim.realtime.reference import with_reference
from wavestim.realtime.residual import lanes_of
from wavestim.realtime.wavemodel import WaveModel

Array = NDArray[np.float64]
NOTCH_Q = 8.0
SURROGATES, SURROGATE_S = 4, 6.0
EFFECTIVE = 0.7
"""Part of the width of the band that counts for independent looks: noise is redder than the band is wide."""
START_S = 20.0
"""The wave vector to start from is that of the last so many seconds."""
LEAST_BEYOND = 3
"""Electrodes more than modes with which these are worth a look of their own."""


def calibrate(
    x: ArrayLike,
    *,
    fs_hz: float,
    positions_mm: NDArray[np.float64],
    band_hz: tuple[float, float],
    excluded: NDArray[np.bool_] | None = None,
    notch_hz: float | None = None,
    rereferenced: bool = False,
    options: ModelOptions | None = None,
    seed: int = 0,
) -> Calibration:
    """Learn the wave model's start from samples.

    Parameters
    ----------
    x : (n, m) uV, conditioned samples at the model's rate; two seconds or more.
    fs_hz : rate of x.
    positions_mm : (m, 2).
    band_hz : band of the rhythm.
    excluded : (m,) channels known to be bad; more are found.
    notch_hz : a line to remove; its phase shift is counted with the colour of the whitening.
    rereferenced : a common reference was subtracted, so the mean over electrodes carries nothing.
    options : time constants and spreads.
    seed : of the noise that the evidence threshold is measured on.
    """
    o = options or ModelOptions()
    samples = np.asarray(x)
    m = samples.shape[1]
    found = channel_faults(samples, excluded) != ""
    used = ~found if not found.all() else np.ones(m, dtype=bool)
    layout = make_layout(positions_mm, used, constant=not (rereferenced or without_common_mode(samples, used)))
    y = project(samples, np.where(used[:, None], layout.modes, 0.0))

    lanes = lanes_of(used)
    rest = np.asarray(samples[:, lanes], dtype=np.float64) - y @ layout.modes[lanes].T

    def learn(y: Array, rest: Array | None = None) -> Calibration:
        return _learn(y, rest, used, layout, fs_hz, band_hz, notch_hz, o)

    enough = int(used.sum()) >= layout.modes.shape[1] + LEAST_BEYOND
    return with_reference(
        _with_null(_likeliest_start(learn(y, rest if enough else None), y[-round(START_S * fs_hz) :]), learn, seed), y, seed
    )


def _learn(
    y: Array,
    rest: Array | None,
    used: NDArray[np.bool_],
    layout: Layout,
    fs_hz: float,
    band_hz: tuple[float, float],
    notch_hz: float | None,
    o: ModelOptions,
) -> Calibration:
    """Everything but the evidence threshold, from mode signals (n, r) uV and what some electrodes have beyond them (n, lanes)."""
    n, r = y.shape
    lo, hi = band_hz
    centre = float(np.sqrt(lo * hi))
    f, S = cross_spectra(y, fs_hz)
    S = S + 1e-9 * np.eye(r)
    highest = min(o.flank_hz[1], 0.4 * fs_hz)
    flank = (f >= min(o.flank_hz[0], 0.5 * lo)) & (f <= highest) & (np.abs(f - o.line_hz) > 3)
    flank &= (f < lo - o.guard_hz) | (f > hi + o.guard_hz)
    if flank.sum() < 8:
        flank = (f > 0) & (f <= highest)
    beyond = (f > max(highest, hi + o.guard_hz)) & (f <= min(HIGHEST_HZ, 0.45 * fs_hz)) & off_mains(f, 3.0)
    found = background(f, np.einsum("fii->fi", S).real, beside=flank, beyond=beyond)
    flank = found.quiet
    colour = whitening_filter(f, found.log_power, fs_hz, centre)
    flat = np.abs(freqz_sos(colour, f, fs=fs_hz)[1]) ** 2
    lines = {notch_hz} if notch_hz is not None else mains_lines(f, np.einsum("fii->fi", S).real.sum(axis=1), lo, hi)
    notches = [tf2sos(*iirnotch(line, NOTCH_Q, fs_hz)) for line in sorted(lines)]
    drift = butter(2, lo * DRIFT_OF_BAND, "highpass", fs=fs_hz, output="sos")
    cuts = [peak_cut(*peak, fs_hz) for peak in found.peaks]
    shaper = np.ascontiguousarray(np.vstack([drift, colour, *notches, *cuts]))
    flanks = [np.ascontiguousarray(butter(3, b, "bandpass", fs=fs_hz, output="sos")) for b in found.flanks_hz]
    band_sos = np.ascontiguousarray(butter(2, (lo, hi), "bandpass", fs=fs_hz, output="sos"))
    widths = [float(np.sum(np.abs(freqz_sos(b, 4096, fs=fs_hz)[1]) ** 2) * fs_hz / 8192) for b in [*flanks, band_sos]]
    grid = np.arange(1.0, np.floor(min(101.0, fs_hz / 2)))
    response = freqz_sos(shaper, grid, fs=fs_hz)[1]

    # noise: mean over the flanks of the whitened cross spectrum; wave: what the band holds above it
    C0 = np.mean(S[flank].real * flat[flank, None, None], axis=0)
    C0 += (1e-9 * np.trace(C0) + 1e-12) * np.eye(r)
    chol = np.linalg.cholesky(C0)
    Li = np.linalg.inv(chol)
    in_band = (f >= lo) & (f <= hi)
    if not in_band.any():
        in_band[np.argmin(np.abs(f - centre))] = True
    top = np.array([np.linalg.eigvalsh(Li @ s.real @ Li.T)[-1] * q for q, s in zip(flat, S, strict=True)])
    near = in_band & (np.abs(f - f[in_band][np.argmax(top[in_band])]) < 3)
    weight = np.maximum(top[near] - np.median(top[in_band]), 1e-9)
    omega = 2 * np.pi * float(weight @ f[near] / weight.sum())
    white = [s * q for q, s in zip(flat[near], S[near], strict=True)]
    lam, U = np.linalg.eigh(Li @ sum(white) @ Li.T)
    C_in = np.asarray(sum(white)).real / len(white) * fs_hz / 2
    df = float(f[1] - f[0])
    excess = sum(np.trace(s.real) - np.trace(C0) / q for q, s in zip(flat[in_band], S[in_band], strict=True))
    amplitude = float(np.sqrt(2 * max(excess / int(used.sum()) * df, 1e-4 * float(y.var(axis=0).sum()) / int(used.sum()), 1e-12)))
    pattern = chol @ U[:, -1] * np.sqrt(2 * max(lam[-1] - len(white), 1.0) * df) / amplitude

    local = design(y, fs_hz, band_hz, notches)
    audible = np.arange(0.25, 0.45 * fs_hz, 0.25)
    density = 2 / fs_hz / np.maximum(np.abs(freqz_sos(shaper, audible, fs=fs_hz)[1]) ** 2, 1e-9)  # of the background, for R = 1
    noise = local.noise_autocovariance(density, audible, fs_hz)
    seen, in_phase, quadrature = _travel(sosfilt(band_sos, sosfilt(shaper, y - y[0], axis=0), axis=0), fs_hz, band_hz, o)
    extent = layout.extent_mm
    half = max(float(extent.max()), 1e-9)
    sd_k = np.where(extent > 0, min(o.sd_k_extent / half, 0.5), 0.0)
    residual: dict[str, Any] = {}
    if rest is not None:
        drift_sos, taps, covariance = beyond_modes(rest, fs_hz, band_hz, local)
        level = sum(float(np.mean(cross_spectra(one[:, None], fs_hz)[1][flank, 0, 0].real * flat[flank])) for one in rest.T)
        residual = {
            "residual_covariance": covariance, "residual_taps": taps, "residual_drift": drift_sos,
            "residual_noise": level / float(np.trace(C0)),
        }  # fmt: skip
    return Calibration(
        band_hz=np.array(band_hz, dtype=np.float64), fs_hz=float(fs_hz), n_samples=n, used=used,
        layout_mm=layout.positions_mm, rotation=layout.rotation, modes=layout.modes, gradient=layout.gradient,
        beta=found.beta, shaper_sos=shaper, colour_phase_rad=np.unwrap(np.angle(response)), colour_gain=np.abs(response),
        flank_sos=tuple(flanks), band_sos=band_sos, widths_hz=np.array(widths), noise_cov=C0 * fs_hz / 2, in_band_cov=C_in,
        omega_rad_s=omega, amplitude_uv=amplitude, k_rad_mm=np.zeros(2), sd_k_rad_mm=sd_k,
        k_max_rad_mm=float(np.pi / layout.nearest_mm), pattern=pattern, n_pattern=float(used.sum()),
        step_power=float(np.median(np.sum(np.diff(y, axis=0) ** 2, axis=1))),
        local_front_sos=local.front_sos, local_stride=local.stride, local_taps=local.taps, local_ahead=local.ahead,
        local_covariance=local.autocovariance, local_noise=noise,
        hindsight_taps=local.zero_phase, hindsight_noise_gain=local.zero_phase_gain(noise),
        travel_tau_s=_travel_tau_s(band_hz, o), travel_seen=seen, travel_re=in_phase, travel_im=quadrature,
        evidence_threshold=0.0, evidence_scale=1.0, options=o, **residual,
    )  # fmt: skip


def _travel_tau_s(band_hz: tuple[float, float], o: ModelOptions) -> float:
    return o.travel_looks / (2 * EFFECTIVE * (band_hz[1] - band_hz[0]))


def _travel(e: Array, fs_hz: float, band_hz: tuple[float, float], o: ModelOptions) -> tuple[Array, Array, Array]:
    """What ``travel.pyx`` remembers at the end of the in-band mode signals: (weight, power, speed), in phase, quadrature."""
    tau_s = _travel_tau_s(band_hz, o)
    age_s = np.arange(len(e) - 1)[::-1] / fs_hz
    w = np.exp(-age_s / tau_s) * (1 - np.exp(-1 / (tau_s * fs_hz)))
    now, last = e[1:], e[:-1]
    real, lagged = (now * w[:, None]).T @ now, (last * w[:, None]).T @ now
    return np.array([w.sum(), np.trace(real), w @ np.sum((now - last) ** 2, axis=1)]), real, 0.5 * (lagged - lagged.T)


def _likeliest_start(c: Calibration, y: Array) -> Calibration:
    """Several wave vectors are run over the samples; the one under which they are likeliest is kept."""
    half_mm = max(float(np.abs(c.layout_mm[c.used]).max()), 1e-9)
    axes = [np.array([np.cos(a), np.sin(a)]) * (c.sd_k_rad_mm > 0) for a in np.arange(6) * np.pi / 3]
    starts = [np.zeros(2)]
    for edge_rad in (0.72, 1.6, 2.8, 4.0):
        starts += [edge_rad / half_mm * a for a in axes if a.any()]
    best, best_ll = starts[0], -np.inf
    modes = np.ascontiguousarray(y)
    for k in starts:
        model = WaveModel(replace(c, k_rad_mm=k), c.fs_hz)
        ll = model.log_likelihood(modes)
        if ll > best_ll:
            best, best_ll = k, ll
    return replace(c, k_rad_mm=best)


def _with_null(c: Calibration, learn: Callable[[Array], Calibration], seed: int) -> Calibration:
    """The evidence threshold: what noise of the learned colour and covariance reaches when it is calibrated on and tracked like the data.

    A short calibration knows its noise only roughly, and that alone looks like a wave at times. So every surrogate is learned from anew.
    """
    rng = np.random.default_rng(seed)
    r, extra = c.noise_cov.shape[0], round(SURROGATE_S * c.fs_hz)
    colour = inverse(c.shaper_sos[1 : 1 + PAIRS // 2])
    mixing = np.linalg.cholesky(c.noise_cov + 1e-12 * np.eye(r)).T
    evidence = []
    for _ in range(SURROGATES):
        noise = np.ascontiguousarray(sosfilt(colour, rng.standard_normal((c.n_samples + extra, r)) @ mixing, axis=0))
        found = WaveModel(learn(noise[: c.n_samples]), c.fs_hz).run(np.ascontiguousarray(noise[c.n_samples :]))[1][:, 1]
        evidence.append(found[len(found) // 4 :])
    middle, high = np.percentile(np.concatenate(evidence), [50, 99])
    spread = max(float(high - middle), 1.0)
    scale = 0.15 * spread
    return replace(c, evidence_threshold=max(float(high + 0.2 * spread), 3 * scale), evidence_scale=scale)  # no evidence is no wave

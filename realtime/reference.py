"""What a calibration's own state looks like to :class:`wavestim.realtime.staleness.Watch`, and how far from it the same state may stray.

The covariance of each flank is learned with the filters of the model. How far a session of the same state may be from it has three parts:
the sampling error of a calibration and of a look of finite length (two Wishart matrices, drawn; Anderson 2003, An Introduction to
Multivariate Statistical Analysis, ch. 7), what the state itself does from one ten seconds to the next (measured, when the calibration is
long enough), and a change that the model does not mind.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import freqz_sos, sosfilt
from wavestim.realtime.calibration import Calibration
from wavestim.realtime.forecast import FREQUENCY_COLUMNS
from wavestim.realtime.staleness import CLIP, MEMORY_S, STEP_S, WHY
from wavestim.realtime.wavemodel import WaveModel

Array = NDArray[np.float64]

LOOK_S = 2 * MEMORY_S
"""Samples that a leaky mean of that memory is worth."""
SETTLE_S = 0.5
SILENCE_UV2 = 1e-9
"""Nothing can be told from what was learned on less."""
DRAWS = 400
UNMEASURED = 0.5
"""Brains are less steady than noise of one colour: what can't be measured is taken for half as many independent values."""
LEAST_LOOKS = 4
SDS = 3.5
"""Spreads to the limit: several statistics are looked at every second of a session, and it should stay quiet for hours."""
MINDED = {"level": 0.45, "colour": 0.2, "covariance": 0.01, "frequency": 0.3, "channels": 0.025}
"""Smaller changes than these are not worth a word, however surely they are seen: a quarter in amplitude, 0.1 in the noise slope, …"""


def with_reference(c: Calibration, y: Array, seed: int) -> Calibration:
    """The calibration with what a stale one is told by.

    Parameters
    ----------
    c : of ``y``, complete otherwise.
    y : (n, r) uV, the mode signals that it was learned from.
    seed : of the drawn Wishart matrices.
    """
    rng = np.random.default_rng(seed)
    seconds = max(len(y) / c.fs_hz - 2 * SETTLE_S, 0.1)
    flanks = _flanks(c, y)
    if any(float(np.mean(e * e)) < SILENCE_UV2 for e in flanks):
        return c
    width_hz, centre_hz = np.array([_passband_hz(sos, c.fs_hz) for sos in c.flank_sos]).reshape(-1, 2).T
    weights = 2 * width_hz  # degrees of freedom a second
    r = y.shape[1]
    prior = np.linalg.inv(np.linalg.cholesky(c.noise_cov))
    whitening = np.array([_whitening(e, prior, w * seconds) for e, w in zip(flanks, weights, strict=True)]).reshape(-1, r, r)
    share = np.array([weights / max(weights.sum(), 1e-9), np.zeros(len(weights))])
    if len(weights) > 1:
        share[1, [centre_hz.argmin(), centre_hz.argmax()]] = -1, 1
    own = _looks(c, flanks, whitening, share)
    steady = 1.0 if len(own) >= LEAST_LOOKS else UNMEASURED
    drawn = np.array([_drawn(rng, r, w * seconds, w * LOOK_S, steady) for w in weights]).reshape(-1, DRAWS, r, r)
    null = _statistics(drawn, share)
    centre, spread = null.mean(axis=0), null.std(axis=0)
    if len(own) >= LEAST_LOOKS:
        spread[:2] = np.maximum(spread[:2], np.sqrt(1 + LOOK_S / seconds) * own[:, :2].std(axis=0, ddof=1))
        spread[2] = max(spread[2], (float(own[:, 2].max()) - centre[2]) / SDS)
    frequency_hz, frequency_sd_hz = _frequency(c, y)
    minded = np.array([MINDED[name] for name in WHY])
    reach = SDS * np.append(spread, [frequency_sd_hz, 0.0])
    limit = minded + reach
    limit[-1] = max(minded[-1], 0.6 / int(c.used.sum()))  # one channel at least
    usual, usual_spread = _usual_change(c, flanks)
    return replace(
        c,
        usual_change=usual,
        usual_spread=usual_spread,
        watch_whitening=whitening,
        watch_weights=share,
        watch_centre=np.append(centre, [frequency_hz, 0.0]),
        watch_limit=limit,
    )


def _flanks(c: Calibration, y: Array) -> list[Array]:
    """The flanks of the band as the watch sees them: (steps, r) each."""
    step, skip = max(1, round(STEP_S * c.fs_hz)), round(SETTLE_S * c.fs_hz)
    shaped = sosfilt(c.shaper_sos, y - y[0], axis=0)
    return [np.asarray(sosfilt(sos, shaped, axis=0)[skip::step]) for sos in c.flank_sos]


def _usual_change(c: Calibration, flanks: list[Array]) -> tuple[float, float]:
    """Mean divergence of a second's noise covariance from the calibration's, as the whitener will measure it; its mean deviation.

    A calibration holds each of its seconds, so what comes later differs more from it. A second's divergence from the mean of n others goes
    as 1 + 1/n, like that of Wishart matrices.
    """
    step, second = max(1, round(STEP_S * c.fs_hz)), round(c.options.relearn_s * c.fs_hz)
    k = max(1, second // step)
    n = min((len(e) for e in flanks), default=0) // k
    if n < 2:
        return 0.0, 0.0
    cov = np.array([[e[i * k : (i + 1) * k].T @ e[i * k : (i + 1) * k] / k for i in range(n)] for e in flanks]) * c.fs_hz / 2
    widths = np.asarray(c.widths_hz)[:-1]
    level = np.trace(cov, axis1=2, axis2=3) / widths[:, None]
    mean = np.exp(widths @ np.log(np.maximum(level, 1e-300)) / widths.sum())
    seconds = np.einsum("fi,fijk->ijk", mean / level / widths.sum(), cov)
    others = (seconds.sum(axis=0) - seconds) / (n - 1)
    found = np.array([_divergence(s, c.noise_cov) for s in seconds])
    apart = np.mean([_divergence(s, o) for s, o in zip(seconds, others, strict=True)])
    together = np.mean([_divergence(s, seconds.mean(axis=0)) for s in seconds])
    later = (1 + second / (n * second + step)) / (1 + 1 / (n - 1))
    usual = float(apart * later + max(found.mean() - together, 0.0))
    return usual, float(max(np.abs(found - found.mean()).mean(), 0.2 * usual))


def _divergence(cov: Array, reference: Array) -> float:
    """Kullback-Leibler divergence of a covariance from another one, per mode; twice its usual definition."""
    white = np.linalg.solve(reference + 1e-12 * np.eye(len(reference)), cov)
    return float((np.trace(white) - np.linalg.slogdet(white + 1e-9 * np.eye(len(white)))[1]) / len(white) - 1)


def _passband_hz(sos: Array, fs_hz: float) -> tuple[float, float]:
    """Statistical bandwidth (Bendat & Piersol 2010, Random Data, eq. 8.64: half the independent values a second); its middle."""
    f, response = freqz_sos(sos, 8192, fs=fs_hz)
    power = np.abs(response) ** 2
    return float(power.sum() ** 2 / (power**2).sum() * fs_hz / 2 / len(power)), float(f @ power / power.sum())


def _clipped_cov(e: Array, whitening: Array) -> Array:
    """Covariance in white coordinates, samples that are too long weighted down as the watch does it."""
    z = e @ whitening.T
    weight = np.minimum(1.0, CLIP * z.shape[1] / np.maximum((z * z).sum(axis=1), 1e-300))
    return np.asarray((z * weight[:, None]).T @ z / len(z))


def _whitening(e: Array, prior: Array, freedom: float) -> Array:
    """Lower triangular; makes the flank's covariance the unit matrix. A short calibration leans on the covariance of both flanks."""
    white = prior / np.sqrt(float(np.mean((e @ prior.T) ** 2)))
    for _ in range(3):  # what is clipped depends on the scale
        c = _shrunk(_clipped_cov(e, white), freedom)
        white = white / np.sqrt(np.trace(c) / len(c))
    return np.asarray(np.linalg.inv(np.linalg.cholesky(_shrunk(_clipped_cov(e, white), freedom))) @ white)


def _shrunk(c: Array, freedom: float) -> Array:
    """Towards its mean variance, as if that had been seen on r + 2 samples (Ledoit & Wolf 2004, J Multivar Anal 88:365, in spirit)."""
    r = c.shape[-1]
    mean = np.trace(c, axis1=-2, axis2=-1)[..., None, None] / r
    return np.asarray((freedom * c + (r + 2) * mean * np.eye(r)) / (freedom + r + 2))


def _drawn(rng: np.random.Generator, r: int, freedom: float, freedom_now: float, steady: float) -> Array:
    """(DRAWS, r, r): covariances of the same state, seen by a whitening that was learned from samples of it."""
    learned = _shrunk(_wishart(rng, r, steady * freedom), freedom)
    now = _wishart(rng, r, steady * freedom_now)
    white = np.linalg.inv(np.linalg.cholesky(learned))
    return np.asarray(white @ now @ white.transpose(0, 2, 1))


def _wishart(rng: np.random.Generator, r: int, freedom: float) -> Array:
    """(DRAWS, r, r) sample covariances of white noise: outer products for few degrees of freedom, Bartlett's decomposition for many."""
    if freedom < r + 1:
        x = rng.standard_normal((DRAWS, max(2, round(freedom)), r))
        return np.asarray(np.einsum("dni,dnj->dij", x, x) / x.shape[1])
    A = np.tril(rng.standard_normal((DRAWS, r, r)), -1)
    A[:, np.arange(r), np.arange(r)] = np.sqrt(rng.chisquare(freedom - np.arange(r), (DRAWS, r)))
    return np.asarray(A @ A.transpose(0, 2, 1) / freedom)


def _statistics(covariances: Array, share: Array) -> Array:
    """(looks, 3) level, colour and shape of covariances (flanks, looks, r, r) in white coordinates."""
    if not len(covariances):
        return np.zeros((DRAWS, 3))
    r = covariances.shape[-1]
    level = np.log(np.trace(covariances, axis1=-2, axis2=-1) / r + 1e-30)
    shape = level - np.linalg.slogdet(covariances + 1e-15 * np.eye(r))[1] / r
    return np.column_stack([share[0] @ level, share[1] @ level, share[0] @ shape])


def _looks(c: Calibration, flanks: list[Array], whitening: Array, share: Array) -> Array:
    """The statistics of stretches of the calibration itself, as long as a look and overlapping by three quarters."""
    if not flanks:
        return np.zeros((0, 3))
    size = round(LOOK_S * c.fs_hz / max(1, round(STEP_S * c.fs_hz)))
    looks = []
    for i in range(0, len(flanks[0]) - size + 1, size // 4):
        seen = [[_clipped_cov(e[i : i + size], w)] for e, w in zip(flanks, whitening, strict=True)]
        looks.append(_statistics(np.array(seen), share)[0])
    return np.array(looks).reshape(-1, 3)


def _frequency(c: Calibration, y: Array) -> tuple[float, float]:
    """Mean of the tracked frequency, and the SD of a look's mean about it; infinite when there was no wave to speak of."""
    model, means, weights = WaveModel(c, c.fs_hz), [], []
    for block in np.array_split(y, max(1, round(len(y) / c.fs_hz))):
        wave, plane, omega, omega_free = model.run(np.ascontiguousarray(block))[0][:, FREQUENCY_COLUMNS].T
        omega = plane * omega + (1 - plane) * omega_free
        weights.append(float(wave.sum() / c.fs_hz))
        means.append(float(wave @ omega / max(wave.sum(), 1e-12)) / (2 * np.pi))
    w, f = np.array(weights), np.array(means)
    if w.sum() < 1.0:
        return 0.0, np.inf
    mean_hz = float(w @ f / w.sum())
    o = c.options
    turnover = 2 * o.tau_freq_s * (o.sd_freq * mean_hz) ** 2  # of an Ornstein-Uhlenbeck process: variance of its mean over T is this / T
    model_sd = np.sqrt(turnover * (1 / LOOK_S + 1 / w.sum()))
    n = round(LOOK_S)
    seen = [w[i : i + n] @ f[i : i + n] / w[i : i + n].sum() for i in range(0, len(f) - n + 1, n // 2) if w[i : i + n].sum() > n / 4]
    own_sd = np.std(seen, ddof=1) * np.sqrt(1 + LOOK_S / w.sum()) if len(seen) >= 3 else 0.0
    return mean_hz, float(max(model_sd, own_sd))

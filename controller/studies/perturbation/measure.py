"""What the two sessions of a cell say, as tidy rows: accuracy by lag, the phase that was hit and what it does, how a read-out learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.decoding import correct, lagged
from wavestim.controller.studies.perturbation.adaptive import learning
from wavestim.controller.studies.perturbation.rig import AGAINST, CONDITIONS, WITH
from wavestim.controller.studies.perturbation.sessions import CLOSED, DARK, REPLAYED, Pair, Reading
from wavestim.controller.studies.study import Row

Floats = NDArray[np.float64]


def rows(p: Mapping[str, Any], pair: Pair) -> list[Row]:
    """All rows of a cell: ``measure``, ``light`` (closed loop, replayed, dark), ``condition``, ``lag``, ``value``, ``n``."""
    found = _dark(pair)
    sessions = ((CLOSED, pair.closed), (REPLAYED, pair.replayed))
    for light, reading in sessions:
        for name in CONDITIONS:
            right = hits(pair, reading, name, p["reads"])
            found += [_row("accuracy", light, name, float(np.nanmean(right[:, k])), len(right), k) for k in range(right.shape[1])]
            found += _learned(p, reading, light, name)
            found.append(_row("energy, mJ/mm2", light, name, pair.energy_mj_mm2[name], len(right)))
        lit = ~reading.dark
        found += _phase(light, "lit", reading.truth["phase_error_deg"][lit])
        found += _phase(light, "catch", reading.truth["phase_error_deg"][~lit])
        found += _phase(light, "direction", reading.truth["direction_error_deg"])
    return found + _by_phase(p, pair, [reading for _, reading in sessions])


def hits(pair: Pair, reading: Reading, name: str, reads: int) -> Floats:
    """(pulses, lags) how many of the first ``reads`` tokens that are clear after each pulse are told right; NaN where none was shown."""
    trials, first = reading.cuts.trials, reading.asked[name]
    later = np.minimum(first[:, None] + np.arange(reads), len(trials.token) - 1)
    out = np.empty((len(first), len(pair.decoders)))
    for k, decoder in enumerate(pair.decoders):
        target = lagged(trials.token, decoder.lag)[later]
        told = decoder.read(trials.pattern[later.ravel(), -1]).reshape(later.shape)
        out[:, k] = np.where(target >= 0, told == target, np.nan).mean(axis=1)
    return out


def _row(measure: str, light: str, condition: str, value: float, n: int, lag: int = -1) -> Row:
    return {"measure": measure, "light": light, "condition": condition, "lag": lag, "value": value, "n": n}


def _dark(pair: Pair) -> list[Row]:
    """What can be read without light, cross-validated."""
    trials = pair.closed.cuts.trials
    every = np.arange(trials.pattern.shape[2])
    right = [correct(trials, k, -1, every) for k in range(len(pair.decoders))]
    return [_row("accuracy", DARK, DARK, float(np.nanmean(r)), int(np.isfinite(r).sum()), k) for k, r in enumerate(right)]


def _phase(light: str, condition: str, error_deg: Floats) -> list[Row]:
    """Bias and circular SD of an error."""
    known = np.deg2rad(error_deg[np.isfinite(error_deg)])
    if not len(known):
        return []
    mean = np.exp(1j * known).mean()
    sd = np.degrees(np.sqrt(max(-2 * np.log(max(abs(mean), 1e-12)), 0.0)))
    return [
        _row("phase bias, deg", light, condition, float(np.degrees(np.angle(mean))), len(known)),
        _row("phase SD, deg", light, condition, min(float(sd), 180.0), len(known)),
    ]


def _by_phase(p: Mapping[str, Any], pair: Pair, readings: list[Reading]) -> list[Row]:
    """What the phase at light-on does to accuracy: a + b cos + c sin over all pulses that lit the whole array, replayed ones included."""
    phase, right = [], []
    for reading in readings:
        for name in (WITH, AGAINST):
            phase.append(np.deg2rad(reading.truth["true_phase_deg"][reading.pulse[name]]))
            right.append(np.nanmean(hits(pair, reading, name, p["reads"])[:, p["asked_lags"]], axis=1))
    at, said = np.concatenate(phase), np.concatenate(right)
    known = np.isfinite(at) & np.isfinite(said)
    at, said = at[known], said[known]
    fit = np.linalg.lstsq(np.column_stack([np.ones(len(at)), np.cos(at), np.sin(at)]), said, rcond=None)[0]
    names = ("mean accuracy", "accuracy by cos of phase", "accuracy by sin of phase", "variance of a pulse")
    found = (*fit, said.var(ddof=1))
    return [_row(name, "both", "with, against", float(value), len(at)) for name, value in zip(names, found, strict=True)]


def _learned(p: Mapping[str, Any], reading: Reading, light: str, name: str) -> list[Row]:
    """A read-out for each lag, that learns from the tokens after the pulses of one condition alone; accuracy of the second half."""
    trials = reading.cuts.trials
    index = np.unique(np.minimum(reading.asked[name][:, None] + np.arange(p["learn_reads"]), len(trials.token) - 1))
    pattern = trials.pattern[index, -1]
    x = np.concatenate([pattern.real, pattern.imag], axis=1)
    x = x / max(float(np.std(trials.pattern[:, -1].real)), 1e-12)
    found = []
    for k in p["asked_lags"]:
        target = lagged(trials.token, k)[index]
        right = learning(x[target >= 0], target[target >= 0], trials.n_tokens)
        half = right[len(right) // 2 :]
        found.append(_row("learned", light, name, float(half.mean()) if len(half) else np.nan, len(half), k))
    return found

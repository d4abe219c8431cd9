"""Patterns at a few cuts after every token, from a material: phase and amplitude by a causal filter, and which tokens saw light.

The last cut lies just before the next token, and the filter is causal, so a pattern holds nothing of the tokens to come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.errors import AssayError
from wavestim.controller.context.filters import Analytic, settle_ms
from wavestim.controller.context.information import Trials
from wavestim.controller.context.material import Material

Floats = NDArray[np.float64]

STEP_MS = 10.0
MOST_CUTS = 10
MEMORY_MS = 200.0
LAGS = (3, 12)
UNEVEN = 0.25
"""Intervals between tokens may differ from their median by this part before an age in ms means too little."""


@dataclass(frozen=True)
class Cuts:
    """Trials and where they were cut: ``sample`` (tokens, cuts).

    ``gone``: samples are missing from the pattern or its memory, or the next token is in it.
    """

    trials: Trials
    sample: Floats
    gone: NDArray[np.bool_]


def cut(material: Material, band_hz: tuple[float, float], lags: int | None = None) -> Cuts:
    """Cut the patterns of a material.

    Parameters
    ----------
    material : Material
    band_hz : (low, high)
        Of the filter.
    lags : int, optional
        How many tokens back; by default as many as 200 ms hold, 3 to 12.

    Raises
    ------
    AssayError
        When tokens come at too uneven intervals, or too fast for the samples.
    """
    onset, fs = material.tokens.sample, material.fs_hz
    period = float(np.median(np.diff(onset)))
    if period < 3:
        raise AssayError(f"{material.name}: tokens come every {period:.1f} samples; at least 3 are needed between two of them")
    if np.mean(np.abs(np.diff(onset) - period) > UNEVEN * period) > 0.1:
        raise AssayError(f"{material.name}: intervals between tokens differ by more than {UNEVEN:.0%}; the assay needs an even pace")
    n_cuts = int(np.clip(round(period * 1e3 / fs / STEP_MS), 1, MOST_CUTS))
    after = np.floor(period * (np.arange(n_cuts) + 1) / n_cuts - 1e-9)  # the last is the sample before the next token shows
    sample = np.floor(onset[:, None] + after[None, :])
    wanted = np.unique(sample.ravel()).astype(np.int64)
    values, gone = _at(material, wanted, band_hz)
    index = np.searchsorted(wanted, sample.astype(np.int64))
    ahead = np.append(sample[:-1, -1] > onset[1:], False)  # the next token came early and may show in it
    missing = np.asarray(gone[index].any(axis=1) | ahead)
    period_ms = period * 1e3 / fs
    count = int(np.clip(np.ceil(MEMORY_MS / period_ms), *LAGS)) if lags is None else lags
    lit = light_within(material, sample[:, -1], count * period + settle_ms(band_hz) * fs / 1e3)
    trials = Trials(
        pattern=values[index],
        token=material.tokens.sequence.tokens,
        usable=~missing & ~lit,
        cut_ms=after * 1e3 / fs,
        period_ms=period_ms,
        n_tokens=material.tokens.sequence.n_tokens,
        lags=count,
    )
    return Cuts(trials, sample, missing)


def light_within(material: Material, sample: Floats, memory: float) -> NDArray[np.bool_]:
    """Light, not sham, shone in the ``memory`` samples before each of these."""
    out = np.zeros(len(sample), dtype=bool)
    lit = ~material.light.dark
    for first, last in zip(material.light.first[lit], material.light.last[lit], strict=True):
        out |= (sample >= first) & (sample <= last + memory)
    return out


def _at(material: Material, wanted: NDArray[np.int64], band_hz: tuple[float, float]) -> tuple[NDArray[np.complex128], NDArray[np.bool_]]:
    """The filtered signal at rising samples, and where it rests on what is missing."""
    values = np.zeros((len(wanted), len(material.positions_mm)), dtype=np.complex128)
    gone = np.ones(len(wanted), dtype=bool)
    settle = int(np.ceil(settle_ms(band_hz) * material.fs_hz / 1e3))
    running, end, fresh = None, None, 0
    for first, block in material.blocks():
        if running is None or first != end:
            running, fresh = Analytic(material.fs_hz, band_hz, block.shape[1]), first + settle
        z = running.push(block)
        end = first + len(block)
        a, b = np.searchsorted(wanted, [first, end])
        at = wanted[a:b] - first
        values[a:b] = z[at]
        silent = ~np.isfinite(block).any(axis=1)
        whole_again = np.maximum.accumulate(np.where(silent, np.arange(first, end) + 1 + settle, fresh))
        gone[a:b] = wanted[a:b] < whole_again[at]
        fresh = int(whole_again[-1])
    return values, gone

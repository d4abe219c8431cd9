"""Does the wave know the sequence? Its direction, speed, phase gradient directionality and rate against surprisal, entropy and order.

A property of the wave is correlated with a context over all tokens at which a wave travelled (ranks; a direction's cosine and sine about
its mean, of which the size of the two correlations counts). Neither of the two is independent from token to token, and a shift of one
against the other holds little: it also breaks what both owe to slow drifts, and the moments at which both change. So the sequence alone
is broken, in ways in which it could have come as well:

``dealt``    whole stretches of the sequence are dealt out anew over the session. Exact for any wave, where stretches were drawn
             independently: also when the wave changes at the very moments at which the sequence does. A rule of its own makes a stretch;
             a sequence of one rule is cut into equal ones, far longer than its memory.
``flipped``  asked as well where stretches were cut, since what is learned of a sequence drifts; the larger p-value counts. Signs of the
             components of a cosine transform (DCT-II) of the context are flipped. These are uncorrelated for whatever drifts: they are
             the principal components of a random walk, and nearly those of any process that forgets exponentially.

Several questions are asked: each p-value is corrected by the smallest of all under the same draw (min-P, Westfall and Young 1993). Not by
the largest correlation: a direction's is the size of two and never near zero, so it would be the largest nearly always, and the other
properties would have to pass its threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.stats import rankdata
from wavestim.controller.context.sequences import Sequence
from wavestim.controller.context.waves import Waves

Floats = NDArray[np.float64]
DRAWS = 1999
STRETCHES = 40
SHORTEST = 20
"""Tokens of an equal stretch, at least."""
FEWEST_STRETCHES = 8
LEAST = 200
"""Tokens with a wave, at least."""
RECENT = 8
AT_ONCE = 4096
"""Components whose signs are held in memory together."""


@dataclass(frozen=True)
class Tie:
    """One property of the wave against one property of the context: correlation (direction: its size), p and corrected p."""

    wave: str
    context: str
    correlation: float
    p: float
    p_corrected: float


def contexts(sequence: Sequence) -> dict[str, Floats]:
    """What is told of each token: surprisal, entropy, how much of the last tokens repeat (order), only where it varies."""
    n = len(sequence)
    repeated = np.full(n, np.nan)
    for i in range(RECENT, n):
        repeated[i] = 1 - len(set(sequence.tokens[i - RECENT : i + 1].tolist())) / min(RECENT + 1, sequence.n_tokens + 1)
    found = {"surprisal": sequence.surprisal_bits, "entropy": sequence.entropy_bits, "order": repeated}
    return {name: x for name, x in found.items() if np.isfinite(x).sum() > LEAST and np.nanstd(x) > 1e-9}


def stretches_of(sequence: Sequence) -> list[NDArray[np.int64]]:
    """Tokens that stay together when the sequence is dealt out anew: those of one rule after another, or equal parts of a single one."""
    n = len(sequence)
    if sequence.rule is not None:
        return np.split(np.arange(n), np.flatnonzero(np.diff(sequence.rule)) + 1)
    return np.array_split(np.arange(n), max(1, min(STRETCHES, n // SHORTEST)))


def ties(waves: Waves, sequence: Sequence, seed: int = 1) -> tuple[Tie, ...]:
    """Every property of the wave against every property of the context; none in a session that is too short for an answer."""
    stretches = stretches_of(sequence)
    direction = np.deg2rad(waves.direction_deg)
    if np.isfinite(direction).sum() < LEAST or len(stretches) < FEWEST_STRETCHES:
        return ()
    properties = {
        "direction": _about_the_mean(np.cos(direction), np.sin(direction)),
        "speed": (waves.speed_mm_s,),
        "pgd": (waves.pgd,),
        "rate": (waves.frequency_hz,),
    }
    ranked = {wave: np.array([_ranks(column) for column in columns]) for wave, columns in properties.items()}
    seen = {wave: columns for wave, columns in ranked.items() if columns.any()}  # what does not vary is not asked
    told = {context: _ranks(x) for context, x in contexts(sequence).items()}
    asked = [(wave, context) for context in told for wave in seen]
    if not asked:
        return ()
    rng = np.random.default_rng(seed)
    nulls = [_dealt(seen, told, stretches, rng)]
    if sequence.rule is None:
        nulls.append(_flipped(seen, told, rng))
    p, corrected = np.max([_p_values(sizes) for sizes in nulls], axis=0)
    return tuple(
        Tie(wave, context, _correlation(seen[wave], told[context]), float(mine), float(of_all))
        for (wave, context), mine, of_all in zip(asked, p, corrected, strict=True)
    )


def _correlation(columns: Floats, x: Floats) -> float:
    """Of ranks at the tokens where a wave travelled; of two columns the size."""
    known = columns.any(axis=0)
    r = columns @ x / max(float(np.sqrt(((x[known] - x[known].mean()) ** 2).sum())), 1e-300)
    return float(r[0]) if len(r) == 1 else float(np.hypot(*r))


def _dealt(seen: dict[str, Floats], told: dict[str, Floats], stretches: list[NDArray[np.int64]], rng: np.random.Generator) -> Floats:
    """(questions, 1 + draws) sizes of the session's own ties, and of those with its stretches in any other order."""
    longest, n = max(len(rows) for rows in stretches), len(stretches)
    at = np.full((n, longest), -1)
    for i, rows in enumerate(stretches):
        at[i, : len(rows)] = rows
    order = np.vstack([np.arange(n), rng.permuted(np.tile(np.arange(n), (DRAWS, 1)), axis=1)])
    found = []
    for x in told.values():
        there = np.append(x, 0.0)[at]
        for columns in seen.values():
            each = [(np.append(column, 0.0)[at] @ there.T)[np.arange(n), order].sum(axis=1) for column in columns]
            found.append(_size(np.array(each)))
    return np.array(found)


def _flipped(seen: dict[str, Floats], told: dict[str, Floats], rng: np.random.Generator) -> Floats:
    """The same for signs of components of the contexts."""
    parts = {wave: dct(columns, norm="ortho") for wave, columns in seen.items()}
    products = [dct(x, norm="ortho") * columns for x in told.values() for columns in parts.values()]
    every = np.concatenate(products).T  # (components, columns of all questions)
    sums = np.zeros((1 + DRAWS, every.shape[1]))
    for first in range(0, len(every), AT_ONCE):
        some = every[first : first + AT_ONCE]
        signs = 1.0 - 2.0 * rng.integers(0, 2, (1 + DRAWS, len(some)), dtype=np.int8)
        signs[0] = 1.0
        sums += signs @ some
    return np.array([_size(each) for each in np.split(sums.T, np.cumsum([len(each) for each in products])[:-1])])


def _size(columns: Floats) -> Floats:
    return np.asarray(np.sqrt((columns**2).sum(axis=0)))


def _p_values(size: Floats) -> Floats:
    """(2, questions) p and corrected p of the first column among all."""
    p = np.array([_share_as_large(each) for each in size])
    smallest = p.min(axis=0)
    return np.array([p[:, 0], (smallest <= p[:, :1]).mean(axis=1)])


def _share_as_large(values: Floats) -> Floats:
    """Which part of all values is as large as each of them."""
    close = values * (1 - 1e-9)  # the same but for rounding
    return np.asarray(1 - np.searchsorted(np.sort(values), close, side="left") / len(values))


def _about_the_mean(cos: Floats, sin: Floats) -> tuple[Floats, Floats]:
    """Cosine and sine of directions against their mean: how far off, and to which side."""
    a, b = np.nanmean(cos), np.nanmean(sin)
    size = max(float(np.hypot(a, b)), 1e-300)
    return (cos * a + sin * b) / size, (sin * a - cos * b) / size


def _ranks(x: Floats) -> Floats:
    """Ranks about their mean, of length 1; 0 where nothing is known."""
    out, known = np.zeros(len(x)), np.isfinite(x)
    out[known] = rankdata(x[known]) - (known.sum() + 1) / 2
    return np.asarray(out / max(float(np.sqrt((out**2).sum())), 1e-300))

"""Does the wave know the sequence? Its direction, speed, phase gradient directionality and rate against surprisal, entropy and order.

Within contiguous blocks of the session the wave's property is correlated with the context (ranks; a direction's cosine and sine about the
block's mean direction, two correlations), and the blocks are averaged; of a direction the size of the two averages counts. (Not the
average of sizes: they don't cancel, and what both series owe to slow trends, which a shift round the block breaks, would add up.)
Neighbouring tokens are not independent, nor are neighbouring waves; so the null distribution moves the context against the waves by a
random number of tokens, round within each block. That keeps what each of the two has of its own and breaks only what ties them.

Several questions are asked: each p-value is corrected by the smallest of all under the same shifts (min-P, Westfall and Young 1993). Not by
the largest correlation: a direction's is the size of two and never near zero, so it would be the largest nearly always, and the other
properties would have to pass its threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from wavestim.controller.context.sequences import Sequence
from wavestim.controller.context.waves import Waves

Floats = NDArray[np.float64]
BLOCKS = 8
SHIFTS = 1999
LEAST = 30
"""Tokens with a wave that a block needs."""
RECENT = 8


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


def ties(waves: Waves, sequence: Sequence, seed: int = 1) -> tuple[Tie, ...]:
    """Every property of the wave against every property of the context."""
    rng = np.random.default_rng(seed)
    direction = np.deg2rad(waves.direction_deg)
    properties = {
        "direction": (np.cos(direction), np.sin(direction)),
        "speed": (waves.speed_mm_s,),
        "pgd": (waves.pgd,),
        "rate": (waves.frequency_hz,),
    }
    told = contexts(sequence)
    part = rng.random((BLOCKS, SHIFTS))
    names, own, null = [], [], []
    for context, x in told.items():
        for name, columns in properties.items():
            made = _against(columns, x, part)
            if made is not None:
                names.append((name, context))
                own.append(made[0])
                null.append(made[1])
    if not names:
        return ()
    size = np.abs(np.column_stack([own, null]))  # the session's own shift, none, is one of them
    p = np.array([_share_as_large(each) for each in size])
    smallest = p.min(axis=0)
    return tuple(
        Tie(wave, context, r, float(mine), float((smallest <= mine).mean()))
        for (wave, context), r, mine in zip(names, own, p[:, 0], strict=True)
    )


def _share_as_large(values: Floats) -> Floats:
    """Which part of all values is as large as each of them."""
    return np.asarray(1 - np.searchsorted(np.sort(values), values, side="left") / len(values))


def _against(columns: tuple[Floats, ...], x: Floats, part: Floats) -> tuple[float, Floats] | None:
    """The mean over blocks of the correlation, and of those under shifts by these parts (blocks, shifts) of each block."""
    own, null, blocks = np.zeros(len(columns)), np.zeros((len(columns), SHIFTS)), 0
    for rows, far in zip(np.array_split(np.arange(len(x)), BLOCKS), part, strict=True):
        known = rows[np.isfinite(x[rows]) & np.all([np.isfinite(c[rows]) for c in columns], axis=0)]
        if len(known) < LEAST or x[known].std() < 1e-12:
            continue
        context = np.conj(np.fft.fft(_unit(rankdata(x[known]))))
        seen = [c[known] for c in columns] if len(columns) == 1 else _about_the_mean(*(c[known] for c in columns))
        every = np.array([np.fft.ifft(context * np.fft.fft(_unit(rankdata(c)))).real for c in seen])  # a column for each shift
        own += every[:, 0]
        null += every[:, 1 + (far * (len(known) - 1)).astype(np.int64)]
        blocks += 1
    if not blocks:
        return None
    if len(columns) == 1:
        return float(own[0] / blocks), null[0] / blocks
    return float(np.hypot(*own) / blocks), np.hypot(*null) / blocks


def _about_the_mean(cos: Floats, sin: Floats) -> list[Floats]:
    """Cosine and sine of directions against their mean: how far off, and to which side."""
    a, b = cos.mean(), sin.mean()
    size = max(float(np.hypot(a, b)), 1e-300)
    return [(cos * a + sin * b) / size, (sin * a - cos * b) / size]


def _unit(x: Floats) -> Floats:
    x = x - x.mean()
    return np.asarray(x / max(float(np.sqrt((x**2).sum())), 1e-300))

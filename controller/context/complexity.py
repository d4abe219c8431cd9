"""Does the wave know the sequence? Its direction, speed, phase gradient directionality and rate against surprisal, entropy and order.

Within contiguous blocks of the session the wave's property is correlated with the context (ranks; for directions the two correlations
with sine and cosine together), and the blocks are averaged. Neighbouring tokens are not independent, nor are neighbouring waves; so the
null distribution moves the context against the waves by a random number of tokens, round within each block. That keeps what each of the two
has of its own and breaks only what ties them. Several questions are asked: the p-values are corrected by the largest of them under the
same shifts (max-T, Westfall and Young).
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
    names, own, null = [], [], []
    for context, x in told.items():
        for name, columns in properties.items():
            made = _against(columns, x, rng)
            if made is not None:
                names.append((name, context))
                own.append(made[0])
                null.append(made[1])
    if not names:
        return ()
    drawn = np.abs(np.array(null))
    scale = np.maximum(drawn.std(axis=1), 1e-300)
    largest = (drawn / scale[:, None]).max(axis=0)
    return tuple(
        Tie(wave, context, r, float((1 + (drawn[i] >= abs(r)).sum()) / (1 + SHIFTS)),
            float((1 + (largest >= abs(r) / scale[i]).sum()) / (1 + SHIFTS)))
        for i, ((wave, context), r) in enumerate(zip(names, own, strict=True))
    )  # fmt: skip


def _against(columns: tuple[Floats, ...], x: Floats, rng: np.random.Generator) -> tuple[float, Floats] | None:
    """The mean over blocks of the correlation, and of those under shifts."""
    own, null, blocks = 0.0, np.zeros(SHIFTS), 0
    for rows in np.array_split(np.arange(len(x)), BLOCKS):
        known = rows[np.isfinite(x[rows]) & np.all([np.isfinite(c[rows]) for c in columns], axis=0)]
        if len(known) < LEAST or x[known].std() < 1e-12:
            continue
        ranks = _unit(rankdata(x[known]))
        shifted = np.fft.fft(ranks)
        parts = [np.fft.ifft(np.conj(shifted) * np.fft.fft(_unit(rankdata(c[known])))).real for c in columns]
        every = parts[0] if len(parts) == 1 else np.sqrt(parts[0] ** 2 + parts[1] ** 2)  # one entry for each shift
        own += float(every[0])
        null += every[rng.integers(1, len(known), size=SHIFTS)]
        blocks += 1
    return (own / blocks, null / blocks) if blocks else None


def _unit(x: Floats) -> Floats:
    x = x - x.mean()
    return np.asarray(x / max(float(np.sqrt((x**2).sum())), 1e-300))

"""Which electrode tells how much of a token how long after it: cross-validated, unbiased, and with what it owes to chance.

The patterns of a session are cut into contiguous blocks with gaps as long as the memory. In each block a linear encoding model says what
every token of the last lags adds to every electrode: z_n,j = mean + sum_k b_k[token_(n-k), j]. The information of electrode j about the
token of lag k is the inner product of b_k between blocks, averaged over all pairs of different blocks (the cross-validated distance of
Walther et al. 2016, NeuroImage 137:188): zero on average where there is none, whatever the noise, and the square of the code where there
is one. So gains multiply: an electrode that hears everything twice as loud has four times the information at every lag, and no more.

One exception: covariances of the tokens are taken over all blocks, so chance correlations between lags are taken out on the whole and not
block by block. That leaves at each lag about minus (n_tokens - 1) / n of the information at the others, 0.25 % for 1200 tokens of four; it
has the places of those and so makes no interaction.

The average over pairs is a U-statistic. Scores of cross-validation folds are not independent, since they share what they were trained
on; so uncertainties come from leaving out whole blocks (jackknife), never from the spread over folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.errors import AssayError

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]
Integers = NDArray[np.int64]

BLOCKS = 20
FEWEST_BLOCKS = 6
PER_BLOCK = 5
"""How often each token comes in a block, on average and at least."""
INFLATED = 10.0
"""Variance inflation from which on the lags of a sequence can't be told apart."""


@dataclass(frozen=True)
class Trials:
    """Patterns at a few cuts after every token.

    Attributes
    ----------
    pattern : (tokens, cuts, electrodes) complex, or real where only power is looked at.
    token : (tokens,) 0 ... n_tokens - 1; negative: none was shown.
    usable : (tokens,) neither light nor missing samples in the pattern.
    cut_ms : (cuts,) after the token's onset.
    period_ms : from token to token.
    n_tokens, lags : int
    """

    pattern: Complex
    token: Integers
    usable: NDArray[np.bool_]
    cut_ms: Floats
    period_ms: float
    n_tokens: int
    lags: int

    @property
    def age_ms(self) -> Floats:
        """(lags * cuts,) how long ago the token of a lag came at a cut."""
        return np.asarray((np.arange(self.lags)[:, None] * self.period_ms + self.cut_ms[None, :]).ravel())


@dataclass(frozen=True)
class Codes:
    """What each block says that the tokens add: ``blocks`` (blocks, ages, tokens, electrodes), ages = lags x cuts; scaled to unit noise."""

    blocks: Complex
    age_ms: Floats
    trials: int

    @property
    def n(self) -> int:
        """Blocks."""
        return len(self.blocks)

    def information(self) -> Floats:
        """(ages, electrodes) over all pairs of blocks."""
        return _pairs(self.blocks.sum(axis=0), (np.abs(self.blocks) ** 2).sum(axis=(0, 2)), self.n)

    def left_out(self) -> Floats:
        """(blocks, ages, electrodes) the same without each block."""
        total, own = self.blocks.sum(axis=0), (np.abs(self.blocks) ** 2).sum(axis=2)
        return _pairs(total[None] - self.blocks, own.sum(axis=0)[None] - own, self.n - 1)


def _pairs(total: Complex, own: Floats, n: int) -> Floats:
    tokens = total.shape[-2]
    return np.asarray(((np.abs(total) ** 2).sum(axis=-2) - own) / (n * (n - 1) * tokens))


def design(token: Integers, n_tokens: int, lags: int) -> Floats:
    """(n, lags, n_tokens - 1) effect coding of the token and those before it; rows of zeros where none was shown."""
    code = np.vstack([np.eye(n_tokens - 1), -np.ones(n_tokens - 1), np.zeros(n_tokens - 1)])  # the last row: none
    index = np.where((token >= 0) & (token < n_tokens), token, n_tokens)
    padded = np.concatenate([np.full(lags - 1, n_tokens), index]) if lags > 1 else index
    return np.asarray(code[np.lib.stride_tricks.sliding_window_view(padded, lags)[:, ::-1]])


def blocks_of(n: int, lags: int, n_blocks: int) -> list[NDArray[np.int64]]:
    """Contiguous blocks of tokens, each without its first ones, whose past lies in the block before."""
    edges = np.linspace(0, n, n_blocks + 1).astype(int)
    return [np.arange(a + lags, b) for a, b in pairwise(edges)]


def tokens_for(n_tokens: int, lags: int, n_blocks: int = BLOCKS) -> int:
    """Tokens that fill so many blocks."""
    return n_blocks * (PER_BLOCK * n_tokens + lags)


def encode(trials: Trials, n_blocks: int = BLOCKS, fewest: int = FEWEST_BLOCKS) -> Codes:
    """The encoding model of every block.

    Parameters
    ----------
    trials : Trials
    n_blocks : int
    fewest : int
        Blocks that have to hold enough usable tokens.

    Raises
    ------
    AssayError
        When there are too few tokens for the lags.
    """
    t = trials
    most = int(len(t.token) // (PER_BLOCK * t.n_tokens + t.lags))
    if min(n_blocks, most) < FEWEST_BLOCKS:
        need = tokens_for(t.n_tokens, t.lags, FEWEST_BLOCKS)
        raise AssayError(f"{len(t.token)} tokens are too few for {t.lags} lags of {t.n_tokens} tokens; at least {need} are needed")
    X = design(t.token, t.n_tokens, t.lags).reshape(len(t.token), -1)
    n, cuts, electrodes = t.pattern.shape
    Y = t.pattern.reshape(n, cuts * electrodes)
    rows = [r[t.usable[r]] for r in blocks_of(n, t.lags, min(n_blocks, most))]
    rows = [r for r in rows if len(r) >= PER_BLOCK * t.n_tokens / 2]
    if len(rows) < fewest:
        raise AssayError(
            f"only {len(rows)} of {min(n_blocks, most)} blocks hold enough tokens without light and gaps; the assay needs {fewest}: "
            f"record longer, or with less light"
        )
    parts = [(X[r] - X[r].mean(axis=0), Y[r] - Y[r].mean(axis=0)) for r in rows]
    moments = sum(x.T @ x for x, _ in parts) / sum(len(x) - 1 for x, _ in parts)
    _lags_differ(moments)
    solve = np.linalg.inv(moments)
    found = np.array([(solve @ (x.T @ y)) / (len(x) - 1) for x, y in parts])
    whole = found.mean(axis=0)
    left = np.mean([(np.abs(y - x @ whole) ** 2).sum(axis=0) / (len(y) - 1) for x, y in parts], axis=0)
    noise = np.sqrt(left.reshape(cuts, electrodes).mean(axis=0))
    found = found.reshape(len(rows), t.lags, t.n_tokens - 1, cuts, electrodes)
    found = np.concatenate([found, -found.sum(axis=2, keepdims=True)], axis=2)  # the last token is minus the others
    found = found.transpose(0, 1, 3, 2, 4).reshape(len(rows), t.lags * cuts, t.n_tokens, electrodes)
    return Codes(np.asarray(found / np.where(noise > 0, noise, np.inf), dtype=np.complex128), t.age_ms, int(sum(len(r) for r in rows)))


def _lags_differ(moments: Floats) -> None:
    """Refuse a sequence in which the tokens of one lag say nearly all about those of the others."""
    spread = np.sqrt(np.diag(moments))
    if (spread > 0).all():
        values = np.linalg.eigvalsh(moments / np.outer(spread, spread))
        own = np.diag(np.linalg.inv(moments)) * np.diag(moments) if values[0] > 1e-9 else np.array([np.inf])
        if own.max() < INFLATED:
            return
    raise AssayError(
        "the tokens of one lag say nearly all about those of the others (a motif, too low an entropy, or a token that hardly ever comes), "
        "so nothing can be said of single lags; use a sequence with more entropy, or fewer --lags"
    )

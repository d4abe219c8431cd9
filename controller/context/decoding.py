"""Linear decoders of the token some lags ago from the pattern now: cross-validated by contiguous blocks, and frozen once trained.

Folds are contiguous, and between what trains and what tests lie gaps as long as the memory: neighbouring tokens share the slow rhythm
and each other's past, so folds at random would let a decoder recognise the moment instead of the token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.information import Trials

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

FOLDS = 5
RIDGE = 0.03
"""Of the mean variance of a feature."""
CHUNKS = 20
DRAWS = 1000


@dataclass(frozen=True)
class Decoder:
    """A decoder that can't be changed any more.

    Attributes
    ----------
    weights : (features + 1, tokens), the last row the bias.
    mean : (features,)
    lag : of the token that it reads.
    electrodes : it reads.
    trained_on : tokens (indices) whose patterns trained it.
    """

    weights: Floats
    mean: Floats
    lag: int
    electrodes: Integers
    trained_on: Integers

    def __post_init__(self) -> None:
        for held in (self.weights, self.mean, self.electrodes, self.trained_on):
            held.setflags(write=False)

    @property
    def digest(self) -> str:
        """SHA-256 of all that its answers depend on."""
        parts = (self.weights, self.mean, self.electrodes.astype("<i8"), np.array([self.lag]))
        return hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts)).hexdigest()

    def read(self, pattern: NDArray[np.complex128]) -> Integers:
        """Tokens (n,) that patterns (n, all electrodes) speak of."""
        x = features(pattern[:, self.electrodes]) - self.mean
        return np.asarray(np.argmax(x @ self.weights[:-1] + self.weights[-1], axis=1))


def features(pattern: NDArray[np.complex128]) -> Floats:
    """Real and imaginary part side by side: phase and amplitude, as a linear decoder can use them."""
    if not np.iscomplexobj(pattern):
        return np.asarray(pattern, dtype=np.float64)
    return np.concatenate([pattern.real, pattern.imag], axis=1)


def train(pattern: NDArray[np.complex128], target: Integers, n_tokens: int, lag: int, electrodes: Integers, rows: Integers) -> Decoder:
    """Ridge regression on the tokens' indicators.

    Parameters
    ----------
    pattern : (n, electrodes)
        Of all tokens.
    target : (n,)
        The token that lay ``lag`` before each.
    n_tokens, lag : int
    electrodes : (m,)
        That it may read.
    rows : (trained,)
        Tokens that may train it.
    """
    x = features(pattern[rows][:, electrodes])
    y = np.eye(n_tokens)[target[rows]]
    mean, bias = x.mean(axis=0), y.mean(axis=0)
    x = x - mean
    G = x.T @ x
    G[np.diag_indices(len(G))] += RIDGE * max(np.trace(G) / len(G), 1e-300)
    return Decoder(np.vstack([np.linalg.solve(G, x.T @ (y - bias)), bias]), mean, lag, np.array(electrodes), np.array(rows))


def folds(n: int, gap: int, count: int = FOLDS) -> Iterator[tuple[Integers, Integers]]:
    """(train, test) of contiguous folds; ``gap`` tokens on either side of a test fold train nothing."""
    edges = np.linspace(0, n, count + 1).astype(int)
    every = np.arange(n)
    for a, b in pairwise(edges):
        yield every[(every < a - gap) | (every >= b + gap)], every[a:b]


def lagged(token: Integers, lag: int) -> Integers:
    """The token that lay ``lag`` before each; negative where there was none."""
    return np.concatenate([np.full(lag, -1, dtype=np.int64), token[: len(token) - lag]]) if lag else token


def correct(trials: Trials, lag: int, cut: int, electrodes: Integers) -> Floats:
    """(tokens,) whether the token ``lag`` ago was read right from the pattern at a cut, cross-validated; NaN where it can't be asked."""
    target = lagged(trials.token, lag)
    able = trials.usable & (target >= 0)
    out = np.full(len(target), np.nan)
    pattern = trials.pattern[:, cut]
    for learn, test in folds(len(target), trials.lags + 1):
        learn, test = learn[able[learn]], test[able[test]]
        if len(learn) > 2 * trials.n_tokens and len(test):
            out[test] = train(pattern, target, trials.n_tokens, lag, electrodes, learn).read(pattern[test]) == target[test]
    return out


def interval(right: Floats, seed: int = 1) -> tuple[float, float, float]:
    """Mean and its 95 % interval; contiguous pieces of the session are drawn with replacement."""
    sums, counts = pieces(right)
    if not counts.sum():
        return np.nan, np.nan, np.nan
    pick = np.random.default_rng(seed).integers(len(sums), size=(DRAWS, len(sums)))
    drawn = sums[pick].sum(axis=1) / np.maximum(counts[pick].sum(axis=1), 1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(sums.sum() / counts.sum()), float(low), float(high)


def pieces(right: Floats) -> tuple[Floats, Floats]:
    """Sums and counts over contiguous pieces of the session, NaN left out."""
    known = np.isfinite(right)
    parts = np.array_split(np.arange(len(right)), CHUNKS)
    return np.array([right[p][known[p]].sum() for p in parts]), np.array([known[p].sum() for p in parts], dtype=np.float64)


@dataclass(frozen=True)
class Forgetting:
    """Accuracy at every lag, just before the next token: of all electrodes, and of the best single one (chosen without the test fold)."""

    accuracy: Floats
    low: Floats
    high: Floats
    single: Floats
    chance: float


def forgetting(trials: Trials, seed: int = 1) -> Forgetting:
    """The forgetting curve."""
    every = np.arange(trials.pattern.shape[2])
    rows = np.array([interval(correct(trials, lag, -1, every), seed) for lag in range(trials.lags)])
    single = np.array([np.nanmean(by_electrode(trials, lag, -1).best) for lag in range(trials.lags)])
    return Forgetting(rows[:, 0], rows[:, 1], rows[:, 2], single, 1 / trials.n_tokens)


@dataclass(frozen=True)
class Singles:
    """What every electrode reads by itself: ``right`` (tokens, electrodes), and ``best`` (tokens,) of the one that did best in training."""

    right: Floats
    best: Floats


def by_electrode(trials: Trials, lag: int, cut: int) -> Singles:
    """As ``correct``, for every electrode a decoder of its own."""
    target = lagged(trials.token, lag)
    able = trials.usable & (target >= 0)
    pattern = trials.pattern[:, cut]
    right, best = np.full(pattern.shape, np.nan), np.full(len(pattern), np.nan)
    for learn, test in folds(len(target), trials.lags + 1):
        learn, test = learn[able[learn]], test[able[test]]
        if len(learn) <= 2 * trials.n_tokens or not len(test):
            continue
        x = np.stack([pattern.real, pattern.imag], axis=-1)
        y = np.eye(trials.n_tokens)[target[learn]]
        mean, bias = x[learn].mean(axis=0), y.mean(axis=0)
        z = (x[learn] - mean).transpose(1, 2, 0)
        G = z @ z.transpose(0, 2, 1)
        size = np.maximum(np.trace(G, axis1=1, axis2=2), 1e-300) / 2
        W = np.linalg.solve(G + RIDGE * size[:, None, None] * np.eye(2), z @ (y - bias))
        read = np.argmax(np.einsum("njf,jfv->njv", x - mean, W) + bias, axis=2) == target[:, None]
        right[test] = read[test]
        best[test] = read[test, int(np.argmax(read[learn].mean(axis=0)))]
    return Singles(right, best)

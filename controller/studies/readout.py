"""A linear read-out of tokens from what a network is like now: learned once, then frozen. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Readout:
    """Ridge regression on one column a token; the largest wins.

    Parameters
    ----------
    features : (n, d)
        Moments to learn from.
    tokens : (n,) int
        0 to ``n_tokens`` − 1: the one to be told at each.
    n_tokens : int
    ridge : float
        Of the features' mean variance.
    """

    def __init__(self, features: Floats, tokens: Ints, n_tokens: int, *, ridge: float = 0.03) -> None:
        self._mean = features.mean(axis=0)
        centred = features - self._mean
        gram = centred.T @ centred
        gram[np.diag_indices_from(gram)] += ridge * np.trace(gram) / len(gram)
        wanted = np.eye(n_tokens)[tokens]
        self._often = wanted.mean(axis=0)
        self._weights = np.linalg.solve(gram, centred.T @ (wanted - self._often))

    def tell(self, features: Floats) -> Ints:
        """The token of each moment, (n,)."""
        return np.asarray(np.argmax((features - self._mean) @ self._weights + self._often, axis=1))


def items(accuracy: Floats, n_tokens: int) -> float:
    """How many tokens a forgetting curve holds: accuracies beyond chance, as parts of one known for certain, added up over lags.

    Below chance is no knowledge here: mutual information would count it as such.
    """
    chance = 1 / n_tokens
    return float(np.maximum((np.asarray(accuracy) - chance) / (1 - chance), 0).sum())

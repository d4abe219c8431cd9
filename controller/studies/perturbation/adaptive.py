"""A read-out that learns while the session goes on: told the token after it has named it, it changes its weights. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def learning(features: Floats, tokens: NDArray[np.int64], n_tokens: int, *, ridge: float = 1.0) -> NDArray[np.bool_]:
    """Which of the tokens it names right, one after the other, from knowing nothing.

    Recursive least squares on one column a token. What it says of a token rests on those before alone.

    Parameters
    ----------
    features : (n, d)
        In the order of time; of unit variance or so.
    tokens : (n,) 0 to ``n_tokens`` − 1
    n_tokens : int
    ridge : float
        How slowly it begins to believe.

    Returns
    -------
    (n,) bool
    """
    d = features.shape[1] + 1
    x = np.column_stack([features, np.ones(len(features))])
    inverse, weights = np.eye(d) / ridge, np.zeros((d, n_tokens))
    right, wanted = np.zeros(len(x), dtype=bool), np.eye(n_tokens)
    for i, row in enumerate(x):
        said = row @ weights
        right[i] = np.argmax(said) == tokens[i] and bool(np.ptp(said) > 0)
        gain = inverse @ row
        gain /= 1.0 + row @ gain
        weights += np.outer(gain, wanted[tokens[i]] - said)
        inverse -= np.outer(gain, row @ inverse)
    return right

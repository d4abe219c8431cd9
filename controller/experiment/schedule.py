"""The order of conditions: balanced random blocks, made before the session from the seed alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LENGTH = 2**15


def balanced_sequence(n_conditions: int, seed: int, length: int = LENGTH) -> NDArray[np.int16]:
    """Condition indices, at least ``length`` of them; every block of ``n_conditions`` holds each condition once.

    After k pulses the counts of two conditions differ by at most one, whenever the session ends.
    """
    if n_conditions < 1:
        raise ValueError(f"a schedule needs at least one condition, not {n_conditions}")
    blocks = -(-length // n_conditions)
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, n_conditions])))
    table = np.tile(np.arange(n_conditions, dtype=np.int16), (blocks, 1))
    sequence: NDArray[np.int16] = generator.permuted(table, axis=1).ravel()
    sequence.flags.writeable = False
    return sequence

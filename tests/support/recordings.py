"""What the recordings of the tests hold, and how they are held against it."""

import numpy as np
from wavestim.hardware.sources import Recording

LFP = (50 * np.random.default_rng(0).standard_normal((1000, 4))).astype(np.float32)
"""One second of four channels, uV."""


def whole(recording: Recording, size: int = 300) -> np.ndarray:
    firsts, blocks = zip(*recording.blocks(size), strict=True)
    assert list(firsts) == list(range(0, recording.n_samples, size))
    assert all(b.dtype == np.float32 and b.flags.c_contiguous for b in blocks)
    return np.concatenate(blocks)


def anywhere(recording: Recording) -> bool:
    """Rows can be had from wherever one looks, in any order, as the blocks have them."""
    held, n = np.concatenate([block for _, block in recording.blocks(300)]), recording.n_samples
    places = ((n - 7, n), (0, 5), (n // 2, n // 2 + 30), (3, 3))
    return all(np.array_equal(recording.rows(a, b), held[a:b]) and recording.rows(a, b).dtype == np.float32 for a, b in places)

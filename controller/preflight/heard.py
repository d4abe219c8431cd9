"""What was heard of a source in the dark: samples, when each came, and what the source counted. The checks work on this alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.sources import LiveCounts, LiveInfo

Array = NDArray[np.float64]
Piece = tuple[int, NDArray[np.int64], NDArray[np.float32] | NDArray[np.int16]]
"""First sample, host time (ns) at which each sample was received, block (n, channels)."""


@dataclass(frozen=True)
class Heard:
    """A stretch of a source.

    Attributes
    ----------
    info : LiveInfo
    pieces : in order; between two of them samples may be missing
    asked_s : how long it was listened to, s
    counts : LiveCounts
    ended : why nothing more came; empty while it goes on
    excluded : (channels,) left out by the experiment
    """

    info: LiveInfo
    pieces: Sequence[Piece]
    asked_s: float
    counts: LiveCounts = field(default_factory=LiveCounts)
    ended: str = ""
    excluded: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    @property
    def n_samples(self) -> int:
        """Samples that came."""
        return sum(len(block) for _, _, block in self.pieces)

    def longest(self) -> tuple[int, Array]:
        """The longest stretch without a gap: its first sample, and samples (n, channels) in uV."""
        runs: list[list[Piece]] = []
        for piece in self.pieces:
            if not runs or piece[0] != runs[-1][-1][0] + len(runs[-1][-1][2]):
                runs.append([])
            runs[-1].append(piece)
        best = max(runs, key=lambda run: sum(len(p[2]) for p in run), default=[])
        if not best:
            return 0, np.zeros((0, self.info.n_channels))
        return best[0][0], self.microvolts(np.concatenate([p[2] for p in best]))

    def microvolts(self, block: NDArray[np.float32] | NDArray[np.int16]) -> Array:
        """A block as uV."""
        gain = self.info.gain_uv
        uv = np.asarray(block, dtype=np.float64)
        return uv if gain is None else uv * gain

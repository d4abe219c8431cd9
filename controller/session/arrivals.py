"""How samples arrive under a simulated clock: at once, a constant time late, or in bursts as an Intan RHX reads its USB."""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32] | NDArray[np.int16]
Arrived = tuple[int, int, Block]
LSL_MS = 0.5
RHX_BURST_MS = (25.0, 41.0)


class Arrivals:
    """Delays blocks between the moment a sample is taken and the moment it is received.

    Parameters
    ----------
    delay : ``none``, ``lsl``, ``rhx`` or a number of ms.
    seed : of the burst lengths.
    """

    def __init__(self, delay: Literal["none", "lsl", "rhx"] | float, seed: int) -> None:
        self._bursts = delay == "rhx"
        self._late_ns = int(
            {"none": 0.0, "lsl": LSL_MS, "rhx": 0.0}.get(str(delay), delay if isinstance(delay, int | float) else 0.0) * 1e6
        )
        self._rng = np.random.default_rng(np.random.SeedSequence([seed, 0xB0B5]))
        self._waiting: deque[Arrived] = deque()
        self._burst_ends = 0

    @property
    def oldest_ms(self) -> float:
        """How old the newest sample can be when it arrives, at most: what a forecast has to cover."""
        return RHX_BURST_MS[1] if self._bursts else self._late_ns / 1e6

    @property
    def constant_ms(self) -> float:
        """The part of the delay that never changes."""
        return 0.0 if self._bursts else self._late_ns / 1e6

    def put(self, first_sample: int, taken_ns: int, block: Block) -> None:
        """A block whose last sample was taken at ``taken_ns``."""
        if self._bursts and taken_ns >= self._burst_ends:
            self._burst_ends = taken_ns + int(self._rng.uniform(*RHX_BURST_MS) * 1e6)
        self._waiting.append((first_sample, self._burst_ends if self._bursts else taken_ns + self._late_ns, block))

    def due(self, now_ns: int) -> list[Arrived]:
        """Blocks that have arrived by now: (first sample, arrival ns, block)."""
        out = []
        while self._waiting and self._waiting[0][1] <= now_ns:
            out.append(self._waiting.popleft())
        return out

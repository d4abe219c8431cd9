"""The newest samples of all electrodes in a fixed amount of memory, averaged down where they come faster than anybody can see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from wavestim.gui.rings import Rows

KEPT_S, SHOWN_HZ = 10.0, 2000.0
MOST_BYTES = 100_000_000


class Signal:
    """See the module.

    Parameters
    ----------
    fs_hz : float
        Rate of the source.
    n_channels : int

    Attributes
    ----------
    rate_hz : of the rows.
    last_sample : counter of the newest sample that came; -1 before the first.
    """

    def __init__(self, fs_hz: float, n_channels: int) -> None:
        self._step = max(1, int(fs_hz // SHOWN_HZ))
        self.rate_hz = fs_hz / self._step
        most = MOST_BYTES // (8 * n_channels)  # twice 4 bytes, see Rows
        self._rows = Rows(min(round(KEPT_S * self.rate_hz), most), n_channels, np.float32)
        self._rest = np.zeros((0, n_channels), np.float32)
        self.last_sample = -1

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def total(self) -> int:
        """Rows that ever came."""
        return self._rows.total

    @property
    def nbytes(self) -> int:
        """Of memory."""
        return self._rows.nbytes

    def view(self) -> NDArray[np.floating]:
        """The rows, oldest first, (n, channels), uV; NaN where samples were lost. Not a copy."""
        return self._rows.view()

    def add(self, first: int, block: NDArray[np.floating]) -> None:
        """Samples (n, channels), uV, of which the first has that counter."""
        missing = first - self.last_sample - 1 if self.last_sample >= 0 else 0
        if missing != 0:
            self._rest = self._rest[:0]
        if missing > 0:
            gap = min(-(-missing // self._step), round(KEPT_S * self.rate_hz))
            self._rows.add(np.full((gap, block.shape[1]), np.nan))
        self.last_sample = first + len(block) - 1
        if self._step == 1:
            self._rows.add(block)
            return
        held = np.concatenate([self._rest, block])
        n = len(held) // self._step
        if n:
            self._rows.add(held[: n * self._step].reshape(n, self._step, -1).mean(axis=1))
        self._rest = held[n * self._step :].astype(np.float32)

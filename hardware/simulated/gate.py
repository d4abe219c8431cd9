"""The light's gate on a channel of the mock rig, as a lab wires it to an input of its amplifier: high while any LED is lit."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

HIGH_UV = 3300.0


class Gate:
    """Turns edges of light into a trace.

    Parameters
    ----------
    channel : int
        Of the samples, that is overwritten.
    fs_hz : float
    """

    def __init__(self, channel: int, fs_hz: float) -> None:
        self._channel, self._fs_hz = channel, fs_hz
        self._edges: deque[tuple[float, int, bool]] = deque()
        self._lit: set[int] = set()
        self._at = 0

    def light(self, time_s: float, led: int, lit: bool) -> None:
        """An edge, in the order of time, before the read that covers it."""
        self._edges.append((time_s, led, lit))

    def write(self, samples: NDArray[np.float32]) -> None:
        """Over the channel of the next samples (n, channels); a sample is high when the gate was at its moment."""
        trace, done = samples[:, self._channel], 0
        while done < len(trace):
            while self._edges and self._edges[0][0] * self._fs_hz <= self._at + done + 1e-6:
                _, led, lit = self._edges.popleft()
                (self._lit.add if lit else self._lit.discard)(led)
            until = len(trace)
            if self._edges:
                until = min(until, max(done + 1, int(np.ceil(self._edges[0][0] * self._fs_hz - 1e-6)) - self._at))
            trace[done:until] = HIGH_UV if self._lit else 0.0
            done = until
        self._at += len(trace)

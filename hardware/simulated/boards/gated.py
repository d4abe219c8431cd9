"""A level-only light behind the board that gates it: what shines is what the gate lets through of channels that are on."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.firmware.device import Served
from wavestim.hardware.simulated.boards._base import Edge, PtyPeer, rows
from wavestim.hardware.simulated.boards.thorlabs import Dc4100Peer


class GatedBoard:
    """Both boards, each on a pseudo-terminal; serves like the gate.

    Parameters
    ----------
    gate : Served

    Attributes
    ----------
    level_pty_name : str
        Of the current source; ``pty_name`` is that of the gate.
    """

    def __init__(self, gate: Served) -> None:
        self.gate, self.level = gate, Dc4100Peer()
        self._line = PtyPeer(self.level)
        self._own: deque[Edge] = deque()
        self._open: set[int] = set()
        self._done = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def pty_name(self) -> str:
        return self.gate.pty_name

    @property
    def level_pty_name(self) -> str:
        return self._line.pty_name

    @property
    def connected(self) -> bool:
        return self.gate.connected

    def service(self, timeout_s: float = 0.1) -> NDArray[np.void]:
        """Serve the gate; returns edges of light (``HOST_EDGE``)."""
        return self._through(self.gate.service(timeout_s))

    def device_ns(self, host_ns: int) -> int:
        return self.gate.device_ns(host_ns)

    def rest(self) -> NDArray[np.void]:
        return self._through(self.gate.rest())

    def close(self) -> None:
        self._done = True
        self._thread.join()
        self._line.close()
        self.gate.close()

    def _serve(self) -> None:
        while not self._done:
            self._own.extend((int(e["host_ns"]), int(e["led"]), int(e["level"])) for e in self._line.service(0.02))

    def _through(self, edges: NDArray[Any]) -> NDArray[np.void]:
        found: list[Edge] = []
        while self._own:
            found.append(self._own.popleft())
        for edge in edges:
            at, channel, level = int(edge["host_ns"]), int(edge["led"]), int(edge["level"])
            if level and self.level.passes(channel):
                self._open.add(channel)
                found.append((at, channel, 255))
            elif not level and channel in self._open:
                self._open.discard(channel)
                found.append((at, channel, 0))
        for channel in [c for c in self._open if not self.level.passes(c)]:
            self._open.discard(channel)
            found.append((time.monotonic_ns(), channel, 0))
        out = rows(sorted(found))
        out["device_ns"] = [self.gate.device_ns(int(t)) for t in out["host_ns"]]
        return out

"""The board's clock as the host knows it, from pings: a line, and how far it may be off. What is published here, the scheduler fires by."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.session.clocks import Line
from wavestim.controller.session.strip import Strip, widest_strip

WINDOW_NS = 60_000_000_000
AHEAD_NS = 2_000_000_000
"""The uncertainty is that of this long after the last look: a line is used until the next one is published, for light that lies ahead."""
LEAST = 8
"""Exchanges, before anything is said."""
MAX_RATE_ERROR = 0.01
"""Ceramic resonators, as on many Arduinos, are within half a percent."""
STEP_NS = 200_000.0
STEPS = 3
"""So many exchanges in a row that cannot be on the line, by more than `STEP_NS`, are another clock: the board was reset, or ours was."""


class Exchange(Protocol):
    """One exchange of time stamps (``ClockSample``), ns."""

    @property
    def host_before_ns(self) -> int: ...
    @property
    def device_rx_ns(self) -> int: ...
    @property
    def device_tx_ns(self) -> int: ...
    @property
    def host_after_ns(self) -> int: ...
    @property
    def wire_out_ns(self) -> int: ...
    @property
    def wire_back_ns(self) -> int: ...
    @property
    def tick_ns(self) -> int: ...


class DeviceClock:
    """Host → device.

    Every exchange bounds the line from both sides (`strip.py`); the fastest ones of the last minute bound it best, and the middle
    between the bounds is taken. So jitter that differs between the two directions does not shift it, as it would the mean of the
    exchanges. What no exchange can show is by how much the shortest way out differs from the shortest way back: the uncertainty covers it.

    Attributes
    ----------
    steps : int
        How often the board's clock was found to be another one and was learned anew.
    """

    def __init__(self) -> None:
        self._kept: deque[Exchange] = deque()
        self._odd: list[Exchange] = []
        self._line: Line | None = None
        self.steps = 0

    def restart(self) -> None:
        """Forget everything: the board was reset."""
        self._kept.clear()
        self._odd.clear()
        self._line = None

    def add(self, samples: Iterable[Exchange]) -> None:
        """Take in exchanges."""
        for s in samples:
            if self._line is not None and _beyond(self._line, s) > STEP_NS + self._line.uncertainty:
                self._odd.append(s)
                if len(self._odd) < STEPS:
                    continue
                odd = list(self._odd)
                self.restart()
                self.steps += 1
                self._kept.extend(odd)
                continue
            self._odd.clear()
            self._kept.append(s)
        while self._kept and self._kept[-1].host_before_ns - self._kept[0].host_before_ns > WINDOW_NS:
            self._kept.popleft()

    def fit(self, now_ns: int | None = None) -> Line | None:
        """The line with its uncertainty (ns); None while too little is known.

        Parameters
        ----------
        now_ns : int, optional
            Host time; by default that of the last exchange.
        """
        exchanges = list(self._kept)
        self._line = None
        while len(exchanges) >= LEAST and self._line is None:
            self._line = _fitted(exchanges, now_ns)
            exchanges = exchanges[(len(exchanges) + 1) // 2 :]  # one line cannot explain them all: the newer ones count
        return self._line


def _fitted(exchanges: list[Exchange], now_ns: int | None) -> Line | None:
    host0, device0 = exchanges[-1].host_after_ns, exchanges[-1].device_tx_ns
    out = [(e.host_before_ns + e.wire_out_ns - host0, e.device_rx_ns + e.tick_ns - device0) for e in exchanges]
    back = [(e.host_after_ns - e.wire_back_ns - host0, e.device_tx_ns - device0) for e in exchanges]
    # differences of whole numbers first: nanoseconds stay exact in float64
    (xa, ya), (xb, yb) = (np.array([(x, y - x) for x, y in way], dtype=np.float64).T for way in (out, back))
    at = float(max(0 if now_ns is None else now_ns - host0, 0) + AHEAD_NS)
    strip = widest_strip(xa, ya, xb, yb, MAX_RATE_ERROR, at)
    if strip is None:
        return None
    slow = max(_unusual(xa, ya - strip.high, strip), _unusual(xb, strip.low - yb, strip, -1.0))
    return Line(float(host0), device0 + strip.offset, 1.0 + strip.slope, strip.half_width + strip.turn + slow)


def _unusual(x: NDArray[np.float64], y: NDArray[np.float64], strip: Strip, sign: float = 1.0) -> float:
    """By how much all of the last exchanges took longer than usual, one way: a clock that has stepped would look the same."""
    excess = y - sign * strip.slope * x
    return max(0.0, float(excess[-LEAST:].min() - 3 * np.median(excess)))


def _beyond(line: Line, e: Exchange) -> float:
    """How far the line is outside of what this exchange allows, ns."""
    above = e.device_rx_ns + e.tick_ns - line(float(e.host_before_ns + e.wire_out_ns))
    below = line(float(e.host_after_ns - e.wire_back_ns)) - e.device_tx_ns
    return max(-above, -below, 0.0)

"""The rig at its own pace: a live source, or the mock rig as a process of its own, and the light driver at its port."""

from __future__ import annotations

import time

from wavestim.controller.preflight.station import Station
from wavestim.hardware.lights import Light
from wavestim.hardware.sources import Live, LiveCounts
from wavestim.realtime.loop import now_ns
from wavestim.realtime.ring import Ring

RING_S, TURN_S = 30.0, 0.005


class RealStation(Station):
    """A live source behind a ring, and a board on its line.

    Parameters
    ----------
    source : Live
        Reached, not started.
    light : Light, optional
    fixed_delay_ms : float
    """

    def __init__(self, source: Live, light: Light | None, fixed_delay_ms: float) -> None:
        super().__init__(source.info, light, fixed_delay_ms)
        self._source = source
        self._ring = Ring(source.info.n_channels, round(RING_S * source.info.fs_hz), source.info.dtype)
        source.start(self._ring.sink())

    @property
    def now_ns(self) -> int:
        return int(now_ns())

    @property
    def ended(self) -> str:
        return self._source.ended

    @property
    def counts(self) -> LiveCounts:
        return self._source.counts

    def _pass(self) -> None:
        if self.light is not None and not self.light.gone:
            self.light.wait(TURN_S)
        else:
            time.sleep(TURN_S)
        for piece in self._ring.take():
            self.keep(piece)
        self.told += self._source.take_events()
        self._ring.without_engine()

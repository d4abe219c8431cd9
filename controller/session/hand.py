"""A board in the hand of a program, without a session: somebody who keeps its heart beating and hears what it says."""

from __future__ import annotations

from collections.abc import Callable

from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.hardware.lights import ClockSample, LightEvent
from wavestim.hardware.lights.wavelight import Wavelight
from wavestim.hardware.lights.wavelight.link import press

MS = 1_000_000
BEAT_NS = 20 * MS
DARK = 1
"""Flag of an order that is carried out without light."""


class Hand:
    """Time passes only through `alive`, in simulated time too.

    Parameters
    ----------
    light : Wavelight
        The board.
    """

    def __init__(self, light: Wavelight) -> None:
        self.light, self.port = light, light.port()
        self.clock = DeviceClock()
        self.samples: list[ClockSample] = []
        self.events: list[LightEvent] = []
        self._beats = self._beaten_ns = 0

    def beat(self) -> None:
        """One heartbeat."""
        self._beats, self._beaten_ns = self._beats + 1, self.light.link.now_ns()
        press(self.port, "heartbeat", value=self._beats)

    def hear(self) -> None:
        """What the board has said."""
        events, samples = self.light.poll()
        self.events += events
        self.samples += samples
        self.clock.add(samples)

    def alive(self, until_ns: int, over: Callable[[], bool] = lambda: False, *, beat: bool = True) -> None:
        """Let time pass, with a heartbeat."""
        link = self.light.link
        while (now := link.now_ns()) < until_ns and not over():
            if beat and now - self._beaten_ns >= BEAT_NS:
                self.beat()
            self.light.wait(min(until_ns - now, BEAT_NS // 4) / 1e9)
            self.hear()

    def arm(self) -> None:
        """Arm, and keep it so."""
        self.light.arm()
        self.beat()
        self.alive(self.light.link.now_ns() + MS)

    def gone_dark(self) -> bool:
        """The board has gone dark by itself since this was last asked."""
        dark = any(e.kind == "safe" for e in self.events)
        self.events = [e for e in self.events if e.kind != "safe"]
        return dark

"""A rig at hand before a session: its source is heard and its board is spoken to under one clock, and nothing is decided.

:meth:`Station.turn` lets a little time pass. What is above it, listening and flashing, is the same at both paces.
"""

from __future__ import annotations

import abc
from collections.abc import Callable

from wavestim.controller.preflight.heard import Heard, Piece
from wavestim.controller.session.clocks import SampleClock
from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.hardware.lights import Light, LightEvent
from wavestim.hardware.lights.wavelight.link import press
from wavestim.hardware.sources import LiveCounts, LiveEvent, LiveInfo

BEAT_NS, PING_NS = 20_000_000, 107_000_000
PATIENCE = 2.0
"""So many times as long as it should take is listened at real pace, then what has come has to do."""

Progress = Callable[[float], None]


class Station(abc.ABC):
    """Source and board.

    Parameters
    ----------
    info : LiveInfo
        Of the source.
    light : Light, optional
        None where there is no board.
    fixed_delay_ms : float
        The source's constant delay, as far as it is known.

    Attributes
    ----------
    pieces : samples that have come, in order
    events : what the board has told
    told : what the source has told beside its samples
    """

    def __init__(self, info: LiveInfo, light: Light | None, fixed_delay_ms: float) -> None:
        self.info, self.light = info, light
        self.pieces: list[Piece] = []
        self.n_samples = 0
        self.events: list[LightEvent] = []
        self.told: list[LiveEvent] = []
        self.fixed_delay_ms = fixed_delay_ms
        self.device_clock, self.sample_clock = DeviceClock(), SampleClock(info.fs_hz, fixed_delay_ms)
        self.armed = False
        self._beats = 0
        self._next_beat = self._next_ping = 0

    @property
    @abc.abstractmethod
    def now_ns(self) -> int:
        """Host time."""

    @property
    @abc.abstractmethod
    def ended(self) -> str:
        """Why the source gives nothing more; empty while it does."""

    @property
    @abc.abstractmethod
    def counts(self) -> LiveCounts:
        """Of the source."""

    @abc.abstractmethod
    def _pass(self) -> None:
        """Let a little time pass and take what has come of samples."""

    def turn(self) -> None:
        """A little time passes: samples come, the board is kept alive and heard."""
        self._pass()
        if self.light is None:
            return
        now = self.now_ns
        if self.armed and now >= self._next_beat:
            self._beats, self._next_beat = self._beats + 1, now + BEAT_NS
            press(self.light.port(), "heartbeat", value=self._beats)
        if now >= self._next_ping:
            self._next_ping = now + PING_NS
            self.light.ping()
        self.hear()

    def hear(self) -> None:
        """What the board has said."""
        assert self.light is not None
        events, exchanges = self.light.poll()
        self.events += events
        self.device_clock.add(exchanges)
        self.device_clock.fit(self.now_ns)

    def keep(self, piece: Piece) -> None:
        """Take in samples."""
        self.pieces.append(piece)
        self.n_samples += len(piece[2])
        self.sample_clock.add(piece[0], piece[1])

    def pass_until(self, host_ns: int) -> None:
        """Let time pass until then."""
        while self.now_ns < host_ns:
            self.turn()

    def listen(self, seconds: float, progress: Progress = lambda s: None) -> Heard:
        """In the dark, until so many seconds of samples have come, or it takes twice as long, or the source has ended."""
        begin, before, there = self.now_ns, len(self.pieces), self.n_samples
        while (came := self.n_samples - there) < seconds * self.info.fs_hz and not self.ended:
            if self.now_ns - begin > PATIENCE * seconds * 1e9:
                break
            self.turn()
            progress(min(came / self.info.fs_hz, seconds))
        return Heard(self.info, self.pieces[before:], seconds, self.counts, self.ended)

    def arm(self) -> None:
        """Arm the board, and keep it so: every turn from now on keeps its heart beating."""
        assert self.light is not None
        self.light.arm()
        self.armed, self._next_beat = True, 0
        self.turn()

    def disarm(self) -> None:
        """Dark and idle."""
        assert self.light is not None
        self.armed = False
        self.light.disarm()

    def gone_dark(self) -> bool:
        """The board has gone dark by itself since this was last asked: this computer was held up."""
        dark = any(e.kind == "safe" for e in self.events)
        self.events = [e for e in self.events if e.kind != "safe"]
        return dark

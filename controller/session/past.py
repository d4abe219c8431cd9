"""The past of a replay: what had entered the engine of the session that is replayed, and the light that its samples show."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wavestim.controller.record.session import InputEvent
from wavestim.controller.session.again import enter
from wavestim.realtime.engine import Engine


@dataclass(frozen=True)
class Past:
    """What a replay knows of the session it replays.

    Attributes
    ----------
    masks : sequence of (first, last)
        Samples that show light of that session, in the order of ``first``; the engine coasts through them.
    script : sequence of InputEvent, optional
        What entered its engine, in order: it enters again at the same samples, calibrations included, instead of a horizon, an arming
        and a calibration of this run's own.
    """

    masks: Sequence[tuple[float, float]] = ()
    script: Sequence[InputEvent] | None = None


class Retold:
    """A past on its way into an engine, as the samples come by.

    Parameters
    ----------
    past : Past
    engine : Engine
    load : callable
        Called with the value of a ``test`` event before it enters: the board may need its pattern.
    """

    def __init__(self, past: Past, engine: Engine, load: Callable[[float], None]) -> None:
        self.scripted = past.script is not None
        self._engine, self._load = engine, load
        self._ahead, self._masks = deque(past.script or ()), deque(past.masks)

    def until(self, sample: int) -> None:
        """What had entered before this sample enters."""
        while self._ahead and self._ahead[0][0] <= sample:
            event = self._ahead.popleft()
            if event[1] == "test":
                self._load(event[2])
            enter(self._engine, event)

    def room(self, sample: int, n: int) -> int:
        """Samples from this one on, at most n, before something enters."""
        return min(n, self._ahead[0][0] - sample) if self._ahead else n

    def mask(self, first: int, end: int) -> None:
        """Light that shows in samples before ``end``; ``first`` is the next that the engine gets."""
        while self._masks and self._masks[0][0] < end:
            begin, last = self._masks.popleft()
            at = max(math.ceil(begin), first)
            if last >= at:
                self._engine.post("mask", last - at, at)

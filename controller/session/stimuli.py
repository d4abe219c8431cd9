"""Markers and TTL edges that do not come from a live source: the stimulus of the simulated one, and those that a session has recorded."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from wavestim.controller.context.shown import token_events
from wavestim.controller.experiment import Experiment
from wavestim.controller.experiment._course import Stimulus
from wavestim.controller.record.session import Session
from wavestim.hardware.sources import LiveEvent

Edge = tuple[float, int, Stimulus, bool]
RECORDED = {"marker": "marker", "marker-without-event": "marker", "ttl": "ttl"}


class Events:
    """Events in the order of their samples, told when their sample has come.

    Parameters
    ----------
    events : iterable of LiveEvent
    """

    def __init__(self, events: Iterable[LiveEvent] = ()) -> None:
        self._events = iter(events)
        self._next = next(self._events, None)

    @property
    def empty(self) -> bool:
        """Nothing more will be told."""
        return self._next is None

    def before(self, sample: float) -> list[LiveEvent]:
        """What stands before this sample and has not been told."""
        told = []
        while self._next is not None and self._next.sample < sample:
            told.append(self._next)
            self._next = next(self._events, None)
        return told


def simulated_events(experiment: Experiment) -> Events:
    """What the simulated source sends, tokens included; nothing when it is another source."""
    source = experiment.source
    if source.kind != "simulated":
        return Events()
    return Events(heapq.merge(_told(source.stimulus, source.fs_hz), token_events(experiment, source.fs_hz), key=lambda event: event.sample))


def recorded_events(session: Session) -> Events:
    """What a session's source sent."""
    markers = sorted(session.markers.tolist(), key=lambda marker: float(marker[0]))
    told = [(sample, RECORDED[name], value) for sample, name, value in markers if name in RECORDED]
    return Events(LiveEvent(at, "ttl", int(value)) if kind == "ttl" else LiveEvent(at, kind, 0, value) for at, kind, value in told)


def _told(stimuli: Sequence[Stimulus], fs_hz: float) -> Iterator[LiveEvent]:
    word = 0
    for at_s, _, stimulus, begins in heapq.merge(*(_edges(s, i) for i, s in enumerate(stimuli)), key=lambda edge: edge[:2]):
        sample = round(at_s * fs_hz)
        if stimulus.ttl is not None:
            bit = 1 << (stimulus.ttl - 1)
            word = word | bit if begins else word & ~bit
            yield LiveEvent(sample, "ttl", word)
        elif (text := stimulus.marker if begins else stimulus.until) is not None:
            yield LiveEvent(sample, "marker", 0, text)


def _edges(stimulus: Stimulus, index: int) -> Iterator[Edge]:
    for k in count():
        at_s = stimulus.at_s + k * (stimulus.every_s or 0.0)
        yield at_s, index, stimulus, True
        yield at_s + stimulus.for_s, index, stimulus, False
        if stimulus.every_s is None:
            return

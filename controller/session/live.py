"""A session's source at real pace: a live one by its kind, or the socket of the mock rig; and what it tells beside its samples."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import Experiment
from wavestim.controller.session.stimuli import Events
from wavestim.hardware.priority import SOURCE, ask_for_priority
from wavestim.hardware.sources import KINDS, ClockPoint, Live, LiveCounts, LiveEvent, LiveInfo, open_live
from wavestim.hardware.sources.stream import StreamSource

if TYPE_CHECKING:
    from wavestim.controller.record.journal import Journal
    from wavestim.controller.session.clocks import SampleClock
    from wavestim.controller.session.markers import MarkerEvents

NOT_KEYS = (
    "kind", "fixed_delay_ms", "fixed_delay_uncertainty_ms", "loopback_channel", "loopback_line", "lsl_out", "events_port", "events_line"
)  # fmt: skip
"""Keys of a source that its driver does not know."""


def open_source(experiment: Experiment) -> Live:
    """The experiment's live source, reached but not started.

    Raises
    ------
    SourceError
        When there is nobody, or what it sends can't be used.
    """
    source = experiment.source
    return open_live(source.kind, **{key: value for key, value in source.model_dump().items() if key not in NOT_KEYS})


@contextlib.contextmanager
def opened_live(experiment: Experiment) -> Iterator[Live | None]:
    """The experiment's live source, reached but not started; None when its source is none.

    Raises
    ------
    SourceError
        When there is nobody, or what it sends can't be used.
    """
    if experiment.source.kind not in KINDS:
        yield None
        return
    live = open_source(experiment)
    try:
        yield live
    finally:
        live.close()


class RigSource:
    """The sample socket of the mock rig as a live source: its counter begins at 0 and misses nothing.

    Parameters
    ----------
    fd : descriptor of the socket; stays the caller's.
    info : LiveInfo
    events : Events, optional
        That it sends beside its samples.
    """

    def __init__(self, fd: int, info: LiveInfo, events: Events | None = None) -> None:
        self.info = info
        self._fd, self._events = fd, events or Events()
        self._stream: StreamSource | None = None
        self._thread: threading.Thread | None = None

    @property
    def ended(self) -> str:
        return self._stream.ended if self._stream is not None else ""

    @property
    def counts(self) -> LiveCounts:
        return LiveCounts(blocks=self._stream.n_blocks if self._stream is not None else 0)

    def start(self, sink: object) -> None:
        self._stream = StreamSource(self._fd, self.info.n_channels, sink)
        self._thread = threading.Thread(target=self._run, args=(self._stream,), name="source", daemon=True)
        self._thread.start()

    def _run(self, stream: StreamSource) -> None:
        ask_for_priority(SOURCE)
        stream.run()

    def stop(self) -> None:
        if self._stream is not None and self._thread is not None:
            self._stream.stop()
            self._thread.join(5.0)

    close = stop

    def take_events(self) -> list[LiveEvent]:
        return self._events.before(self._stream.next_sample) if self._stream is not None else []

    def take_clock_points(self) -> list[ClockPoint]:
        return []


def note_source(source: Live, journal: Journal, clock: SampleClock, markers: MarkerEvents) -> bool:
    """What the source told since the last time: events are journalled, markers become input events, too, and clock points go to the clock.

    Returns true when the source was started again.
    """
    events = source.take_events()
    restarts = [event for event in events if event.kind == "restart"]
    for event in restarts:
        clock.restart(int(event.sample))
    note_events(events, journal, markers)
    markers.post()
    for point in source.take_clock_points():
        clock.told(point.sample, point.taken_ns, point.uncertainty_ns)
    return bool(restarts)


def note_events(events: Iterable[LiveEvent], journal: Journal, markers: MarkerEvents) -> None:
    """Events are journalled; markers become input events, and the gate hears of markers and TTL edges."""
    for event in events:
        is_event = event.kind != "marker" or markers.heard(event.text, event.sample)
        if event.kind == "ttl":
            markers.switched(event.value, event.sample)
        journal.append_marker(event.sample, event.kind if is_event else "marker-without-event", event.text or str(event.value))


def check_horizon(experiment: Experiment, info: LiveInfo) -> None:
    """Refuse a horizon that is shorter than the bursts in which the source is known to send.

    Raises
    ------
    ExperimentError
    """
    horizon = experiment.trigger.horizon_ms
    if horizon != "auto" and horizon < info.burst_ms:
        raise ExperimentError(
            f"{experiment.name}: trigger.horizon_ms: {horizon:g} ms is less than the {info.burst_ms:.1f} ms for which {info.where} gathers "
            "samples before it sends them, so light would come too late; use auto"
        )


def source_about(info: LiveInfo, counts: LiveCounts | None = None) -> dict[str, Any]:
    """A source in plain words and numbers, for the session and the command line."""
    said = {
        "kind": info.kind, "where": info.where, "fs_hz": info.fs_hz, "channels": info.n_channels, "names": list(info.channel_names),
        "positions": info.positions_mm is not None, "samples": np.dtype(info.dtype).name, "delay_ms": info.delay_ms,
        "burst_ms": info.burst_ms, **info.about,
    }  # fmt: skip
    return said if counts is None else said | {"counts": asdict(counts)}

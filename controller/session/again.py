"""The engine once more over samples that were recorded: what entered it then enters it again, at the same samples."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from wavestim.controller.experiment import load_experiment
from wavestim.controller.record.rows import Stored
from wavestim.controller.record.session import InputEvent, Session
from wavestim.controller.session.assembly import Assembly, assemble
from wavestim.hardware.lights import LightInfo
from wavestim.realtime.engine import Engine


class EventError(Exception):
    """An input event is not what it was."""


def assembly_of(session: Session) -> Assembly:
    """The session's own: its experiment on its light, its source and its horizon.

    Raises
    ------
    ExperimentError, RecordError
    """
    return assemble(
        load_experiment(session.path),
        LightInfo(**session.about["light"]),
        fs_hz=session.fs_hz,
        horizon_ms=session.about["horizon_ms"],
        recorded_mm=session.positions_mm,
        own_light=session.about.get("own_light", session.about.get("recording") is None),
        gain_uv=session.samples.gain_uv,
        by_hand=any(kind == "test" for _, kind, *_ in session.input_events),
    )


def events_of(session: Session) -> list[InputEvent]:
    """What entered the session's engine besides samples, in the order in which it was applied."""
    return sorted(session.input_events, key=lambda event: event[0])  # stable


class Again:
    """An engine that is given what another one was given.

    Parameters
    ----------
    engine : Engine
        Fresh.
    events : iterable of InputEvent
        By sample; more may be added to ``events`` as long as they lie ahead.
    learns : bool
        It calibrates itself at the end of its warm-up: no calibration is among the events.
    seen : callable
        Called after every stretch of samples in which nothing but samples entered.
    """

    def __init__(
        self, engine: Engine, events: Iterable[InputEvent], *, learns: bool = False, seen: Callable[[], None] = lambda: None
    ) -> None:
        self.engine, self.events = engine, deque(events)
        self._learns, self._seen = learns, seen

    def process(self, block: Stored, first: int) -> None:
        """Samples and input events in their order.

        Raises
        ------
        EventError
            When an event's bytes are damaged.
        """
        done = 0
        while done < len(block):
            while self.events and self.events[0][0] <= first + done:
                self._enter(self.events.popleft())
            stop = len(block) if not self.events else min(len(block), int(self.events[0][0]) - first)
            done += self.engine.process(block[done:stop], first + done)
            self._seen()
            while self._learns and self.engine.wants_calibration:
                self.engine.apply_calibration(self.engine.learn())

    def _enter(self, event: InputEvent) -> None:
        try:
            enter(self.engine, event)
        except Exception as error:  # bytes that are not a calibration fail in many ways
            why = " ".join(str(error).split()) or type(error).__name__
            raise EventError(f"the input event {event[1]} at sample {event[0]} is damaged ({why})") from error


def enter(engine: Engine, event: InputEvent) -> None:
    """A recorded input event enters an engine before its next sample."""
    _, kind, value, payload = event
    if kind == "calibration":
        engine.apply_calibration(bytes(payload or b""))
    else:
        engine.post(kind, value)

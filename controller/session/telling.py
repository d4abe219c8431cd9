"""Who is told of decisions and pulses beside the journal: LSL, and the recording of the Open Ephys GUI. For the record, not for timing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment import Experiment
from wavestim.controller.session.announce import SHONE, open_announcer
from wavestim.hardware.sources.openephys import NetworkEvents

if TYPE_CHECKING:
    from wavestim.controller.session.clocks import ClockModel


class Teller(Protocol):
    """Passes on what is journalled."""

    def decided(self, first_index: int, decisions: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """New decisions, the first of which has that row in the journal."""
        ...

    def pulsed(self, pulses: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """What became of scheduled decisions."""
        ...


class Edges(Protocol):
    """Where TTL pulses and words go."""

    sent: int
    failed: int
    left_out: int
    trouble: str

    def pulse(self, line: int) -> None: ...

    def note(self, text: str) -> None: ...

    def close(self) -> None: ...


class GuiTeller:
    """Pulses as TTL edges and words in the recording of the Open Ephys GUI.

    Parameters
    ----------
    events : Edges
    line : int
        The TTL line that is switched on for light; dark pulses and what was missed are told in words alone.
    """

    def __init__(self, events: Edges, line: int) -> None:
        self._events, self._line = events, line
        self._complained = False

    def decided(self, first_index: int, decisions: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """Nothing: the GUI's recording has the light, the journal has the rest."""

    def pulsed(self, pulses: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``."""
        for row in pulses:
            verdict = str(row["verdict"])
            if verdict in SHONE and verdict != "dark":
                self._events.pulse(self._line)
            self._events.note(f"decision {int(row['decision'])} {verdict} at sample {float(row['fire_sample']):.2f}")

    def complaint(self) -> str:
        """Why it is not heard, once; empty otherwise."""
        new = "" if self._complained else self._events.trouble
        self._complained |= bool(new)
        return new

    def end(self) -> None:
        """What is waiting goes out; nothing after it."""
        self._events.close()

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """What went out and what did not, by who was told."""
        return {"network_events": {name: getattr(self._events, name) for name in ("sent", "failed", "left_out")}}


class Everyone:
    """Tells several, and keeps their counts."""

    def __init__(self, tellers: Sequence[Teller]) -> None:
        self._tellers = tuple(tellers)

    def join(self, teller: Teller) -> None:
        """One more."""
        self._tellers = (*self._tellers, teller)

    def decided(self, first_index: int, decisions: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``."""
        for teller in self._tellers:
            teller.decided(first_index, decisions, model, now_ns)

    def pulsed(self, pulses: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``."""
        for teller in self._tellers:
            teller.pulsed(pulses, model, now_ns)

    def complaints(self) -> list[str]:
        """Who is not heard, and why; each once."""
        return [why for teller in self._waiting if (why := teller.complaint())]

    def end(self) -> None:
        """What is waiting goes out; nothing after it, and the counts stay."""
        for teller in self._waiting:
            teller.end()

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """What went out and what did not, by who was told."""
        return {name: n for teller in self._waiting for name, n in teller.counts.items()}

    @property
    def _waiting(self) -> list[GuiTeller]:
        """Those who have an answer to wait for."""
        return [teller for teller in self._tellers if isinstance(teller, GuiTeller)]


@contextlib.contextmanager
def telling(experiment: Experiment, session: Path) -> Iterator[Everyone]:
    """Whoever the experiment wants to be told, reached and ready.

    Raises
    ------
    SourceError
        Without pylsl, or when Network Events does not answer.
    """
    with contextlib.ExitStack() as stack:
        announcer, source = open_announcer(experiment, session), experiment.source
        tellers: list[Teller] = [] if announcer is None else [announcer]
        if source.kind == "openephys" and source.events_port is not None:
            events = stack.enter_context(contextlib.closing(NetworkEvents(source.host, source.events_port)))
            tellers.append(GuiTeller(events, source.events_line))
        yield Everyone(tellers)

"""What a live source is to the rest of the house: opened by its kind and keys, it says what it is, and its thread moves blocks into a sink.

A source computes nothing. Its blocks go through an :class:`~wavestim.hardware.sources.intake.Intake`, which keeps the counters. What is
missing stays missing; a source that restarts goes on; one that comes back as something else (rate, channels) has ended, and says so.
"""

from __future__ import annotations

import abc
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.priority import SOURCE, ask_for_priority

from ._base import SourceError
from .intake import Intake

T = TypeVar("T")

KINDS: dict[str, tuple[str, str]] = {
    "lsl": ("wavestim.hardware.sources.lsl", "lsl"),
    "openephys": ("wavestim.hardware.sources.openephys", "openephys"),
    "rhx": ("wavestim.hardware.sources.rhx", "rhx"),
}
"""kind -> (module, prefix): the module has ``open_<prefix>(**keys)`` and ``find_<prefix>()``."""

COUNTS = (
    "blocks",
    "samples",
    "lost",
    "gaps",
    "late",
    "duplicated",
    "garbled",
    "restarts",
    "skipped",
    "overflowed",
    "untold",
    "first_counter",
)
SILENT_S = 60.0
"""A source that gives nothing for so long, in spite of all attempts to reach it again, has ended."""


class LiveError(SourceError):
    """The other side is not there, or does not do what its protocol says."""

    exit_code = 3


@dataclass(frozen=True)
class LiveInfo:
    """Who sends.

    Attributes
    ----------
    kind, where : str
        Of the source, and where it was found, for people.
    fs_hz : float
    channel_names : (channels,)
    positions_mm : (channels, 2), optional
    gain_uv : (channels,), optional
        uV per bit: samples are int16 then. None: they are float32 uV.
    region : (channels,), optional
        Label of each channel's array.
    delay_ms : float, optional
        Constant delay that arrivals can't show, where it is known.
    burst_ms : float
        The source is known to send in bursts up to this long; 0: no.
    about : mapping
        Anything else worth keeping with the session.
    """

    kind: str
    where: str
    fs_hz: float
    channel_names: tuple[str, ...]
    positions_mm: NDArray[np.float64] | None = None
    gain_uv: NDArray[np.float32] | None = None
    region: tuple[str, ...] | None = None
    delay_ms: float | None = None
    burst_ms: float = 0.0
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_channels(self) -> int:
        return len(self.channel_names)

    @property
    def dtype(self) -> type[np.int16] | type[np.float32]:
        """Of the samples, which the sink has to take."""
        return np.float32 if self.gain_uv is None else np.int16


@dataclass(frozen=True)
class LiveCounts:
    """What came and what did not, in samples but for ``blocks gaps garbled restarts untold``.

    ``lost``: passed over; ``late``: of these, what came after all, too late. ``duplicated``: here for the second time. ``garbled``: packets
    that made no sense. ``skipped``: by the host's clock, while the source was started again. ``overflowed``: found no room in the ring.
    ``untold``: digital edges that found no room, since they came faster than they were taken.
    ``first_counter``: the number that the source itself gave to sample 0 of the session, by which both recordings can be laid side by side.
    """

    blocks: int = 0
    samples: int = 0
    lost: int = 0
    gaps: int = 0
    late: int = 0
    duplicated: int = 0
    garbled: int = 0
    restarts: int = 0
    skipped: int = 0
    overflowed: int = 0
    untold: int = 0
    first_counter: int = 0


@dataclass(frozen=True)
class LiveEvent:
    """Something that the source told beside its samples.

    Attributes
    ----------
    sample : float
        Of the session.
    kind : str
        ``restart`` (samples skipped in ``value``), ``ttl`` (digital word in ``value``), ``marker`` or ``note`` (``text``).
    """

    sample: float
    kind: str
    value: int = 0
    text: str = ""


@dataclass(frozen=True)
class ClockPoint:
    """A sample of the session and the host time (monotonic ns) at which it was taken, by the source's own clock."""

    sample: int
    taken_ns: int
    uncertainty_ns: int


class Live(Protocol):
    """What a session needs of a source."""

    @property
    def info(self) -> LiveInfo: ...

    @property
    def ended(self) -> str:
        """Why nothing more will come; empty while it may."""
        ...

    @property
    def counts(self) -> LiveCounts: ...

    def start(self, sink: object) -> None:
        """Let blocks flow into the capsule ``wavestim.BlockSink``, which keeps what is behind it alive."""
        ...

    def stop(self) -> None:
        """No more blocks after this; may be called twice."""
        ...

    def close(self) -> None:
        """Let go of everything; stops first."""
        ...

    def take_events(self) -> list[LiveEvent]: ...

    def take_clock_points(self) -> list[ClockPoint]: ...


class LiveSource(abc.ABC):
    """The thread and the books of a live source; a kind adds :meth:`receive`, and :meth:`close` for what it holds.

    Parameters
    ----------
    info : LiveInfo
    """

    def __init__(self, info: LiveInfo) -> None:
        self.info = info
        self.ended = ""
        self.finish = threading.Event()
        """Set when :meth:`receive` has to return, within about 100 ms."""
        self._marks: deque[LiveEvent] = deque(maxlen=4096)
        self._points: deque[ClockPoint] = deque(maxlen=4096)
        self._intake: Intake | None = None
        self._thread: threading.Thread | None = None

    @abc.abstractmethod
    def receive(self, intake: Intake) -> str:
        """Move blocks into the intake until :attr:`finish`; returns why the source has ended. Runs on the source's thread."""

    def start(self, sink: object) -> None:
        if self._thread is not None:
            raise RuntimeError(f"{self.info.where}: a source is started once; open it anew")
        self._intake = Intake(self.info.fs_hz, self.info.n_channels, sink)
        self._thread = threading.Thread(target=self._run, args=(self._intake,), name="source", daemon=True)
        self._thread.start()

    def _run(self, intake: Intake) -> None:
        ask_for_priority(SOURCE)  # what is refused, the engine's thread says
        try:
            self.ended = self.receive(intake) or "stopped"
        except SourceError as error:
            self.ended = str(error)
        except Exception as error:  # the session goes dark and says so, whatever it was
            self.ended = f"{self.info.where}: {type(error).__name__}: {error}"

    def stop(self) -> None:
        self.finish.set()
        if self._thread is not None:
            self._thread.join(5.0)

    def close(self) -> None:
        self.stop()

    @property
    def counts(self) -> LiveCounts:
        i = self._intake
        return LiveCounts() if i is None else LiveCounts(**{name: getattr(i, name) for name in COUNTS})

    def mark(self, sample: float, kind: str, text: str = "", value: int = 0) -> None:
        """Note an event at a sample of the session."""
        self._marks.append(LiveEvent(sample, kind, value, text))

    def clock_point(self, sample: int, taken_ns: int, uncertainty_ns: int) -> None:
        """Note when a sample of the session was taken."""
        self._points.append(ClockPoint(sample, taken_ns, uncertainty_ns))

    def take_events(self) -> list[LiveEvent]:
        """Events since the last call."""
        found = [LiveEvent(s, kind, value) for s, kind, value in self._intake.take_events()] if self._intake is not None else []
        return found + _drained(self._marks)

    def take_clock_points(self) -> list[ClockPoint]:
        """Clock points since the last call."""
        return _drained(self._points)


def _drained(waiting: deque[T]) -> list[T]:
    return [waiting.popleft() for _ in range(len(waiting))]


@dataclass(frozen=True)
class Found:
    """A source that is there: its kind, keys that open it, and words for people."""

    kind: str
    keys: Mapping[str, Any]
    description: str


def open_live(kind: str, **keys: Any) -> Live:
    """Reach a live source and learn what it sends; nothing flows before :meth:`Live.start`.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    **keys
        Those of the experiment file.

    Raises
    ------
    SourceError
        When there is nobody (``LiveError``), or what it sends can't be used.
    """
    source: Live = _door(kind, "open")(**keys)
    return source


def find_live(kind: str) -> list[Found]:
    """What of this kind can be seen on this computer now; empty when nothing answers at once."""
    found: list[Found] = _door(kind, "find")()
    return found


def _door(kind: str, verb: str) -> Any:
    if kind not in KINDS:
        raise SourceError(f"source: unknown live kind '{kind}'; kinds: {', '.join(sorted(KINDS)) or 'none'}")
    module, prefix = KINDS[kind]
    return getattr(import_module(module), f"{verb}_{prefix}")

"""What every light driver gives and takes: the dataclasses, the protocol and the error that the controller relies on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable


class LightError(RuntimeError):
    """A light driver cannot do what was asked: one sentence that says what, where and what would be right."""


@dataclass(frozen=True)
class LightInfo:
    """What the board said of itself (HELLO)."""

    kind: str
    board: str
    firmware: int
    n_sites: int
    n_slots: int
    queue_len: int
    tick_ns: int
    min_lead_us: int
    min_pulse_us: int
    max_pulse_us: int
    duty_max: float
    heartbeat_timeout_ms: int
    boot_id: int
    graded: bool
    guarantee: str
    """``scheduled``: the board fires on its own clock; ``self-terminating``; ``level-only``."""
    bucket_ms: int = 0
    """Most light of a site within ``bucket_window_ms`` (and an eighth more, since it drains in steps); 0: the board does not say."""
    bucket_window_ms: int = 0
    max_lit: int = 0
    """Sites that its supply carries at once; 0: the board does not say."""
    max_entries: int = 0
    """Pulses that a pattern may have; 0: the board does not say."""
    timing: str = ""
    """What is promised of the moment of light, in a sentence."""
    delay_step_us: int = 4
    """Delays within a pattern are multiples of this; 0: all its sites light at once."""
    width_step_us: int = 4
    """Widths are multiples of this."""
    busy_us: int = 0
    """From light-on until the board takes the next order, at least; 0: as long as the pattern."""
    trains: bool = True
    """A pattern may light a site more than once."""
    overlaps: bool = True
    """A pattern may begin while another one shines on other sites."""
    stamps_ttl: bool = False
    """An edge on a TTL input is stamped by the board: a photodiode there shows when light really came."""
    hardware_gate: bool = False
    """The light is switched by the output of a timer, not by a program."""


class PatternEntry(NamedTuple):
    """One pulse of one site; times are multiples of 4 us on a wavelight board."""

    site: int
    delay_us: int
    width_us: int
    level: int
    """0..255 of the site's maximum."""


@dataclass(frozen=True)
class LightEvent:
    """What the board said, joined to the decision where there is one."""

    kind: str
    """``acked refused fired dropped safe ttl log lost``."""
    decision: int
    """Index given to ``fire()``, -1 when none."""
    host_ns: int
    """Host time at which the news was complete."""
    device_on_ns: int
    """acked, refused, dropped, lost: the start that was ordered. fired: the first edge. safe, ttl: when it happened."""
    device_off_ns: int
    """fired: the last edge; else 0."""
    reason: str
    """NACK, SAFE or DROPPED code as a word; "" when fine."""
    detail: int
    """refused: how late, which limit …; safe: 1 when light was on; ttl: line * 256 + level; lost: events or answers missing."""
    dark: bool
    """A sham: same path, no light."""
    cut: bool
    """The pattern was ended before its time."""


@dataclass(frozen=True)
class ClockSample:
    """One exchange of time stamps, ns; ``wire_*`` is the known time on the wire."""

    host_before_ns: int
    device_rx_ns: int
    device_tx_ns: int
    host_after_ns: int
    wire_out_ns: int
    wire_back_ns: int
    tick_ns: int = 0
    """The device counts in these: a stamp of it may be so much too early."""

    @property
    def slack_ns(self) -> int:
        """Time of the exchange that neither the wire nor the board explains; the uncertainty of the point is half of it."""
        turn = self.device_tx_ns - self.device_rx_ns
        return self.host_after_ns - self.host_before_ns - turn - self.wire_out_ns - self.wire_back_ns

    @property
    def point(self) -> tuple[float, int]:
        """(host ns, device ns): the best guess of one instant on both clocks."""
        return self.host_before_ns + self.wire_out_ns + self.slack_ns / 2, self.device_rx_ns


@dataclass(frozen=True)
class LightStatus:
    """The board's answer to STATUS."""

    state: str
    """``boot idle armed pulse safe``."""
    cause: str
    """Why it is safe; "" otherwise."""
    queue: int
    last_fire_seq: int
    device_ns: int
    light_us_in_window: int
    """Light booked at the busiest site in the running 2 s, us; shams count."""
    rx_drop: int
    crc_errors: int
    events_lost: int
    interlock_closed: bool
    """Key switch and door allow light."""


@runtime_checkable
class Light(Protocol):
    """A light driver. ``port()`` serves the engine thread without the GIL; everything else belongs to one Python thread."""

    info: LightInfo

    @property
    def gone(self) -> bool:
        """The line has hung up."""
        ...

    def now_ns(self) -> int:
        """Host time, by the clock that this light lives under."""
        ...

    def reopen(self) -> bool:
        """Look for the board after its line was lost; False: not there, or not looked for. Once back it is dark and knows nothing."""
        ...

    def was_reset(self) -> bool:
        """Ask the board whether it started anew, which took its patterns and its clock; False where a board can't say."""
        ...

    def upload(self, slot: int, entries: Sequence[PatternEntry]) -> None:
        """Put a pattern into a slot, 0 .. ``info.n_slots`` - 1. Delays are rounded to its steps; what it cannot do is refused."""
        ...

    def arm(self, max_pulses: int = 0) -> None:
        """Allow light, of so many pulses (0: no limit). The heartbeat has to start at once."""
        ...

    def disarm(self) -> None: ...
    def abort(self) -> None: ...
    def port(self) -> object: ...
    def ping(self) -> None: ...
    def poll(self) -> tuple[list[LightEvent], list[ClockSample]]: ...
    def wait(self, timeout_s: float) -> None: ...
    def status(self) -> LightStatus: ...
    def close(self) -> None: ...

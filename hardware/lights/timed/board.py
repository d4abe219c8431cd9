"""The template of a driver for a board without a clock: what is the same for all. A driver adds its facts, its greeting and its words.

The board ends every pulse by itself; the pacer says when. Such a board has no watchdog: without a heartbeat no pulse is started any
more, the abort word is sent, and what shines goes out at its own end.
"""

from __future__ import annotations

import contextlib
import threading
import time
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from wavestim.hardware.lights._base import ClockSample, LightError, LightEvent, LightInfo, LightStatus, PatternEntry
from wavestim.hardware.lights._opened import Opened
from wavestim.hardware.lights.timed.line import Line
from wavestim.hardware.lights.timed.pacer import N_SLOTS, QUEUE, Pacer

LATE_US = 1000.0
"""A trigger is written at most so late, or not at all."""
PRIORITY = 51
"""Just above the engine's thread."""
MAX_PATTERN_US = 200_000
DUTY_MAX = 0.125
"""A site rests seven times as long as it was lit: 250 ms of light in 2 s, as our own firmware allows over time."""
HEARTBEAT_MS = 100


@dataclass(frozen=True)
class Words:
    """What is said to the board for one pattern, and what it says to that, byte for byte."""

    trigger: bytes
    echo: bytes = b""
    program: bytes = b""
    """Makes the board ready for the pattern, ahead of time."""
    answer: bytes = b""
    busy_us: int = 0
    """From light-on until the board takes the next order, when that is longer than the pattern."""


def facts(kind: str, board: str, *, n_sites: int, min_lead_us: int, pulse_us: tuple[int, int], timing: str, **more: Any) -> LightInfo:
    """What is known of a kind of board without one.

    Parameters
    ----------
    kind, board : str
        Of the light, and its name.
    n_sites : int
    min_lead_us : int
        What making ready for another pattern may take.
    pulse_us : (int, int)
        Shortest and longest pulse.
    timing : str
        What lies between the write of a trigger and light, and what is known of it.
    **more
        Further fields of `LightInfo`; by default full level only, no delays between sites, one pulse for each.
    """
    promise = (
        f"the host writes the start at its moment, at most {LATE_US / 1000:g} ms late or not at all; {timing}; "
        "onsets are the host's reckoning; widths are the board's; "
        f"it has no watchdog: a pulse that runs when the host dies ends by itself, after {pulse_us[1] / 1000:g} ms at most"
    )
    fields: dict[str, Any] = {"graded": False, "delay_step_us": 0, "width_step_us": 1000, "trains": False, "overlaps": False} | more
    return LightInfo(
        kind=kind, board=board, firmware=0, n_sites=n_sites, n_slots=N_SLOTS, queue_len=QUEUE, tick_ns=1, min_lead_us=min_lead_us,
        min_pulse_us=pulse_us[0], max_pulse_us=pulse_us[1], duty_max=DUTY_MAX, heartbeat_timeout_ms=HEARTBEAT_MS, boot_id=0,
        guarantee="self-terminating", timing=promise, **fields,
    )  # fmt: skip


class TimedBoard(Opened):
    """A board that ends its pulses by itself, started by the host.

    Parameters
    ----------
    port : str
        Serial port.
    answer_s : float
        How long an answer may take, s.
    late_us : float
        A trigger is written at most so late.
    """

    INFO: ClassVar[LightInfo]
    """What the board can do; known without one."""
    WHAT: ClassVar[str]
    """Its name with an article."""
    BAUD: ClassVar[int]
    LEAD_US: ClassVar[float]
    """From the write of a trigger to light-on, as far as it is known."""
    ABORT: ClassVar[bytes] = b""
    """Makes it dark; empty when it knows no such word."""
    CUTS: ClassVar[bool] = False
    """The abort word ends a running pulse."""
    CLOSING: ClassVar[bytes] = b""
    """Said 25 ms after a pulse, and not answered: for a board that may have been told elsewhere to go on."""
    FAREWELL: ClassVar[bytes] = b""

    def __init__(self, port: str, *, answer_s: float = 1.0, late_us: float = LATE_US) -> None:
        self.where = port
        self.line = Line(self.INFO.kind, self.WHAT, port, self.BAUD, answer_s=answer_s)
        self._thread: threading.Thread | None = None
        self._closed = False
        try:
            self.info = replace(self.INFO, firmware=self._greeted())
            self._pacer = Pacer(self.line.fd, self.ABORT, self.CLOSING, self.CUTS, self.LEAD_US, late_us, self.INFO.heartbeat_timeout_ms)
        except BaseException:
            self.line.close()
            raise

    @abstractmethod
    def greet(self) -> int:
        """Make sure that it is such a board; leave it dark and deaf to its inputs. Returns the version of its firmware, 0: none."""

    @abstractmethod
    def words(self, entries: Sequence[PatternEntry]) -> Words:
        """The words for a pattern that `check` has let pass."""

    @classmethod
    def check(cls, entries: Sequence[PatternEntry], what: str) -> None:
        """Refuse a pattern that this kind of board cannot do.

        Raises
        ------
        LightError
            Naming the entry, the limit and what would be right.
        """
        i = cls.INFO
        sites = [e.site for e in entries]
        if not entries:
            raise LightError(f"{what} is empty; a pattern has at least one pulse (a sham is a pattern fired dark)")
        if len(set(sites)) < len(sites) and not i.trains:
            raise LightError(f"{what} lights a site twice; {cls.WHAT} gives each site one pulse per pattern")
        if len({e.delay_us for e in entries}) > 1 and not i.delay_step_us:
            raise LightError(f"{what} has delays between its sites; {cls.WHAT} lights all sites of a pattern at once")
        for k, e in enumerate(entries):
            if not 0 <= e.site < i.n_sites:
                raise LightError(f"{what}: entry {k} lights site {e.site}; {cls.WHAT} has sites 0 to {i.n_sites - 1}")
            if e.width_us % i.width_step_us or not i.min_pulse_us <= e.width_us <= i.max_pulse_us:
                widths = f"{i.min_pulse_us / 1000:g} to {i.max_pulse_us / 1000:g} ms in steps of {i.width_step_us / 1000:g} ms"
                raise LightError(f"{what}: entry {k} is {e.width_us / 1000:g} ms wide; {cls.WHAT} gives {widths}")
            if not (e.level == 255 or (i.graded and 0 <= e.level <= 255)):
                raise LightError(f"{what}: entry {k} has level {e.level}; {cls.WHAT} gives {'0 to 255' if i.graded else '255, full light'}")
            if e.delay_us < 0 or e.delay_us + e.width_us > MAX_PATTERN_US:
                raise LightError(f"{what}: entry {k} ends after {(e.delay_us + e.width_us) / 1000:g} ms; a pattern lasts at most 200 ms")

    def upload(self, slot: int, entries: Sequence[PatternEntry]) -> None:
        """Keep a pattern; the board learns it when it is next."""
        what = self._slot(slot)
        if not 0 <= slot < self.info.n_slots:
            raise LightError(f"{what}: there are slots 0 to {self.info.n_slots - 1}")
        if self._pacer.state in ("armed", "pulse"):
            raise LightError(f"{what}: the light is armed; disarm it first")
        self._halt(abort=True)
        self.check(entries, what)
        words = self.words(entries)
        lasts = max(e.delay_us + e.width_us for e in entries)
        sites: dict[int, tuple[float, float]] = {}
        for site in {e.site for e in entries}:
            first = min(e.delay_us for e in entries if e.site == site)
            sites[site] = first, first + sum(e.width_us for e in entries if e.site == site) / self.info.duty_max
        busy = max(words.busy_us, lasts, self.info.busy_us)
        self._pacer.set_pattern(slot, words.program, words.answer, words.trigger, words.echo, lasts, busy, sites)

    def arm(self, max_pulses: int = 0) -> None:
        """Allow light, without a limit: no such board counts."""
        if max_pulses:
            raise LightError(f"the light at {self.where} counts no pulses; arm it without a limit")
        if self._closed:
            raise LightError(f"the light at {self.where} is closed; open it again")
        self._halt(abort=False)
        self._greeted()
        self._pacer.begin()
        self._thread = threading.Thread(target=self._pacer.run, args=(PRIORITY,), name="pacer", daemon=True)
        self._thread.start()

    def disarm(self) -> None:
        """Dark, and nothing is queued any more."""
        self._halt(abort=False)

    def abort(self) -> None:
        """Dark at once; only `arm` leaves this state."""
        self._halt(abort=True)

    def port(self) -> object:
        """Capsule ``wavestim.LightPort``: fire, heartbeat and abort for the engine thread."""
        return self._pacer.port()

    def ping(self) -> None:
        """The device clock of such a board is the host's own; only a line that is gone is noticed."""
        self._pacer.look()

    def poll(self) -> tuple[list[LightEvent], list[ClockSample]]:
        """What has become of the orders since the last call, and one exact pair of clocks."""
        now = time.monotonic_ns()
        return [LightEvent(*news) for news in self._pacer.take()], [ClockSample(now, now, now, now, 0, 0)]

    def wait(self, timeout_s: float) -> None:
        """Block until there may be news, at most ``timeout_s``."""
        self._pacer.wait(timeout_s)

    def now_ns(self) -> int:
        """Host time."""
        return time.monotonic_ns()

    def reopen(self) -> bool:
        """Boards without a clock of their own are not looked for again."""
        return False

    def was_reset(self) -> bool:
        """They can't say."""
        return False

    @property
    def gone(self) -> bool:
        """The line has hung up."""
        return self._closed or self._pacer.gone

    def status(self) -> LightStatus:
        """The pacer's state; nothing is asked of the board."""
        p = self._pacer
        return LightStatus(p.state, p.cause, p.queued, 0, time.monotonic_ns(), 0, 0, 0, p.lost, interlock_closed=True)

    def close(self) -> None:
        """Dark, farewell, and the line is free."""
        if self._closed:
            return
        self._halt(abort=False)
        self._closed = True
        with contextlib.suppress(LightError):  # gone: what shone ends by itself
            self.line.say(self.ABORT + self.FAREWELL)
        self.line.close()

    def _greeted(self) -> int:
        try:
            self.line.settle()
            return self.greet()
        except LightError:
            with contextlib.suppress(LightError):
                self.line.say(self.ABORT)  # whatever it is: it shall not shine
            raise

    def _halt(self, *, abort: bool) -> None:
        if self._thread is None:
            return
        self._pacer.end(abort)
        self._thread.join()
        self._thread = None

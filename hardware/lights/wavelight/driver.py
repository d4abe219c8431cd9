"""The driver of a wavelight board: it asks, uploads, arms and listens; light itself goes through `port()` without Python."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

from wavestim.hardware.firmware.codec import crc16
from wavestim.hardware.lights._base import ClockSample, LightError, LightEvent, LightInfo, LightStatus, PatternEntry
from wavestim.hardware.lights._opened import Opened
from wavestim.hardware.lights.wavelight import words as w
from wavestim.hardware.lights.wavelight.inbox import Inbox
from wavestim.hardware.lights.wavelight.link import Link
from wavestim.hardware.lights.wavelight.patternbody import pattern_body
from wavestim.hardware.lights.wavelight.question import TRIES, Questions
from wavestim.hardware.lights.wavelight.usbserial import LineReport

ENTRIES_PER_FRAME = 40
MOST_FRAGMENTS = 16
TIMING = (
    "the board starts every pattern on its own clock at the time it was given, or says that it was late; it is dark without a heartbeat"
)
GREETINGS = 8
"""How often the first question is asked: a board that starts anew when its port is opened takes a while to answer it."""


class Wavelight(Opened):
    """A board that speaks WL1.

    Parameters
    ----------
    link : Link
        The line, to a descriptor or to a core in memory.
    where : str
        Name of the line for messages.
    kind : str
        ``wavelight`` or ``simulated``.
    baud : int
        Line rate; 0 when the wire takes no known time (USB).
    answer_s : float
        How long an answer may take before the question is repeated, s.
    reply_timeout_ms : float
        How long a fire waits for its acknowledgement before it is repeated once, ms.
    on_close : callable, optional
        Closes what the link stands on.
    on_reopen : callable, optional
        Puts a new line under the link when there is one; False when there is none yet.
    line : LineReport, optional
        What is known of the line.
    nonce : int, optional
        For runs that must be the same to the bit; random by default.
    """

    info: LightInfo

    def __init__(
        self,
        link: Link,
        where: str,
        *,
        kind: str = "wavelight",
        baud: int = 500_000,
        answer_s: float = 0.5,
        reply_timeout_ms: float = 5.0,
        on_close: Callable[[], Any] | None = None,
        on_reopen: Callable[[], bool] | None = None,
        line: LineReport | None = None,
        nonce: int | None = None,
    ) -> None:
        self.link = link
        self.where = where
        self.kind = kind
        self._on_close, self._on_reopen = on_close, on_reopen
        self.line = line or LineReport()
        self._lock = threading.RLock()
        self._inbox = Inbox(link, 10_000_000_000 // baud if baud else 0, int(reply_timeout_ms * 1e6))
        self._questions = Questions(link, self._inbox, where, int(answer_s * 1e9))
        self._cookie = 0
        self._nonce = int.from_bytes(os.urandom(4), "little") if nonce is None else nonce
        self._closed = self._armed = False
        try:
            self._hello(GREETINGS)
        except BaseException:
            self._drop_line()
            raise

    def upload(self, slot: int, entries: Sequence[PatternEntry]) -> None:
        """Put a pattern into a slot; delays are rounded to 4 us, widths must be multiples of it."""
        body = pattern_body(self.info, slot, entries, self._slot(slot))
        fragments = [body[k : k + ENTRIES_PER_FRAME * w.ENTRY.size] for k in range(0, len(body), ENTRIES_PER_FRAME * w.ENTRY.size)]
        if len(fragments) > MOST_FRAGMENTS:
            raise LightError(f"{self._slot(slot)}: {len(entries)} entries are more than a board can hold")
        with self._lock:
            self.link.forget_slot(slot)
            what = f"pattern for slot {slot}"
            for k, fragment in enumerate(fragments):
                self._ask(w.Command.DEFINE, bytes((slot, k << 4 | len(fragments) - 1)) + fragment, what)
            commit = bytes((slot,)) + crc16(body).to_bytes(2, "big")
            self.link.set_generation(slot, self._number(w.Command.COMMIT, commit, what, 1))

    def arm(self, max_pulses: int = 0) -> None:
        """Allow light: clears a SAFE board, then ARM with the key of this HELLO. The heartbeat has to start at once.

        Parameters
        ----------
        max_pulses : int
            The board refuses more fires than this; 0: no limit.
        """
        with self._lock:
            if self.was_reset():
                raise LightError(f"the light at {self.where} was reset since its patterns were uploaded; upload them again, then arm")
            self.disarm()
            key = self._nonce ^ self.info.boot_id
            arm = key.to_bytes(4, "little") + max_pulses.to_bytes(4, "little")
            self._inbox.expect(self._number(w.Command.ARM, arm, "arming", w.NUMBER.size))
            self._armed = True

    def disarm(self) -> None:
        """Dark, the queue is emptied, SAFE is cleared: the board is idle."""
        self._withdraw(w.Command.DISARM, b"", "disarming")

    def abort(self) -> None:
        """Dark at once; returns when the board has confirmed it. Only `arm` leaves this state."""
        self._withdraw(w.Command.ABORT, b"", "abort")

    def cancel(self) -> None:
        """Drop what is queued; what runs goes on."""
        self._withdraw(w.Command.CANCEL, b"\xff", "cancelling")

    def limit(self, which: w.Limit, value: int | None = None) -> int:
        """Read a limit of the board, or tighten it until its next reset; returns what holds now."""
        number = w.READ_LIMIT if value is None else value
        return self._number(w.Command.LIMITS, bytes((which,)) + number.to_bytes(4, "little"), f"limit {which.name.lower()}", 4)

    def port(self) -> object:
        """Capsule ``wavestim.LightPort``: fire, heartbeat and abort for the engine thread."""
        return self.link.port()

    def ping(self) -> None:
        """Ask for the board's time; the sample comes through `poll`."""
        with self._lock:
            self._cookie = (self._cookie + 1) & 0xFFFFFFFF
            seq, frame = self.link.encode(w.Command.PING, self._cookie.to_bytes(4, "little"))
            self._inbox.pings[seq] = (self._cookie, self.link.now_ns(), len(frame))
            if not self.link.write(frame):
                del self._inbox.pings[seq]
                self.link.release(seq)

    def poll(self) -> tuple[list[LightEvent], list[ClockSample]]:
        """What the board has said since the last call; never waits and never raises for a lost line (event ``lost``, reason ``line``).

        A board that is armed and has answered nothing for a second is told to be dark: whether it shines nobody would know (event ``safe``,
        reason ``no-answer``).
        """
        with self._lock:
            self._inbox.pump()
            if self._inbox.mute and self._armed:
                self._armed = False
                self.link.repeat_none()
                seq, frame = self.link.encode(w.Command.ABORT, b"")
                self.link.write(frame)
                self.link.release(seq)
                self._inbox.told_mute()
            events, samples = list(self._inbox.events), list(self._inbox.samples)
            self._inbox.events.clear()
            self._inbox.samples.clear()
        return events, samples

    def wait(self, timeout_s: float) -> None:
        """Block until the board may have said something, at most ``timeout_s``: lets a reader thread stamp answers when they come."""
        self.link.wait(int(timeout_s * 1e9))

    def now_ns(self) -> int:
        """Host time, by the clock of the line."""
        return int(self.link.now_ns())

    @property
    def gone(self) -> bool:
        """The line has hung up."""
        return bool(self.link.gone)

    def status(self) -> LightStatus:
        """Ask for the board's state; answered in every state."""
        s = w.STATUS.unpack(self._ask(w.Command.STATUS, b"", "status"))
        state = w.STATES[s[0]] if s[0] < len(w.STATES) else f"state-{s[0]}"
        return LightStatus(state, w.cause_word(s[1]), s[2], s[3], self._inbox.device_ns(s[4]), s[5], s[6], s[7], s[8], s[9] != 0)

    def reopen(self) -> bool:
        """Look for the board after its line was lost; False: it is not there yet.

        Once it is back it is dark and idle: it needs its patterns, its clock has to be learned, and it has to be armed.
        """
        with self._lock:
            if self._closed or not self.link.gone:
                return not self._closed
            if self._on_reopen is None or not self._on_reopen():
                return False
            for slot in range(256):
                self.link.forget_slot(slot)
            self._inbox.reattach()
            try:
                self._hello(GREETINGS)
                self._ask(w.Command.DISARM, b"", "coming back")
            except LightError:
                self.link.hang_up()
            return not self.link.gone

    def was_reset(self) -> bool:
        """Greet the board again: it has another ``boot_id`` than before, so its clock and its patterns are gone."""
        with self._lock:
            boot = self.info.boot_id
            self._hello()
            if self.info.boot_id == boot:
                return False
            for slot in range(256):
                self.link.forget_slot(slot)
            return True

    def close(self) -> None:
        """Disarm, leave dark and let go of the line. A line that is gone goes dark by itself."""
        with self._lock:
            if self._closed:
                return
            try:
                if not self.link.gone:
                    self._ask(w.Command.DISARM, b"", "closing")
            except LightError:
                self.link.write(b"\0")  # no answer: the watchdog of the board does the rest
            finally:
                self._drop_line()

    def _drop_line(self) -> None:
        self._closed = True
        self.link.detach()
        if self._on_close is not None:
            self._on_close()

    def _hello(self, tries: int = TRIES) -> None:
        self.link.write(b"\0")  # ends whatever half frame an earlier host left behind
        answer = self._ask(w.Command.HELLO, bytes((w.PROTO,)) + self._nonce.to_bytes(4, "little"), "hello", tries)
        if len(answer) < w.HELLO.size:
            raise self._questions.stranger()
        h = w.HELLO.unpack_from(answer)
        if getattr(self, "info", None) is not None and self.info.boot_id != h[15]:
            self._inbox.restart(next_event=0)
            self._inbox.ask_events()  # what it had to say when it started: why it was reset
        self.info = LightInfo(
            kind=self.kind, board=w.BOARDS.get(h[2], f"board-{h[2]}"), firmware=h[1], n_sites=h[3], n_slots=h[4], queue_len=h[5],
            tick_ns=h[6], min_lead_us=h[7], min_pulse_us=h[8], max_pulse_us=h[9], duty_max=h[10] / 1000, heartbeat_timeout_ms=h[13],
            boot_id=h[15], graded=bool(h[14] & 1), guarantee="scheduled", bucket_ms=h[11], bucket_window_ms=h[12],
            max_lit=self.limit(w.Limit.MAX_SITES), max_entries=w.ENTRIES.get(h[2], 0), timing=TIMING,
            stamps_ttl=bool(h[14] & w.TTL_STAMP), hardware_gate=bool(h[14] & w.GATE),
        )  # fmt: skip
        if h[2] in w.NATIVE_USB:
            self._inbox.byte_ns = 0
        self.link.configure(h[6], h[5])
        self._inbox.tick_ns = h[6]
        self._inbox.min_lead_ns = h[7] * 1000

    def _withdraw(self, command: w.Command, payload: bytes, what: str) -> None:
        """Ask, and repeat none of the orders that were sent before the board has answered."""
        self._armed &= command == w.Command.CANCEL
        self.link.repeat_none()
        try:
            self._ask(command, payload, what)
        finally:
            self.link.repeat_none()

    def _ask(self, command: w.Command, payload: bytes, what: str, tries: int = TRIES) -> bytes:
        with self._lock:
            self._check_open()
            return self._questions.ask(command, payload, what, tries)

    def _number(self, command: w.Command, payload: bytes, what: str, size: int) -> int:
        with self._lock:
            self._check_open()
            return self._questions.number(command, payload, what, size)

    def _check_open(self) -> None:
        if self._closed:
            raise LightError(f"the light at {self.where} is closed; open it again")

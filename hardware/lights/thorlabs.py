"""Thorlabs DC4100, DC4104 and LEDD4: level only. Facts: micro-manager/mmCoreAndDevices, DC4100.cpp.

Its current stays on when the host dies. So it is only given its limits and its mode, external control, in which its modulation inputs
switch the light; a board of another class is wired to them and gates it. Text in lines; after every setting ``e?`` gives the last error.
While it is on it is asked for its status once a second: the gate would go on telling of light that a source without power does not give.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import replace

from wavestim.hardware.lights._base import ClockSample, Light, LightError, LightEvent, LightInfo, LightStatus, PatternEntry
from wavestim.hardware.lights._opened import Opened
from wavestim.hardware.lights.timed.line import Line

CHANNELS = 4
NAMES = ("DC4100", "DC4104", "LEDD4")
END = b"\r\n"
EXTERNAL = 2
OFF = b"o -1 0"
FAULTS = {0x2: "its supply is out of range", 0x8: "it is too hot"}
NO_LED, OPEN_LED = (0x20, 0x80, 0x200, 0x800), (0x2000, 0x8000, 0x20000, 0x80000)
MAX_MA = 10_000
LOOK_NS = 1_000_000_000
LONGEST = 64
"""No answer has more bytes."""
STATUS = re.compile(rb"\s*(\d{1,10})(?:\.0*)?\s*")
ERROR = re.compile(rb"^\S+ (-?\d{1,6})\s*:?(.*)$")


class Thorlabs(Opened):
    """A DC4100 or its like behind a board that gates it.

    Parameters
    ----------
    port : str
        Serial port of the current source.
    gate : Light
        The board at its modulation inputs: site i switches channel i. It is closed with this light.
    currents_ma : sequence of int
        Limit of each channel used, mA; the light of channel i at full modulation.
    answer_s : float
        How long an answer may take, s.
    """

    info: LightInfo

    def __init__(self, port: str, *, gate: Light, currents_ma: Sequence[int], answer_s: float = 2.0) -> None:
        self.gate, self.where = gate, port
        self._closed = self._on = False
        self._answer_ns, self._asked_ns, self._next_ns, self._said = int(answer_s * 1e9), 0, 0, b""
        self.currents_ma = tuple(int(ma) for ma in currents_ma)
        if not 1 <= len(self.currents_ma) <= CHANNELS or not all(0 < ma <= MAX_MA for ma in self.currents_ma):
            raise LightError(f"light thorlabs-dc4100: currents_ma has one value above 0 mA for each of 1 to {CHANNELS} channels")
        self.line = Line("thorlabs-dc4100", "a Thorlabs DC4100, DC4104 or LEDD4", port, 115200, answer_s=answer_s)
        try:
            name = self._greet()
            self._settle()
        except BaseException:
            self._off()
            self.line.close()
            raise
        i = gate.info
        self.info = replace(
            i,
            kind="thorlabs-dc4100",
            board=f"{name} gated by {i.board}",
            n_sites=min(i.n_sites, len(self.currents_ma)),
            graded=False,
            guarantee="level-only",
            timing=f"the current source only keeps its level; its light is gated by {i.board} ({i.guarantee}): {i.timing}",
        )

    def upload(self, slot: int, entries: Sequence[PatternEntry]) -> None:
        """To the gate; see its driver. Only full level: brightness is the current."""
        if any(e.level not in (0, 255) for e in entries):
            raise LightError(f"{self._slot(slot)}: its level is currents_ma; a gate is open (255) or shut")
        self.gate.upload(slot, entries)

    def arm(self, max_pulses: int = 0) -> None:
        """Currents and mode are set and held against what the source says; then the gate is armed, and the outputs are switched on."""
        self._settle()
        try:
            self.gate.arm(max_pulses)
            self._on, self._asked_ns, self._next_ns, self._said = True, 0, time.monotonic_ns() + LOOK_NS, b""
            for channel in range(len(self.currents_ma)):
                self._set(f"o {channel} 1")
        except BaseException:
            with contextlib.suppress(LightError):
                self.disarm()
            raise

    def disarm(self) -> None:
        """Dark: gate shut, outputs off."""
        try:
            self.gate.disarm()
        finally:
            self._off()

    def abort(self) -> None:
        """Dark at once: gate shut, outputs off."""
        try:
            self.gate.abort()
        finally:
            self._off()

    def port(self) -> object:
        """That of the gate: its abort makes dark without Python."""
        return self.gate.port()

    def ping(self) -> None:
        """Ask the gate for its time."""
        self.gate.ping()

    def poll(self) -> tuple[list[LightEvent], list[ClockSample]]:
        """What the gate has said. Either board ends the light of both: dark by itself, gone, or talking nonsense."""
        events, exchanges = self.gate.poll()
        why = self._look() if self._on else ""
        if why:
            with contextlib.suppress(LightError):
                self.gate.abort()
            events.append(LightEvent("safe", -1, self.now_ns(), 0, 0, why, 0, dark=False, cut=False))
        if self._on and (self.gate.gone or any(e.kind == "safe" for e in events)):
            self._off()
        return events, exchanges

    def wait(self, timeout_s: float) -> None:
        """Block until the gate may have said something."""
        self.gate.wait(timeout_s)

    def now_ns(self) -> int:
        """By the clock of the gate."""
        return self.gate.now_ns()

    def reopen(self) -> bool:
        """Its currents would have to be set anew: open the light again."""
        return False

    def was_reset(self) -> bool:
        """Of the gate."""
        return self.gate.was_reset()

    @property
    def gone(self) -> bool:
        """The line of the gate has hung up."""
        return self.gate.gone

    def status(self) -> LightStatus:
        """Of the gate."""
        return self.gate.status()

    def close(self) -> None:
        """Dark; both lines are free."""
        if self._closed:
            return
        self._closed = True
        try:
            self.gate.close()
        finally:
            self._off()
            self.line.close()

    def _look(self) -> str:
        """What is wrong with the current source, as a word; nobody waits for its answer."""
        now = time.monotonic_ns()
        try:
            self._said += self.line.heard()
            if self._said.endswith(b"\n") and self._asked_ns:
                status = STATUS.fullmatch(self._said)
                self._asked_ns, self._next_ns, self._said = 0, now + LOOK_NS, b""
                return "garbage" if status is None else "fault" if self._faults(int(status[1])) else ""
            if (self._said and not self._asked_ns) or len(self._said) > LONGEST:
                return "garbage"
            if self._asked_ns:
                return "no-answer" if now - self._asked_ns > self._answer_ns else ""
            if now >= self._next_ns:
                self._asked_ns = now
                self.line.say(b"r?" + END)
        except LightError:
            return "line"
        return ""

    def _greet(self) -> str:
        said = self.line.ask(b"n?" + END, end=END, tries=3).strip()
        name = next((n for n in NAMES if n.encode() in said), None)
        if name is None:
            raise self.line.wrong(said)
        self._check_error("n?")
        return name

    def _settle(self) -> None:
        """Outputs off, external control, and the limits; all of it read back."""
        self.line.settle()
        self._set(OFF.decode())
        self._set("sm 0")
        self._set(f"m {EXTERNAL}")
        if self._number("m?") != EXTERNAL:
            raise LightError(f"the light at {self.where} does not take external control; set it at its panel and try again")
        faults = self._faults(self._number("r?"))
        if faults:
            raise LightError(f"the light at {self.where} reports a fault: {', '.join(faults)}")
        for channel, ma in enumerate(self.currents_ma):
            most = self._number(f"ml? {channel}")
            if ma > most:
                raise LightError(f"the light at {self.where}: currents_ma[{channel}] is {ma} mA, its LED takes at most {most} mA")
            self._set(f"l {channel} {ma}")
            if self._number(f"l? {channel}") != ma:
                raise LightError(f"the light at {self.where} did not take the limit of {ma} mA for channel {channel}")

    def _faults(self, status: int) -> list[str]:
        """In words."""
        faults = [words for bit, words in FAULTS.items() if status & bit]
        bare = [c for c in range(len(self.currents_ma)) if status & (NO_LED[c] | OPEN_LED[c])]
        return faults + [f"channel {channel} has no LED" for channel in bare]

    def _set(self, command: str) -> None:
        self.line.say(command.encode() + END)
        self._check_error(command)

    def _number(self, question: str) -> int:
        said = self.line.ask(question.encode() + END, end=b"\n").strip()
        self._check_error(question)
        if not re.fullmatch(rb"\d{1,10}(\.0*)?", said):
            raise self.line.wrong(said)
        return int(said.split(b".")[0])

    def _check_error(self, after: str) -> None:
        said = self.line.ask(b"e?" + END, end=b"\n").strip()
        found = ERROR.match(said)
        if found is None:
            raise self.line.wrong(said)
        if int(found[1]):
            text = found[2].decode("ascii", "replace").strip()
            raise LightError(f"the light at {self.where} refused '{after}': {text or 'error ' + found[1].decode()}")

    def _off(self) -> None:
        self._on = False
        with contextlib.suppress(LightError):  # gone; the gate is what keeps it dark
            self.line.say(OFF + END)


def open_thorlabs(port: str, *, gate: Light | None = None, currents_ma: Sequence[int] = (), answer_s: float = 2.0) -> Thorlabs:
    """Open a DC4100 or its like.

    Parameters
    ----------
    port, gate, currents_ma, answer_s
        See `Thorlabs`.

    Raises
    ------
    LightError
        Also without a gate: alone its light would stay on when the host dies.
    """
    if gate is None:
        raise LightError(
            "light thorlabs-dc4100 only keeps a level and stays lit when the host dies; open it with the board that gates it (gated_by)"
        )
    if gate.info.guarantee == "level-only":
        raise LightError("light thorlabs-dc4100 cannot be gated by another level-only light; use a board that ends its pulses")
    return Thorlabs(port, gate=gate, currents_ma=currents_ma, answer_s=answer_s)

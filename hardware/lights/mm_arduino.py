"""An Arduino with Micro-Manager's firmware: pins 8 to 13 as TTL outputs. Facts: micro-manager/mmCoreAndDevices, AOTFcontroller.ino.

A pulse is a timed sequence of one step (commands 5, 6, 10, 11 ahead of time, 12 to start), which the board ends itself after whole
milliseconds. Setting the pins directly (command 1) would leave them lit if the host died, and is used only to make them dark.
"""

from __future__ import annotations

from collections.abc import Sequence

from wavestim.hardware.lights._base import LightError, PatternEntry
from wavestim.hardware.lights.timed import TimedBoard, Words, facts

PINS = 6
DARK, STEP, STEPS, NO_TRIGGER, INTERVAL, REPEATS, START, NO_BLANKING, HELLO, VERSION = 1, 5, 6, 9, 10, 11, 12, 21, 30, 31


class MmArduino(TimedBoard):
    """An Arduino with Micro-Manager's firmware. Parameters are those of `TimedBoard`."""

    WHAT, BAUD = "an Arduino with Micro-Manager's firmware", 57600
    ABORT = bytes((DARK, 0))
    LEAD_US = 190.0
    INFO = facts(
        "mm-arduino",
        "micro-manager-arduino",
        n_sites=PINS,
        min_lead_us=10_000,
        pulse_us=(1000, 20_000),
        timing="the wire takes 0.17 ms, what the USB converter adds is not known; the board confirms, and cannot be interrupted",
    )

    def greet(self) -> int:
        """Identification, version, dark; a TTL input has no say."""
        heard = self.line.ask(bytes((HELLO,)), end=b"\r\n", tries=8)  # opening the port resets it, which takes up to 2 s
        if heard != b"MM-Ard":
            raise self.line.wrong(heard)
        version = self.line.ask(bytes((VERSION,)), end=b"\r\n")
        if not version.isdigit() or len(version) > 4:
            raise self.line.wrong(version)
        for question, n in ((bytes((NO_TRIGGER,)), 2), (bytes((NO_BLANKING,)), 1), (self.ABORT, 1)):  # the first tells a count too
            heard = self.line.ask(question, n=n)
            if heard[:1] != question[:1]:
                raise self.line.wrong(heard)
        return int(version)

    def words(self, entries: Sequence[PatternEntry]) -> Words:
        """One step: the pins, for so many milliseconds."""
        if len({e.width_us for e in entries}) > 1:
            raise LightError(f"the light at {self.where} gives all pins of a pattern one width; this pattern has several")
        pins = sum(1 << e.site for e in entries)
        ms = entries[0].width_us // 1000
        return Words(
            trigger=bytes((START,)),
            echo=bytes((START,)),
            program=bytes((STEP, 0, pins, STEPS, 1, INTERVAL, 0, ms >> 8, ms & 255, REPEATS, 1)),
            answer=bytes((STEP, 0, pins, STEPS, 1, INTERVAL, 0, REPEATS, 1)),
            busy_us=entries[0].width_us + 2000,
        )

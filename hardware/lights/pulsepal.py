"""Sanworks Pulse Pal v2: four analog outputs for the modulation inputs of LED drivers. Facts: sanworks/PulsePal, PulsePal_2_0_1.ino.

Every message starts with 213. Times are counted in cycles of 50 us, little-endian. A pattern is set parameter by parameter (message 74,
each confirmed by 1) and started by a soft trigger (77), which is not confirmed. The message that sets all at once (73) is not used: the
public firmware and its public client disagree about the order of its values. So do they about the loop switch (82): an abort (80) some time
after every pulse ends what a channel left in loop mode would repeat.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from wavestim.hardware.lights._base import LightError, PatternEntry
from wavestim.hardware.lights.timed import TimedBoard, Words, facts

CYCLE_US = 50
CHANNELS = 4
HELLO, SET, TRIGGER, ABORT, DISCONNECT, NAME = (bytes((213, op)) for op in (72, 74, 77, 80, 81, 89))
OLDEST = 20
"""Firmware versions below are Pulse Pal 1, which counts volts in 8 bits."""
REST_BITS = 32768
"""0 V of -10 to 10 V in 16 bits."""


BIPHASIC, VOLTS, WIDTH, INTERVAL, BURST, TRAIN, DELAY, LINK_1, LINK_2, CUSTOM, TARGET, REST, MODE = (
    1, 2, 4, 7, 8, 10, 11, 12, 13, 14, 15, 17, 128,
)  # fmt: skip
"""Parameter codes of message 74."""
SIZES = {VOLTS: "<H", REST: "<H", WIDTH: "<I", INTERVAL: "<I", BURST: "<I", TRAIN: "<I", DELAY: "<I"}
PLAIN = ((CUSTOM, 0), (TARGET, 0), (BIPHASIC, 0), (REST, REST_BITS), (INTERVAL, 20_000), (BURST, 0), (LINK_1, 0), (LINK_2, 0))
"""One-sided pulses from 0 V, no bursts, no custom trains, and no input starts anything."""


def setting(code: int, channel: int, value: int) -> bytes:
    """Message that sets one parameter of one channel, 0 to 3."""
    return SET + bytes((code, channel + 1)) + struct.pack(SIZES.get(code, "<B"), value)


def volts_to_bits(volts: float) -> int:
    """Bits for an output, never more volts than asked (and never fewer than 0 V)."""
    return max(REST_BITS, int((volts + 10) / 20 * 65535))


class PulsePal(TimedBoard):
    """A Pulse Pal v2.

    Parameters
    ----------
    port : str
        Serial port.
    full_scale_v : float
        Volts at which the LED drivers give full light: level 255.
    **keys
        Of `TimedBoard`.
    """

    WHAT, BAUD = "a Pulse Pal 2", 115200
    ABORT, CLOSING, CUTS, FAREWELL = ABORT, ABORT, True, DISCONNECT
    LEAD_US = 100.0
    INFO = facts(
        "pulsepal",
        "pulse-pal-2",
        n_sites=CHANNELS,
        min_lead_us=5000,
        pulse_us=(2 * CYCLE_US, 20_000),
        graded=True,
        delay_step_us=CYCLE_US,
        width_step_us=CYCLE_US,
        timing="the board follows 50 to 150 us after it has read it and says nothing to it; what USB adds is not known",
    )

    def __init__(self, port: str, *, full_scale_v: float = 5.0, **keys: Any) -> None:
        self.full_scale_v = full_scale_v
        super().__init__(port, **keys)

    def greet(self) -> int:
        """The handshake; then dark."""
        heard = self.line.ask(HELLO, n=5, tries=3)
        version = int.from_bytes(heard[1:], "little")
        if heard[:1] != b"K" or version > 1000:
            raise self.line.wrong(heard)
        if version < OLDEST:
            raise LightError(f"the Pulse Pal at {self.where} has firmware {version} of the first model; this driver needs a Pulse Pal 2")
        self.line.say(ABORT + NAME + b"wavest")
        plain = [setting(code, c, value) for c in range(CHANNELS) for code, value in PLAIN] + [setting(MODE, c, 0) for c in range(2)]
        heard = self.line.ask(b"".join(plain), n=len(plain))
        if heard != b"\1" * len(plain):
            raise self.line.wrong(heard)
        return version

    def words(self, entries: Sequence[PatternEntry]) -> Words:
        """The pulse of every channel it lights, and their common trigger."""
        program = []
        for e in entries:
            width, delay = e.width_us // CYCLE_US, round(e.delay_us / CYCLE_US)
            volts = volts_to_bits(self.full_scale_v * e.level / 255)
            # a train as long as its first pulse
            program += [setting(code, e.site, v) for code, v in ((VOLTS, volts), (WIDTH, width), (TRAIN, width), (DELAY, delay))]
        mask = sum(1 << e.site for e in entries)
        busy_us = max(e.delay_us + e.width_us for e in entries) + 10 * CYCLE_US
        return Words(TRIGGER + bytes((mask,)), program=b"".join(program), answer=b"\1" * len(program), busy_us=busy_us)

"""Cyclops, the LED driver on a Teensy: with its public serial-trigger sketch, or with our firmware. Facts: jonnew/cyclops.

The sketch reads ``<1>`` and gives one pulse of 1 ms at full current on its first channel; it says so, and is deaf for 51 ms. It knows no
other width or level, no abort and no greeting.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from wavestim.hardware.lights._base import Light, PatternEntry
from wavestim.hardware.lights.timed import TimedBoard, Words, facts
from wavestim.hardware.lights.wavelight.opening import open_serial

LISTEN_S = 0.1


class CyclopsSketch(TimedBoard):
    """A Cyclops with the serial-trigger sketch. Parameters are those of `TimedBoard`."""

    WHAT, BAUD = "a Cyclops with the serial-trigger sketch", 9600
    LEAD_US = 0.0
    INFO = facts(
        "cyclops",
        "cyclops-serial-trigger",
        n_sites=1,
        min_lead_us=1000,
        pulse_us=(1000, 1000),
        busy_us=55_000,
        timing="what USB and the sketch add is not known; the sketch confirms; it has no abort and no name: only its first answer shows "
        "what it is",
    )

    def greet(self) -> int:
        """An order of no pulses: the sketch does nothing and says nothing; whatever talks is something else."""
        self.line.drop()
        self.line.say(b"<0>")
        heard = self.line.listen(LISTEN_S)
        if heard:
            raise self.line.wrong(heard)
        return 0

    def words(self, entries: Sequence[PatternEntry]) -> Words:
        """One pulse."""
        return Words(b"<1>", echo=b"Sending pulses:1\r\n")


INFO = CyclopsSketch.INFO


def open_cyclops(port: str, *, firmware: Literal["serial-trigger", "wavelight"] = "serial-trigger", **keys: Any) -> Light:
    """Open a Cyclops.

    Parameters
    ----------
    port : str
        Serial port.
    firmware : str
        What is flashed on its Teensy: the public sketch, or our firmware, which makes it a `Wavelight`.
    **keys
        Of `CyclopsSketch` or `Wavelight`.
    """
    if firmware == "wavelight":
        return open_serial(port, kind="cyclops", **keys)
    return CyclopsSketch(port, **keys)

"""How long after its switching each LED shines: a photodiode on a TTL input of the board, which stamps both with one clock."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from wavestim.controller.experiment.lightdelay import MAX_DELAY_US, LedDelay
from wavestim.controller.session.hand import DARK, MS, Hand
from wavestim.hardware.lights import LightError, PatternEntry
from wavestim.hardware.lights.wavelight import Wavelight
from wavestim.hardware.lights.wavelight.link import press

SHOTS, EVERY_NS, AHEAD_NS, WIDTH_US = 10, 40 * MS, 20 * MS, 2000
LEAST_SEEN = 5


def measure_delays(light: Wavelight, leds: int, line: int, progress: Callable[[int], None] = lambda led: None) -> list[LedDelay]:
    """Fire every LED ten times for 2 ms and take the photodiode's edge against the start that the board reports. This is real light.

    Parameters
    ----------
    light : Wavelight
        The board; idle afterwards.
    leds : int
        How many LEDs it has.
    line : int
        TTL input of the photodiode.
    progress : callable, optional
        Called with each LED before it shines.

    Returns
    -------
    list of LedDelay
        Of every LED that was seen at least five times.

    Raises
    ------
    LightError
        When the board stamps no TTL input, or the photodiode answers in the dark, or never.
    """
    if not light.info.stamps_ttl:
        raise LightError(f"the board at {light.where} stamps no TTL input, so a photodiode there tells nothing; use a board that does")
    trial = _Trial(light, line)
    try:
        if trial.delays_us(0, DARK):
            raise LightError(f"the photodiode on TTL input {line} of {light.where} answers in the dark; shade it, or raise its threshold")
        found = []
        for led in range(leds):
            progress(led)
            seen = trial.delays_us(led, 0)
            if len(seen) >= LEAST_SEEN:
                sd = statistics.stdev(seen)
                found.append(LedDelay(led=led, delay_us=statistics.median(seen), sd_us=sd, n=len(seen)))
    finally:
        light.disarm()
    if not found:
        raise LightError(f"the photodiode on TTL input {line} of {light.where} saw no light; put it over the LEDs and check the input")
    return found


class _Trial(Hand):
    def __init__(self, light: Wavelight, line: int) -> None:
        super().__init__(light)
        self.line = line

    def delays_us(self, led: int, flags: int) -> list[float]:
        """The photodiode's edges behind the starts of one LED."""
        self.light.disarm()
        self.light.upload(0, [PatternEntry(led, 0, WIDTH_US, 255)])
        self.arm()
        self.hear()
        self.events.clear()
        for shot in range(SHOTS):
            device_ns = self.light.status().device_ns
            press(self.port, "fire", shot, 0, flags, device_ns + AHEAD_NS)
            self.alive(self.light.link.now_ns() + EVERY_NS)
            if self.gone_dark():
                self.arm()
        starts = [e.device_on_ns for e in self.events if e.kind == "fired"]
        rises = [e.device_on_ns for e in self.events if e.kind == "ttl" and e.detail == self.line * 256 + 1]
        after = [[(r - start) / 1e3 for r in rises if 0 <= r - start <= MAX_DELAY_US * 1000] for start in starts]
        return [min(a) for a in after if a]

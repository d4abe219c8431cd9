"""A host that shines all the time and can be killed: started once, it forks one for every port it is told. A program, not a module."""

from __future__ import annotations

import os
import signal
import sys
import time

from wavestim.hardware.lights import PatternEntry, open_light
from wavestim.hardware.lights.wavelight.link import press

LEDS, PULSE_US, PERIOD_NS, AHEAD_NS, BEAT_NS = 10, 20_000, 25_000_000, 80_000_000, 20_000_000


def shine(port: str) -> None:
    """One LED after the other, 20 of 25 ms, ordered ahead, with a heartbeat; says its number once light has been accepted."""
    light = open_light("wavelight", port=port, answer_s=10)
    for led in range(LEDS):
        light.upload(led, [PatternEntry(led, 0, PULSE_US, 255)])
    light.arm()
    handle, start = light.port(), time.monotonic_ns()
    device0 = light.status().device_ns - time.monotonic_ns()
    beats = orders = 0
    told = False
    while True:
        now = time.monotonic_ns()
        if now - start >= beats * BEAT_NS:
            beats += 1
            press(handle, "heartbeat", value=beats)
        if now - start >= orders * PERIOD_NS:
            press(handle, "fire", orders, orders % LEDS, 0, device0 + start + orders * PERIOD_NS + AHEAD_NS)
            orders += 1
        light.wait(0.002)
        kinds = {event.kind for event in light.poll()[0]}
        if "acked" in kinds and not told:
            told = True
            print(os.getpid(), flush=True)
        elif "safe" in kinds and not told:  # the machine held it up before its first light
            light.arm()
            start = time.monotonic_ns() - orders * PERIOD_NS
            beats = (time.monotonic_ns() - start) // BEAT_NS


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            shine(line.strip())

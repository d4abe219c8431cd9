"""How long a frame takes over the links that boards hang on: what the system adds to the wire, drawn from a seed.

Each way is a constant, a wait of equal chance up to the next frame or timer of the bus, a little jitter, and once in a hundred frames
a hiccup of the operating system. The numbers are such that the usual estimators of a clock (best of the last eight pings, regression
over the fastest fifth of a minute, forward envelope) err on these links as they were found to: see docs/clock.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights.wavelight import Link, Wavelight
from wavestim.hardware.lights.wavelight.simline import SimulatedLine

HICCUP_US, HICCUPS = 1000.0, 0.01
DRAWN = 20_000
"""Delays that are drawn each way; they come round again."""


@dataclass(frozen=True)
class Way:
    """One direction, us."""

    least_us: float
    wait_us: float
    jitter_us: float

    def draw_ns(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """Delays of n frames, ns."""
        us = self.least_us + rng.uniform(0, self.wait_us, n) + rng.exponential(self.jitter_us, n)
        us += np.where(rng.random(n) < HICCUPS, rng.exponential(HICCUP_US, n), 0.0)
        return (us * 1000).astype(np.int64)


@dataclass(frozen=True)
class LinkModel:
    """One kind of link: its wire (0: none that is known) and what comes on top each way."""

    name: str
    baud: int
    out: Way
    back: Way


LINKS = {
    "pty": LinkModel("pseudo-terminal", 0, Way(10, 2, 1), Way(12, 2, 1)),
    "usb-high-speed": LinkModel("USB CDC, high speed", 0, Way(50, 125, 15), Way(54, 125, 15)),
    "usb-full-speed": LinkModel("USB CDC, full speed, 1 ms frames", 0, Way(50, 180, 15), Way(110, 1500, 15)),
    "ftdi-1ms": LinkModel("FTDI, latency timer 1 ms", 1_000_000, Way(160, 125, 15), Way(180, 1000, 15)),
    "ftdi-16ms": LinkModel("FTDI, latency timer 16 ms", 1_000_000, Way(160, 125, 15), Way(180, 16000, 15)),
    "ftdi-event": LinkModel("FTDI with event character", 1_000_000, Way(160, 125, 15), Way(164, 125, 15)),
}


def simulated_light(
    link: LinkModel, seed: int = 0, *, n_sites: int = 25, drift_ppm: float = 30.0
) -> tuple[Wavelight, Callable[[], NDArray[np.int64]]]:
    """A board in memory behind such a link, and what tells when its light really came on.

    Parameters
    ----------
    link : LinkModel
    seed : int
        Of the delays and of the phase of the board's clock.
    n_sites : int
        LEDs.
    drift_ppm : float
        Of the board's clock against the host's.

    Returns
    -------
    light : Wavelight
    lit : callable
        Host times (ns) at which light came on since the last call.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0x117]))
    core = FirmwareCore(n_sites, boot_ns=-int(rng.integers(1_000_000_000, 10_000_000_000)), drift_ppm=drift_ppm, baud=link.baud, boot_id=7)
    clock = VirtualClock(int(rng.integers(1_000_000_000, 2_000_000_000)))
    line = SimulatedLine(core, link.out.draw_ns(rng, DRAWN), link.back.draw_ns(rng, DRAWN))
    light = Wavelight(
        Link(-1, core, clock, line), "the simulated board", kind="simulated", baud=link.baud, answer_s=0.1, nonce=1, reply_timeout_ms=40.0
    )

    def lit() -> NDArray[np.int64]:
        core.advance(clock.now_ns)
        edges = core.host_edges()
        return np.asarray(edges["host_ns"][edges["level"] > 0], dtype=np.int64)

    return light, lit

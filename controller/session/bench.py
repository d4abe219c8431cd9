"""A light driver at hand: the board in memory with its clock, how a board is made ready, and how far ahead light has to be planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from wavestim.controller.experiment import Experiment
from wavestim.controller.experiment._light import SimulatedLight, WavelightLight
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.assembly import Assembly
from wavestim.controller.session.clocks import Line
from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import Light, LightInfo, open_light

FIRE_FRAME_US = 17 * 20.0
"""A FIRE_AT on the wire at 500 kbaud, COBS and delimiter included, rounded up."""
MARGIN_MS = 1.0
CLOCK_TOLERANCE_US = 250.0
PING_NS, LEAST_NS, SECOND_NS = 20_000_000, 300_000_000, 1_000_000_000
"""Learning a clock: a ping every so often, for so long at least, and usually at most."""


@dataclass
class VirtualBench:
    """The firmware core in memory, its driver, and the clock both live under."""

    clock: VirtualClock
    core: FirmwareCore
    light: Light


def make_bench(n_leds: int, seed: int) -> VirtualBench:
    """A board with a clock of its own: started earlier, running up to 30 ppm fast or slow."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0xC10C]))
    clock = VirtualClock(int(rng.integers(1_000_000_000, 2_000_000_000)))
    core = FirmwareCore(
        max(1, n_leds),
        drift_ppm=float(rng.uniform(-30, 30)),
        boot_ns=-int(rng.integers(0, 10_000_000_000)),
        boot_id=int(rng.integers(1, 2**32)),
    )
    return VirtualBench(clock, core, open_light("simulated", core=core, clock=clock))


def board_horizon_ms(info: LightInfo) -> float:
    """What the board needs of a horizon: the wire, its least lead, and a margin."""
    return (FIRE_FRAME_US + info.min_lead_us) / 1000 + MARGIN_MS


def horizon_for(experiment: Experiment, light: Light, arrivals: Arrivals) -> float:
    """``trigger.horizon_ms`` as a number under a simulated clock: age of the newest sample, and what the board needs."""
    asked = experiment.trigger.horizon_ms
    return arrivals.oldest_ms + board_horizon_ms(light.info) if asked == "auto" else float(asked)


def clock_tolerance_us(experiment: Experiment) -> float:
    """How well the clocks have to be known before anything is fired, us."""
    light = experiment.light
    return light.clock_tolerance_us if isinstance(light, SimulatedLight | WavelightLight) else CLOCK_TOLERANCE_US


def learn_clock(
    light: Light, device_clock: DeviceClock, tolerance_us: float, hear: Callable[[], object], longest_ns: int = SECOND_NS
) -> Line | None:
    """Ping until the board's clock is known well within the tolerance, ``longest_ns`` at most; what was learned so far, or None.

    ``hear`` takes in what the board has said, and gives its exchanges to ``device_clock``.
    """
    begin, line = light.now_ns(), None
    while light.now_ns() - begin < longest_ns and not light.gone:
        light.ping()
        pause = light.now_ns() + PING_NS
        while light.now_ns() < pause and not light.gone:  # answers are stamped when they are read
            light.wait((pause - light.now_ns()) / 1e9)
            hear()
        line = device_clock.fit(light.now_ns())
        if line is not None and line.uncertainty < tolerance_us * 1000 / 2 and light.now_ns() - begin > LEAST_NS:
            break
    return line


def prepare_light(light: Light, assembly: Assembly, device_clock: DeviceClock) -> None:
    """Upload the patterns and learn the board's clock."""
    for slot, pattern in enumerate(assembly.plan.slots):
        light.upload(slot, pattern.entries)
    for _ in range(8):
        light.ping()
        light.status()
        device_clock.add(light.poll()[1])

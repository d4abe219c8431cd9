"""A light driver at hand: the board in memory with its clock, how a board is made ready, and how far ahead light has to be planned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from wavestim.controller.experiment import Experiment
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.assembly import Assembly
from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import Light, LightInfo, open_light

FIRE_FRAME_US = 17 * 20.0
"""A FIRE_AT on the wire at 500 kbaud, COBS and delimiter included, rounded up."""
MARGIN_MS = 1.0


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


def prepare_light(light: Light, assembly: Assembly, device_clock: DeviceClock) -> None:
    """Upload the patterns and learn the board's clock."""
    for slot, pattern in enumerate(assembly.plan.slots):
        light.upload(slot, pattern.entries)
    for _ in range(8):
        light.ping()
        light.status()
        device_clock.add(light.poll()[1])

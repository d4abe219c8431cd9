"""What can be wrong with a rig, for a mock rig to have: wires in the wrong order or dead, another gain, dark LEDs, a clock that jumps.

A mock rig has them from its start, or is told of them while it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.simulated.config import CortexConfig
from wavestim.hardware.simulated.rig import SimulatedRig

RAIL_UV = 6389.0
"""Of an Intan amplifier: 32767 times 0.195 uV."""
SHAKEN_UV = np.float32(1500.0)
TURN = np.float32(0.1)
"""Radians a sample: at 1 kHz an artefact of 16 Hz, inside the band of most rhythms, and the same on all electrodes."""


@dataclass(frozen=True)
class Faults:
    """None, unless said otherwise.

    Attributes
    ----------
    channels : channel i is wired to electrode ``channels[i]``; empty: to electrode i
    dead : channels that show nothing
    missing : channels that give no number
    railed : channels that stand at the rail of the converter
    gain : so many times what it should be
    leds : output i of the board is wired to LED ``leds[i]``; empty: to LED i
    unlit : the cable of the LEDs is out; the board does not notice
    step_at_s, step_ms : from so many seconds of samples on, all come so much later, and their counter does not tell
    """

    channels: tuple[int, ...] = ()
    dead: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    railed: tuple[int, ...] = ()
    gain: float = 1.0
    leds: tuple[int, ...] = ()
    unlit: bool = False
    step_at_s: float = 0.0
    step_ms: float = 0.0

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Faults:
        """From what ``dataclasses.asdict`` and JSON made of them."""
        values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
        return cls(**values)

    def late_ns(self, at_s: float) -> int:
        """How much later than it should a sample comes."""
        return int(self.step_ms * 1e6) if self.step_ms and at_s >= self.step_at_s else 0


class Rig(Protocol):
    """Electrodes that can be read and LEDs that can be lit."""

    def read(self, n: int) -> NDArray[np.float32]: ...
    def light(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None: ...
    def close(self) -> None: ...


class FaultyRig:
    """A rig behind bad wiring.

    Parameters
    ----------
    rig : SimulatedRig, or whatever reads and lights like one
    faults : Faults
        May be replaced between two reads.

    Attributes
    ----------
    shaken : int
        So many samples more are full of the artefact of an animal that moves.
    """

    def __init__(self, rig: Rig, faults: Faults) -> None:
        self.rig, self.faults, self.shaken = rig, faults, 0

    def read(self, n: int) -> NDArray[np.float32]:
        """The next samples (n, channels), as they come through the wires."""
        out = self.rig.read(n)
        if self.faults.channels and len(out):
            out = np.ascontiguousarray(out[:, list(self.faults.channels)])
        if self.faults.gain != 1.0:
            out = out * np.float32(self.faults.gain)
        if self.faults.dead and len(out):
            out[:, list(self.faults.dead)] = 0.0
        if self.shaken > 0 and len(out):
            n = min(self.shaken, len(out))
            out[:n] += SHAKEN_UV * np.sin(np.arange(self.shaken, self.shaken - n, -1) * TURN, dtype=np.float32)[:, None]
            self.shaken -= n
        if self.faults.railed and len(out):
            out[:, list(self.faults.railed)] = RAIL_UV
        if self.faults.missing and len(out):
            out[:, list(self.faults.missing)] = np.nan
        return out

    def become(self, config: CortexConfig) -> None:
        """Another wave in what is behind the wires, where it is a cortex in silico."""
        if isinstance(self.rig, SimulatedRig):
            self.rig.become(config)

    def light(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None:
        """An edge of light at an output of the board; what shone when the cable came out goes off in any case."""
        if not self.faults.unlit or irradiance_mw_mm2 == 0:
            self.rig.light(time_s, self.faults.leds[led] if self.faults.leds else led, irradiance_mw_mm2)

    def close(self) -> None:
        self.rig.close()

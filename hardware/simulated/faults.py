"""What can be wrong with a rig, for a mock rig to have: wires in the wrong order or dead, another gain, dark LEDs, a clock that jumps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Faults:
    """None, unless said otherwise.

    Attributes
    ----------
    channels : channel i is wired to electrode ``channels[i]``; empty: to electrode i
    dead : channels that show nothing
    gain : so many times what it should be
    leds : output i of the board is wired to LED ``leds[i]``; empty: to LED i
    unlit : the cable of the LEDs is out; the board does not notice
    step_at_s, step_ms : from so many seconds of samples on, all come so much later, and their counter does not tell
    """

    channels: tuple[int, ...] = ()
    dead: tuple[int, ...] = ()
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
    """

    def __init__(self, rig: Rig, faults: Faults) -> None:
        self.rig, self.faults = rig, faults

    def read(self, n: int) -> NDArray[np.float32]:
        """The next samples (n, channels), as they come through the wires."""
        out = self.rig.read(n)
        if self.faults.channels and len(out):
            out = np.ascontiguousarray(out[:, list(self.faults.channels)])
        if self.faults.gain != 1.0:
            out = out * np.float32(self.faults.gain)
        if self.faults.dead and len(out):
            out[:, list(self.faults.dead)] = 0.0
        return out

    def light(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None:
        """An edge of light at an output of the board."""
        if not self.faults.unlit:
            self.rig.light(time_s, self.faults.leds[led] if self.faults.leds else led, irradiance_mw_mm2)

    def close(self) -> None:
        self.rig.close()

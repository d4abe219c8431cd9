"""The light: which driver, where its LEDs are, and the limits nobody may exceed."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator
from wavestim.controller.experiment._base import ByKind, NotNegative, Part, Point


class _OwnClock(Part):
    clock_tolerance_us: Annotated[float, Field(gt=0, le=2000)] = 250.0
    """While the clocks of host and board are known less well than this, nothing is fired."""


class SimulatedLight(_OwnClock):
    """The firmware compiled for this computer, shining on the simulated cortex."""

    kind: Literal["simulated"] = "simulated"
    """Which driver."""


class WavelightLight(_OwnClock):
    """A board that speaks WL1, our protocol, and fires on its own clock."""

    kind: Literal["wavelight"] = "wavelight"
    """Which driver."""
    port: str | None = None
    """Serial port, such as /dev/ttyACM0 or COM3."""
    serial_number: str | None = None
    """USB serial number, when ports change names; used when port is null."""

    @model_validator(mode="after")
    def _findable(self) -> WavelightLight:
        if self.port is None and self.serial_number is None:
            raise ValueError("a board is found by 'port' or by 'serial_number'; give one of the two")
        return self


class _SerialLight(Part):
    port: str
    """Serial port, such as /dev/ttyACM0 or COM3."""


class PulsePalLight(_SerialLight):
    """Sanworks Pulse Pal."""

    kind: Literal["pulsepal"] = "pulsepal"
    """Which driver."""


class CyclopsLight(_SerialLight):
    """Cyclops LED driver."""

    kind: Literal["cyclops"] = "cyclops"
    """Which driver."""


class MmArduinoLight(_SerialLight):
    """An Arduino with Micro-Manager's firmware."""

    kind: Literal["mm-arduino"] = "mm-arduino"
    """Which driver."""


class ThorlabsLight(_SerialLight):
    """Thorlabs DC4100; level only, so its light must be gated by a board that ends pulses by itself."""

    kind: Literal["thorlabs-dc4100"] = "thorlabs-dc4100"
    """Which driver."""


Light = Annotated[
    SimulatedLight | WavelightLight | PulsePalLight | CyclopsLight | MmArduinoLight | ThorlabsLight,
    Field(discriminator="kind"),
    ByKind,
]

Delay = Annotated[float, Field(ge=0, le=5000)]
CurvePoint = tuple[Annotated[int, Field(ge=0, le=255)], NotNegative]


class Leds(Part):
    """Where light comes out, and how much."""

    positions_mm: Annotated[tuple[Point, ...], Field(min_length=1, max_length=1024)] | None = None
    """LED positions [x, y] in probe coordinates; null: one over every fourth electrode, 64 at most."""
    wavelength_nm: Annotated[float, Field(ge=350, le=1100)] = 470.0
    """Peak wavelength."""
    spot_mm: Annotated[float, Field(gt=0, le=20)] = 0.2
    """Diameter of the lit spot at the tissue surface."""
    power_curve: Annotated[tuple[CurvePoint, ...], Field(min_length=2)] | None = None
    """Measured [level, mW/mm2] pairs, rising; null: ideal, level 255 gives safety.max_irradiance_mw_mm2."""

    on_delay_us: Delay | Annotated[tuple[Delay, ...], Field(min_length=1, max_length=1024)] = 0.0
    """Time from switching an LED to its light, us: one number, one for each LED, or a file of 'wavestim lights test --photodiode'."""

    @model_validator(mode="after")
    def _curve_rises(self) -> Leds:
        curve = self.power_curve or ()
        if any(b[0] <= a[0] or b[1] <= a[1] for a, b in pairwise(curve)):
            raise ValueError("power_curve must rise in level and in irradiance from point to point")
        return self


class Safety(Part):
    """Limits per site; what breaks one is refused, never scaled."""

    max_irradiance_mw_mm2: Annotated[float, Field(gt=0, le=100)] = 10.0
    """Highest irradiance at any site; above 100 mW/mm2 light damages tissue."""
    max_duty: Annotated[float, Field(gt=0, le=0.2)] = 0.1
    """Largest fraction of time any site may be lit; boards stop at 0.2."""
    max_pulse_ms: Annotated[float, Field(gt=0, le=20)] = 20.0
    """Longest time any site may be lit at a stretch; boards stop at 20 ms."""
    max_temperature_rise_c: Annotated[float, Field(gt=0, le=2)] = 0.5
    """Largest predicted warming at any site; 2 degrees is the ceiling for implants."""
    rearm_after_stall: Annotated[int, Field(ge=0, le=100)] = 0
    """How often a session may resume by itself after a stall; when left out: 0 on real light, 3 with light: simulated."""

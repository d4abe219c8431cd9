"""The light: which driver, where its LEDs are, and the limits nobody may exceed."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from wavestim.controller.experiment._base import ByKind, Name, NotNegative, Part, Point
from wavestim.controller.experiment.emitters import emitter, power_curve


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
    """Serial port, such as /dev/ttyACM0 or COM3; mock: our firmware in the mock rig, at real pace."""
    serial_number: str | None = None
    """USB serial number, when ports change names; used when port is null."""

    @model_validator(mode="after")
    def _findable(self) -> WavelightLight:
        if self.port is None and self.serial_number is None:
            raise ValueError("a board is found by 'port' or by 'serial_number'; give one of the two")
        return self


MOCK = "mock"
"""The port of a stand-in board in the mock rig."""


class _SerialLight(Part):
    port: str
    """Serial port, such as /dev/ttyACM0 or COM3; mock: a stand-in for the board, in the mock rig."""


class PulsePalLight(_SerialLight):
    """Sanworks Pulse Pal 2; its outputs drive the modulation inputs of LED drivers."""

    kind: Literal["pulsepal"] = "pulsepal"
    """Which driver."""
    full_scale_v: Annotated[float, Field(gt=0, le=10)] = 5.0
    """Volts at which the LED drivers give full light."""


class CyclopsLight(_SerialLight):
    """Cyclops LED driver, with the sketch or the firmware that is flashed on its Teensy."""

    kind: Literal["cyclops"] = "cyclops"
    """Which driver."""
    firmware: Literal["serial-trigger", "wavelight"] = "serial-trigger"
    """The public serial-trigger sketch (one site, pulses of 1 ms), or our firmware."""


class MmArduinoLight(_SerialLight):
    """An Arduino with Micro-Manager's firmware; its pins 8 to 13 switch LED drivers."""

    kind: Literal["mm-arduino"] = "mm-arduino"
    """Which driver."""


Gate = Annotated[WavelightLight | PulsePalLight | CyclopsLight | MmArduinoLight, Field(discriminator="kind"), ByKind]


class ThorlabsLight(_SerialLight):
    """Thorlabs DC4100, DC4104 or LEDD4; level only, so its light must be gated by a board that ends pulses by itself."""

    kind: Literal["thorlabs-dc4100"] = "thorlabs-dc4100"
    """Which driver."""
    currents_ma: Annotated[tuple[Annotated[int, Field(gt=0, le=10_000)], ...], Field(max_length=4)] = ()
    """Current limit of each channel that is used, mA."""
    gated_by: Gate | None = None
    """The board at its modulation inputs: site i switches channel i. Required: alone this light stays on when the computer dies."""

    @model_validator(mode="after")
    def _gated(self) -> ThorlabsLight:
        if self.gated_by is None:
            raise ValueError(
                "a thorlabs-dc4100 only keeps a level and stays lit when the computer dies; name the board that gates it, "
                "such as gated_by: {kind: wavelight, port: /dev/ttyACM0}"
            )
        if (self.port == MOCK) != (self.gated_by.port == MOCK):
            raise ValueError("a thorlabs-dc4100 and the board that gates it are both real or both stand-ins (port: mock)")
        if not self.currents_ma:
            raise ValueError("currents_ma says how bright it is: give the current limit of each channel, such as currents_ma: [350, 350]")
        return self


Light = Annotated[
    SimulatedLight | WavelightLight | PulsePalLight | CyclopsLight | MmArduinoLight | ThorlabsLight,
    Field(discriminator="kind"),
    ByKind,
]


def stood_in(light: PulsePalLight | CyclopsLight | MmArduinoLight | ThorlabsLight) -> Light:
    """The same light with a stand-in for its board, and for the board that gates it."""
    changes: dict[str, object] = {"port": MOCK}
    if isinstance(light, ThorlabsLight) and light.gated_by is not None:
        changes["gated_by"] = light.gated_by.model_copy(update={"port": MOCK})
    return light.model_copy(update=changes)


def is_mock(light: Light) -> bool:
    """No light leaves this computer."""
    return isinstance(light, SimulatedLight) or light.port == MOCK


Delay = Annotated[float, Field(ge=0, le=5000)]
CurvePoint = tuple[Annotated[int, Field(ge=0, le=255)], NotNegative]


Curve = Annotated[tuple[CurvePoint, ...], Field(min_length=2)]


def _named_curve(value: Any) -> Any:
    """Read ``{curve: NAME, full_mw_mm2: X}`` as the curve of that name."""
    if not isinstance(value, dict):
        return value
    name, full = value.get("curve"), value.get("full_mw_mm2")
    if len(value) != 2 or not isinstance(name, str) or not isinstance(full, int | float) or not 0 < full < math.inf:
        raise ValueError("by name it takes two keys: {curve: NAME, full_mw_mm2: X}, X > 0 in mW/mm2 at full level")
    return power_curve(name, float(full))


def _rising(curve: Curve | None) -> Curve | None:
    if any(b[0] <= a[0] or b[1] <= a[1] for a, b in pairwise(curve or ())):
        raise ValueError("it must rise in level and in irradiance from point to point")
    return curve


PowerCurve = Annotated[Curve | None, BeforeValidator(_named_curve), AfterValidator(_rising)]


class Inhibition(Part):
    """A second LED at every place, of another colour and for another opsin in the same cells. Faces and limits are the first's."""

    opsin: Name = "gtacr2"
    """An opsin that inhibits, by the name of its data file."""
    wavelength_nm: Annotated[float, Field(ge=350, le=1100)] = 470.0
    """Peak wavelength of the second LEDs."""
    power_curve: PowerCurve = None
    """As leds.power_curve, of the second LEDs; null: that of the first."""


class Leds(Part):
    """Where light comes out, and how much."""

    emitter: Name | None = None
    """A fibre or LED by its name in the data file; it settles whatever below is not said."""
    positions_mm: Annotated[tuple[Point, ...], Field(min_length=1, max_length=1024)] | None = None
    """LED positions [x, y] in probe coordinates; null: one over every fourth electrode, 64 at most."""
    wavelength_nm: Annotated[float, Field(ge=350, le=1100)] = 470.0
    """Peak wavelength."""
    inhibition: Inhibition | None = None
    """Two colours: the LEDs of the second follow those of the first, place by place; patterns light them by their inhibition. null: one."""
    spot_mm: Annotated[float, Field(gt=0, le=20)] = 0.2
    """Diameter of the lit spot at the tissue surface."""
    na: Annotated[float, Field(gt=0, lt=1.36)] = 0.37
    """Numerical aperture, how far the light fans out; a bare LED is near 1."""
    depth_mm: Annotated[float, Field(ge=0, le=5)] = 0.2
    """Depth of the cells below the LEDs."""
    contact: Literal["apart", "touching"] = "apart"
    """Touching faces warm the tissue in a narrower place, and more: the light is taken as absorbed within 0.3 instead of 0.4 mm."""
    wall_plug: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Of an LED that lies in the tissue: the part of its electrical power that becomes light; the rest warms too. 1: it does not."""
    power_curve: PowerCurve = None
    """Measured [level, mW/mm2] pairs, rising, or {curve: NAME, full_mw_mm2: X}; null: 255 gives safety.max_irradiance_mw_mm2."""

    @model_validator(mode="before")
    @classmethod
    def _from_the_data_files(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        name = data.get("emitter")
        if isinstance(name, str):
            data = {**{key: value for key, value in emitter(name).items() if key != "source"}, **data}
        return data

    on_delay_us: Delay | Annotated[tuple[Delay, ...], Field(min_length=1, max_length=1024)] = 0.0
    """Time from switching an LED to its light, us: one number, one for each LED, or a file of 'wavestim lights test --photodiode'."""


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
    disarm_after_s: Annotated[float, Field(gt=0, le=86400)] | None = None
    """What is armed and nobody runs, or has no pulse due, is disarmed after this; when left out: 300, and never with light: simulated."""
    max_dose_mj_mm2_per_h: Annotated[float, Field(gt=0)] | None = None
    """Most light any site may get in an hour; null: no limit."""
    rearm_after_stall: Annotated[int, Field(ge=0, le=100)] = 0
    """How often a session may resume by itself after a stall; when left out: 0 on real light, 3 with light: simulated."""

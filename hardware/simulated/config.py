"""What an experiment may ask of the mock rig: brain state, rhythm, noise, opsin and light, input tokens, negative controls.

A state is a row of ``states.yaml``; whatever is set here overrides it. Unknown keys and impossible values are refused.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .opsins import Opsin, load_opsin, opsin_names

Kind = Literal["planar", "rotating", "source", "sink", "standing", "synchronous", "none"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Speed = Annotated[float, Field(ge=5.0, le=1e5)]
Decibel = Annotated[float, Field(ge=-40, le=80)]
Angle = Annotated[float, Field(gt=-180, le=180)]


class Frozen(BaseModel):
    """No unknown keys, no changes after it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class State(Frozen):
    """A brain state: the wave's means and how they wander (Ornstein–Uhlenbeck SD and time constant)."""

    source: str
    kind: Kind
    frequency_hz: Positive
    speed_mm_s: Speed
    direction_deg: Angle
    frequency_sd_hz: NotNegative
    frequency_tau_s: Positive
    speed_log_sd: NotNegative
    speed_tau_s: Positive
    direction_sd_deg: NotNegative
    direction_tau_s: Positive
    amplitude_log_sd: NotNegative
    amplitude_tau_s: Positive
    dwell_s: Positive | None
    snr_db: Decibel


@cache
def _states() -> dict[str, State]:
    rows = yaml.safe_load((files(__package__) / "states.yaml").read_text(encoding="utf-8"))
    return {name: State(**row) for name, row in rows.items()}


def state_names() -> tuple[str, ...]:
    """The brain states that have a preset."""
    return tuple(_states())


class Tokens(Frozen):
    """A sequence of tokens that enters at the upstream edge."""

    n_tokens: int = Field(default=4, ge=2, le=64)
    """How many different tokens; each has its own place along the edge."""
    period_ms: Positive = 10.0
    """Time between two tokens."""
    pulse_ms: Positive = 5.0
    """How long a token drives the edge."""
    drive_per_s: Positive = 200.0
    """Strength of that drive, in wave amplitudes per second at the token's centre."""
    width_mm: Positive = 0.5
    """Spread (Gaussian SD) of a token's place."""
    sequence: tuple[int, ...] | None = None
    """Tokens to play, in a loop, -1 where one is left out; drawn by the seed when absent."""

    @model_validator(mode="after")
    def _sequence_fits(self) -> Self:
        if self.sequence is not None and (not self.sequence or not all(-1 <= t < self.n_tokens for t in self.sequence)):
            raise ValueError(f"sequence must hold tokens from 0 to {self.n_tokens - 1}, or -1 where one is left out")
        return self


class CortexConfig(Frozen):
    """The cortex in silico. ``None`` means: as the state's preset has it."""

    state: str = "awake"
    """A brain state of ``states.yaml``."""
    kind: Kind | None = None
    """``planar`` runs the sheet; the other kinds are drawn kinematically (no tissue: light does nothing)."""
    frequency_hz: Positive | None = None
    speed_mm_s: Speed | None = None
    direction_deg: Angle | None = None
    """The direction it travels to, degrees counter-clockwise from +x."""
    frequency_sd_hz: NotNegative | None = None
    frequency_tau_s: Positive | None = None
    speed_log_sd: NotNegative | None = None
    speed_tau_s: Positive | None = None
    direction_sd_deg: NotNegative | None = None
    direction_tau_s: Positive | None = None
    amplitude_log_sd: NotNegative | None = None
    amplitude_tau_s: Positive | None = None
    dwell_s: Positive | None = None
    """Mean time between reversals of direction; absent: none beyond the state's."""
    snr_db: Decibel | None = None
    """Wave power over noise power in ``band_hz`` at an electrode."""

    signal_uv: Positive = 50.0
    """Peak of the wave at an electrode."""
    band_hz: tuple[Positive, Positive] | None = None
    """Band of ``snr_db``; 0.53 to 1.6 times the frequency when absent (8-24 Hz at 15 Hz)."""
    shared_noise: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Part of the noise power that neighbouring electrodes share."""
    shared_mm: Positive = 2.0
    """Reach of the shared noise."""
    noise_slope: Annotated[float, Field(ge=0, le=2)] = 1.5
    """β of the 1/f^β noise."""
    line_uv: NotNegative = 3.0
    """Amplitude of the mains hum."""
    line_hz: Positive = 50.0

    topology: Literal["wave", "local", "shuffled", "isotropic"] = "wave"
    """``wave``, or a negative control: no coupling, coupling without topography, coupling without direction."""
    coupling_per_s: NotNegative = 25.0
    """How fast a unit follows its input. Slow coupling keeps a light response under the array for about 100 ms; 200 carries tokens best."""
    restoring_per_s: NotNegative = 3.0
    """How fast an amplitude returns to its limit cycle (twice this rate)."""
    reach_mm: Positive = 0.6
    """Gaussian SD of the coupling kernel, at 0.4 mm pitch."""
    tissue_noise: NotNegative = 0.5
    """Independent noise of every unit, in wave amplitudes per √s at 15 Hz; grows with the root of the frequency."""
    pitch_mm: Positive = 0.4
    """Distance of the sheet's units; grows for arrays larger than 40 units."""
    margin_units: int = Field(default=6, ge=3, le=32)
    """Units around the electrodes."""
    tokens: Tokens | None = None
    seed: int | None = Field(default=None, ge=0)
    """Overrides the seed given to the rig."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.state not in _states():
            raise ValueError(f"state {self.state!r} is not known; use one of {', '.join(_states())}")
        if self.band_hz is not None and not self.band_hz[0] < self.band_hz[1]:
            raise ValueError(f"band_hz must rise, not {self.band_hz}")
        return self

    def wave(self) -> State:
        """The state with whatever is set here."""
        state = _states()[self.state]
        asked = {key: getattr(self, key) for key in State.model_fields if key != "source"}
        return state.model_copy(update={key: value for key, value in asked.items() if value is not None})

    def noise_band_hz(self) -> tuple[float, float]:
        """The band in which ``snr_db`` holds."""
        if self.band_hz is not None:
            return self.band_hz
        frequency = self.wave().frequency_hz
        return 0.53 * frequency, 1.6 * frequency


class SecondColour(Frozen):
    """A second opsin in the same cells, and the colour of the second half of the LEDs."""

    opsin: str = "gtacr2"
    wavelength_nm: Annotated[float, Field(ge=350, le=1100)] = 470.0

    @model_validator(mode="after")
    def _inhibits(self) -> Self:
        calming = [name for name in opsin_names() if load_opsin(name).sign < 0]
        if self.opsin not in calming:
            raise ValueError(f"opsin {self.opsin!r} of the second colour does not inhibit; use one of {', '.join(calming)}")
        return self


class LightConfig(Frozen):
    """How the LEDs meet the tissue.

    ``gain_per_s`` is the one free number: the push, in wave amplitudes per second, that a fully open excitatory population would
    give a unit. The default lets one 5 ms pulse of 2 mW/mm² on the LEDs (about 1 % of the channels of a unit opened, for about 10 ms)
    evoke about 45 µV under a grid of 0.8 mm pitch, as large as the ongoing wave (50 µV). Light-evoked field potentials of that order
    or larger are what such pulses do in cortex; a much weaker response would drown in the wave's own waxing within 30 pulses, a much
    stronger one would replace the wave. It is the same for every condition.
    """

    opsin: str = "chr2"
    wavelength_nm: Annotated[float, Field(ge=350, le=1100)] = 470.0
    inhibition: SecondColour | None = None
    """With it, cells have both opsins; each hears both colours, by its spectrum."""
    spot_mm: Positive = 0.2
    """Diameter of an LED's face."""
    na: Annotated[float, Field(gt=0, lt=1.36)] = 0.37
    depth_mm: NotNegative = 0.2
    """Depth of the cells below the LEDs (layer 2/3 in mouse)."""
    arbour_mm: Positive = 0.3
    """Spread (Gaussian SD) of a unit's membrane, over which its light is averaged."""
    gain_per_s: NotNegative = 12000.0
    artefact_uv: NotNegative = 50.0
    """Photoelectric artefact next to the LED, µV per mW/mm²; falls as 1/(1 + (d/0.3 mm)²)."""
    edge_uv: NotNegative = 20.0
    """Step spike at light on and off, µV per mW/mm²."""
    charge_ms: Positive = 1.0
    decay_ms: Positive = 4.0

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.opsin not in opsin_names():
            raise ValueError(f"opsin {self.opsin!r} is not known; use one of {', '.join(opsin_names())}")
        return self

    def opsins(self) -> tuple[Opsin, ...]:
        """Those that a cell has."""
        return tuple(load_opsin(name) for name in (self.opsin, *([self.inhibition.opsin] if self.inhibition else [])))

    def wavelengths_nm(self, n_leds: int) -> NDArray[np.float64]:
        """(leds,) the colour of each.

        Raises
        ------
        ValueError
            When two colours cannot share them.
        """
        if self.inhibition is None:
            return np.full(n_leds, self.wavelength_nm)
        if n_leds % 2:
            raise ValueError(f"with two colours every place has two LEDs, and {n_leds} is no even number")
        return np.repeat([self.wavelength_nm, self.inhibition.wavelength_nm], n_leds // 2)

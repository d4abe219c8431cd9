"""What light does once it is due: the patterns and the conditions that are drawn from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from wavestim.controller.experiment._base import Angle, ByKind, Index, Name, NotNegative, Part, Positive

Speed = Annotated[float, Field(gt=0, le=1_000_000)]


class Inhibiting(Part):
    """The second colour of a pattern: the LEDs of leds.inhibition at the same places, as long as those of the first."""

    irradiance_mw_mm2: Positive = 2.0
    """Irradiance at the tissue surface under each of them; where conditions are compared, the energy of both colours together counts."""
    delay_ms: NotNegative | None = None
    """How much later than the first LED of its place each lights; null: half a cycle of the middle of band_hz."""


class _Lit(Part):
    width_ms: Positive = 5.0
    """How long each LED is on."""
    irradiance_mw_mm2: Positive = 2.0
    """Irradiance at the tissue surface under each LED."""
    inhibition: Inhibiting | None = None
    """Light of the second colour, which needs leds.inhibition; null: the first alone."""


class Flash(_Lit):
    """Every LED at once."""

    kind: Literal["flash"] = "flash"
    """Which pattern."""


class Sites(_Lit):
    """Chosen LEDs, together or at chosen delays; a train names an LED several times."""

    kind: Literal["sites"] = "sites"
    """Which pattern."""
    leds: Annotated[tuple[Index, ...], Field(min_length=1, max_length=1024)]
    """LED indices, in the order of leds.positions_mm."""
    delays_ms: tuple[NotNegative, ...] | None = None
    """When each of them lights, from the start of the pattern; null: all at once."""

    @model_validator(mode="after")
    def _one_delay_each(self) -> Sites:
        if self.delays_ms is not None and len(self.delays_ms) != len(self.leds):
            raise ValueError(f"delays_ms has {len(self.delays_ms)} entries for {len(self.leds)} leds; give one delay for each")
        return self


class Travelling(_Lit):
    """A plane wave of light."""

    kind: Literal["travelling"] = "travelling"
    """Which pattern."""
    heading: Literal["with", "against", "orthogonal"] | Angle = "with"
    """Relative to the wave (orthogonal is 90 degrees to its left), or a fixed angle counter-clockwise from +x."""
    speed_mm_s: Literal["wave"] | Speed = "wave"
    """As fast as the wave, or a speed in mm/s."""


class Shuffled(_Lit):
    """Control: the very light of a travelling pattern, with the order of its LEDs scrambled by the seed."""

    kind: Literal["shuffled"] = "shuffled"
    """Which pattern."""
    heading: Literal["with", "against", "orthogonal"] | Angle = "with"
    """Heading of the travelling pattern that is scrambled."""
    speed_mm_s: Literal["wave"] | Speed = "wave"
    """Speed of the travelling pattern that is scrambled."""


class Conjugate(_Lit):
    """Each LED when its own phase of the wave is the wanted one, all within a cycle; with refractory_ms 0 light follows every cycle."""

    kind: Literal["conjugate"] = "conjugate"
    """Which pattern."""
    relation: Literal["in-phase", "antiphase"] = "in-phase"
    """Light at the wanted phase everywhere, or half a cycle off."""


class Lag(_Lit):
    """The sites that the wave launched lag_ms ago is crossing now: one item of the context, the others spared; withheld while none is."""

    kind: Literal["lag"] = "lag"
    """Which pattern."""
    lag_ms: Annotated[float, Field(gt=0, le=5000)]
    """Age of the wave that is lit: time since it entered at the edge of the LEDs that it reaches first."""
    n_leds: Annotated[int, Field(ge=1, le=1024)] | None = None
    """How many LEDs, those nearest in travel time; the same for every lag, so that lags get the same light. null: about a row of them."""


class Dark(Part):
    """Sham: scheduled, timed and masked exactly like light, and dark."""

    kind: Literal["none"] = "none"
    """Which pattern."""


LitPattern = Flash | Sites | Travelling | Shuffled | Conjugate | Lag
Pattern = Annotated[
    LitPattern | Dark,
    Field(discriminator="kind"),
    ByKind,
]


class Condition(Part):
    """One arm of the experiment."""

    name: Name
    """Its name in records and report."""
    pattern: Pattern
    """What light does."""

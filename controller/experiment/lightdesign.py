"""What the light of a plan does to the tissue: how bright it is at depth, where it reaches the opsin, how much it warms in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.controller.experiment import irradiance, patterns
from wavestim.controller.experiment._types import Plan
from wavestim.controller.experiment.governing import doses_per_h, steady_rises_c
from wavestim.controller.experiment.limits import dark_slots, shortest_period_ms
from wavestim.controller.experiment.schema import Experiment
from wavestim.realtime.governor import decay
from wavestim.realtime.lightlimits import LightLimits

Floats = NDArray[np.float64]
DEPTHS_MM = tuple(float(z) for z in np.round(np.linspace(0.0, 2.0, 81), 4))
FIRING_S, COOLING_S, STEP_S = 120.0, 60.0, 0.5


@dataclass(frozen=True)
class Colour:
    """The light of one colour, and the opsin that it is for.

    Attributes
    ----------
    opsin, wavelength_nm
    threshold_mw_mm2 : what the opsin needs at this colour (at the least, for most cells); None when nobody knows or it does not see it.
    face_mw_mm2 : (s,) highest irradiance at the face of an LED of this colour.
    at_cells_mw_mm2 : (s, n) highest irradiance at every electrode, at the depth of the cells, by LEDs of this colour.
    under_led_mw_mm2 : (s, d) highest irradiance below any LED, by LEDs of this colour.
    opened : (s, n) largest part of the opsin's channels that is open around every electrode, as in the simulated cortex, by all light.
    """

    opsin: str
    wavelength_nm: float
    threshold_mw_mm2: tuple[float, float] | None
    face_mw_mm2: Floats
    at_cells_mw_mm2: Floats
    under_led_mw_mm2: Floats
    opened: Floats

    def sites_above(self, slot: int) -> tuple[int, int] | None:
        """Electrodes at which a pattern is above the least irradiance that the opsin needs, and above what most cells need."""
        if self.threshold_mw_mm2 is None:
            return None
        least, surely = self.threshold_mw_mm2
        return int((self.at_cells_mw_mm2[slot] >= least).sum()), int((self.at_cells_mw_mm2[slot] >= surely).sum())

    def reach_mm(self, slot: int) -> float | None:
        """How deep below an LED a pattern is above the least irradiance that the opsin needs."""
        if self.threshold_mw_mm2 is None:
            return None
        above = np.flatnonzero(self.under_led_mw_mm2[slot] >= self.threshold_mw_mm2[0])
        return DEPTHS_MM[int(above[-1])] if len(above) else 0.0


@dataclass(frozen=True)
class Design:
    """A plan worked out; s: slots, n: electrodes, d: depths of ``DEPTHS_MM``, t: times of the forecast.

    Attributes
    ----------
    colours : one, or two.
    at_cells_mw_mm2 : (s, n) highest irradiance of all light at every electrode, at the depth of the cells.
    under_led_mw_mm2 : (s, d) highest irradiance of all light below any LED.
    duty : (s,) of the busiest LED, as fast as the experiment allows.
    dose_mj_mm2_per_h, warming_c : (s,) of the worst site, as fast as the experiment allows, for an hour and for ever.
    mixed_c : bound of the warming for any order of the patterns.
    forecast_s, forecast_c : (t,), (s, t) hottest site: two minutes as fast as it goes, then dark.
    lit : slots that shine.
    """

    colours: tuple[Colour, ...]
    at_cells_mw_mm2: Floats
    under_led_mw_mm2: Floats
    duty: Floats
    dose_mj_mm2_per_h: Floats
    warming_c: Floats
    mixed_c: float
    forecast_s: Floats
    forecast_c: Floats
    lit: tuple[int, ...]


def design(experiment: Experiment, plan: Plan, leds_mm: ArrayLike, positions_mm: ArrayLike, limits: LightLimits) -> Design:
    """Work out what the light of a plan does.

    Parameters
    ----------
    experiment, plan, limits
        As they would run.
    leds_mm, positions_mm : (m, 2), (n, 2)
    """
    from wavestim.hardware.simulated import LightConfig, opened

    leds = experiment.leds
    cells = irradiance.spread(leds_mm, leds, (leds.depth_mm,), positions_mm)[0]
    below = irradiance.spread(leds_mm, leds, DEPTHS_MM)
    n_slots, period_ms = len(plan.slots), shortest_period_ms(experiment)
    lit = tuple(sorted(set(range(n_slots)) - dark_slots(plan)))
    tissue, shining = LightConfig(**irradiance.light_settings(experiment)), [_pulses(experiment, plan, s) for s in lit]
    opsins = tissue.opsins()
    mine = by_colour(experiment, plan.n_leds)
    at_cells, under = np.zeros((1 + len(mine), n_slots, len(cells))), np.zeros((1 + len(mine), n_slots, len(DEPTHS_MM)))
    channels, brightest = np.zeros((len(mine), n_slots, len(cells))), np.zeros((len(mine), n_slots))
    for s, most in zip(lit, opened(shining, leds_mm, positions_mm, tissue), strict=True):
        channels[:, s] = most
        together = irradiance.lit_together(plan.slots[s].entries, face_levels(experiment, plan, s), plan.n_leds)
        brightest[:, s] = [together[:, part].max(initial=0.0) for part in mine]
        for c, part in enumerate((slice(None), *mine)):
            at_cells[c, s] = (cells[:, part] @ together[:, part].T).max(axis=1)
            under[c, s] = (below[:, :, part] @ together[:, part].T).max(axis=(1, 2))
    warming, mixed = steady_rises_c(limits, period_ms)
    times = np.arange(0.0, FIRING_S + COOLING_S + STEP_S / 2, STEP_S)
    return Design(
        colours=tuple(
            Colour(o.name, nm, o.threshold_mw_mm2(nm), brightest[c], at_cells[1 + c], under[1 + c], channels[c])
            for c, (o, nm) in enumerate(zip(opsins, tissue.wavelengths_nm(len(mine)).tolist(), strict=True))
        ),
        at_cells_mw_mm2=at_cells[0],
        under_led_mw_mm2=under[0],
        duty=limits.lit_s.max(axis=1, initial=0.0) * 1000 / period_ms,
        dose_mj_mm2_per_h=doses_per_h(limits, period_ms),
        warming_c=warming,
        mixed_c=mixed,
        forecast_s=times,
        forecast_c=np.array([forecast_c(limits, s, period_ms / 1000, times) for s in range(n_slots)]),
        lit=lit,
    )


def by_colour(experiment: Experiment, n_leds: int) -> list[slice]:
    """Which LEDs are of the first colour, and which of the second where there are two."""
    places = patterns.first_colour(experiment, n_leds)
    return [slice(first, first + places) for first in range(0, n_leds, places)]


def _pulses(experiment: Experiment, plan: Plan, slot: int) -> list[tuple[int, float, float, float]]:
    """(led, on_ms, width_ms, mW/mm2 at the face) of a pattern."""
    lit = zip(plan.slots[slot].entries, face_levels(experiment, plan, slot), strict=True)
    return [(e.site, e.delay_us / 1000, e.width_us / 1000, face) for e, face in lit]


def face_levels(experiment: Experiment, plan: Plan, slot: int) -> list[float]:
    """mW/mm2 at the face for every entry of a pattern."""
    return patterns.faces_mw_mm2(experiment, plan.slots[slot].entries, plan.n_leds)


def forecast_c(limits: LightLimits, slot: int, period_s: float, times_s: Floats) -> Floats:
    """(t,) warming of the hottest site, right after the newest pattern, when one comes every period for ``FIRING_S`` and then no more."""
    left = decay(period_s / limits.tau_s)
    n = np.floor(np.minimum(times_s, FIRING_S) / period_s) + 1
    since = np.maximum(times_s - FIRING_S, 0.0)
    after = np.exp(-since[:, None] / limits.tau_s) * (1 - left ** n[:, None]) / (1 - left)
    return np.asarray((after @ limits.heat_c[slot].T).max(axis=1, initial=0.0))


def groups(plan: Plan) -> list[dict[str, Any]]:
    """Patterns that conditions draw from together: ``label``, ``slots``, and those of the conditions that shine (``lit``)."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for c in plan.conditions:
        n = c.n_headings * max(1, len(c.speeds_mm_s))
        label = plan.slots[c.slot0].name.split(" ")[0]
        group = found.setdefault((c.slot0, n), {"label": label, "lit": [], "slots": range(c.slot0, c.slot0 + n)})
        if not c.dark:
            group["lit"].append(c.name)
    return list(found.values())

"""What the governor is told before the first sample: the limits, and what every pattern does at every site."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BY_PATTERN = ("reference_s", "brightest_mw_mm2", "met_mw_mm2", "longest_s")
BY_SITE = ("lit_from_s", "lit_to_s", "lit_s", "ready_s", "dose_mj_mm2", "peak_c")
"""Tables of one number for each pattern, and of one for each pattern and site."""


@dataclass(frozen=True)
class LightLimits:
    """Limits per site and the worst case of every pattern; nothing here depends on what is acknowledged.

    Times are relative to the moment that the policy spaces (``reference_s`` after the start of the pattern). s: slots, m: sites,
    k: states of the thermal model.

    Attributes
    ----------
    max_irradiance_mw_mm2, max_pulse_s, max_duty, max_dose_mj_mm2, max_rise_c : limits; infinite where there is none. The dose is that
        of an hour.
    reference_s : (s,)
    brightest_mw_mm2 : (s,) highest irradiance in the tissue.
    met_mw_mm2 : (s,) the same where light of any other patterns is on together with it.
    longest_s : (s,) longest time any site is lit at a stretch.
    lit_from_s, lit_to_s : (s, m) first light on, last light off at a site.
    lit_s : (s, m) how long a site is lit in all; 0: not at all.
    slack_s : (m,) by how much two patterns may differ in when they light a site: so much earlier than its rest ends light may come.
    ready_s : (s, m) before this the board lights the site no more; no slack is allowed here.
    dose_mj_mm2 : (s, m)
    tau_s : (k,)
    heat_c : (s, m, k) what a pattern adds to the states, as of the reference.
    keep : (s, k) a state at the pattern's first light, relative to what it is at the reference.
    peak_c : (s, m) at most what the pattern itself adds at any time.
    """

    max_irradiance_mw_mm2: float
    max_pulse_s: float
    max_duty: float
    max_dose_mj_mm2: float
    max_rise_c: float
    reference_s: Floats
    brightest_mw_mm2: Floats
    met_mw_mm2: Floats
    longest_s: Floats
    lit_from_s: Floats
    lit_to_s: Floats
    lit_s: Floats
    slack_s: Floats
    ready_s: Floats
    dose_mj_mm2: Floats
    tau_s: Floats
    heat_c: Floats
    keep: Floats
    peak_c: Floats

    def first(self, n: int) -> LightLimits:
        """Of the first n patterns alone."""
        return replace(self, **{name: getattr(self, name)[:n] for name in (*BY_PATTERN, *BY_SITE, "heat_c", "keep")})

    def __post_init__(self) -> None:
        slots, sites, states = self.heat_c.shape
        shapes: dict[str, tuple[int, ...]] = dict.fromkeys(BY_PATTERN, (slots,))
        shapes |= {"slack_s": (sites,), "tau_s": (states,), "keep": (slots, states), **dict.fromkeys(BY_SITE, (slots, sites))}
        for name, shape in shapes.items():
            table = getattr(self, name)
            if table.shape != shape or table.dtype != np.float64 or not np.isfinite(table).all():
                raise ValueError(f"{name} must be finite float64 of the shape {shape}, it is {table.dtype} {table.shape}")

"""How much light warms the tissue: superposition of the first-order responses of ``heating.yaml``, an upper bound away from the surface.

Every LED warms its own site and, less and later, its neighbours'. The weights follow the heat equation
(:mod:`wavestim.controller.experiment.heatkernel`) and are never below it; every photon counts as absorbed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import yaml
from numpy.typing import ArrayLike, NDArray
from wavestim.realtime.governor import decay

Floats = NDArray[np.float64]
SIGMA_MM = {"apart": 0.4, "touching": 0.3}
"""SD of the Gaussian in which light is absorbed, by ``leds.contact``."""


Pulses = Sequence[tuple[float, Sequence[tuple[int, float, float]]]]
"""[(start_s, [(led, width_s, irradiance_mw_mm2), ...]), ...] in the order of time."""


@dataclass(frozen=True)
class Faces:
    """What shines, and how narrowly its light is absorbed.

    Attributes
    ----------
    leds_mm : (m, 2)
    spot_mm : diameter of an LED's face.
    sigma_mm : SD of the Gaussian in which its light is absorbed.
    wall_plug : how much of the power that warms the tissue is light.
    """

    leds_mm: Floats
    spot_mm: float
    sigma_mm: float = SIGMA_MM["apart"]
    wall_plug: float = 1.0


@dataclass(frozen=True)
class Heating:
    """Warming between sites.

    Attributes
    ----------
    tau_s : (k,) time constants.
    k_per_mw : (m, m, k) weight of each for site i from light at LED j.
    """

    tau_s: Floats
    k_per_mw: Floats

    def pulse(self, width_s: float, power_mw: Floats) -> Floats:
        """(m, k) states right after light of so many mW (m,) at every LED has been on for a while, from cold."""
        return self.spread(power_mw[:, None] * (1.0 - decay(width_s / self.tau_s)))

    def spread(self, at_leds: Floats) -> Floats:
        """(m, k) at the sites from (m, k) at the LEDs; summed in one order, so that every machine has the same bits."""
        lit = np.flatnonzero(at_leds.any(axis=1))
        return np.asarray((self.k_per_mw[:, lit] * at_leds[lit]).sum(axis=1))


def heating(leds_mm: ArrayLike, sigma_mm: float) -> Heating:
    """How these LEDs warm their own and each other's sites.

    Parameters
    ----------
    leds_mm : (m, 2)
    sigma_mm : float
        Of the Gaussian in which light is absorbed; one of ``heating.yaml``.
    """
    leds = np.asarray(leds_mm, dtype=np.float64).reshape(-1, 2)
    tau, distances, weights = _table(sigma_mm)
    apart = leds[:, None] - leds[None]
    distance = np.sqrt(apart[..., 0] ** 2 + apart[..., 1] ** 2)
    k = [np.interp(distance, distances, w, right=0.0) for w in weights.T]
    return Heating(tau, np.ascontiguousarray(np.stack(k, axis=-1)))


def heat_mm2(spot_mm: float, wall_plug: float = 1.0) -> float:
    """mW of heat for every mW/mm2 of light at a round face; the electrical losses of an LED that lies in the tissue included."""
    return float(np.pi * (spot_mm / 2) ** 2 / wall_plug)


def rises_c(pulses: Pulses, faces: Faces) -> Floats:
    """(n, m) warming (K) of every site after each of n pulses, as if the LEDs of a pulse shone together."""
    model, area = heating(faces.leds_mm, faces.sigma_mm), heat_mm2(faces.spot_mm, faces.wall_plug)
    state = np.zeros((len(model.k_per_mw), len(model.tau_s)))
    out, last = np.zeros((len(pulses), len(state))), 0.0
    added: dict[tuple[tuple[int, float, float], ...], Floats] = {}  # a session repeats its patterns
    for row, (start, entries) in zip(out, pulses, strict=True):
        state *= decay(max(start - last, 0.0) / model.tau_s)
        last = start
        key = tuple(entries)
        if key not in added:
            at_leds = np.zeros_like(state)
            for led, width, irradiance in entries:
                at_leds[led] += irradiance * area * (1.0 - decay(width / model.tau_s))
            added[key] = model.spread(at_leds)
        state += added[key]
        row[:] = state.sum(axis=1)
    return out


@cache
def _table(sigma_mm: float) -> tuple[Floats, Floats, Floats]:
    loaded = yaml.safe_load((files(__package__) / "heating.yaml").read_text(encoding="utf-8"))
    return np.array(loaded["tau_s"]), np.array(loaded["distance_mm"]), np.array(loaded["k_per_mw"][sigma_mm])

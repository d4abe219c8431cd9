"""How far a pattern of light opens the opsin where it falls: the spread and the photocycle of the simulated cortex, from the dark."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .config import LightConfig
from .kinetics import Photocycle
from .light import transmission

Floats = NDArray[np.float64]
STEP_MS = 0.5


def shares(light: LightConfig, leds_mm: Floats, places_mm: Floats) -> Floats:
    """(leds, places) irradiance that the membrane around each place gets, relative to each LED's face."""
    out, colours = np.zeros((len(leds_mm), len(places_mm))), light.wavelengths_nm(len(leds_mm))
    for colour in np.unique(colours):
        out[colours == colour] = transmission(
            leds_mm[colours == colour],
            places_mm,
            spot_mm=light.spot_mm,
            na=light.na,
            depth_mm=light.depth_mm,
            arbour_mm=light.arbour_mm,
            wavelength_nm=float(colour),
        )
    return out


def fluxes(light: LightConfig, shares: Floats) -> list[Floats]:
    """(leds, places) effective photons/(mm² s) for 1 mW/mm² at each LED's face, for each opsin that a cell has."""
    colours = light.wavelengths_nm(len(shares))
    return [shares * np.array([opsin.effective_flux(float(nm)) for nm in colours])[:, None] for opsin in light.opsins()]


def photocycle(light: LightConfig, n: int) -> Photocycle:
    """Of n cells, and again of the same for every further opsin that they have."""
    opsins = light.opsins()
    return Photocycle(n * len(opsins), {name: np.repeat([o.rates[name] for o in opsins], n) for name in opsins[0].rates})


def opened(
    patterns: Iterable[Iterable[tuple[int, float, float, float]]], leds_mm: ArrayLike, places_mm: ArrayLike, light: LightConfig
) -> list[Floats]:
    """Largest part of the channels that is open around each place while a pattern shines on dark-adapted cells; of each pattern.

    Parameters
    ----------
    patterns : iterable of iterables of (led, on_ms, width_ms, irradiance_mw_mm2 at the face)
    leds_mm, places_mm : (m, 2), (n, 2)
    light : LightConfig
        Opsin, colour and optics.

    Returns
    -------
    list of (opsins, n), 0 to 1
    """
    leds, places = np.asarray(leds_mm, dtype=np.float64), np.asarray(places_mm, dtype=np.float64)
    per_mw = np.hstack(fluxes(light, shares(light, leds, places)))
    return [_opened(list(pulses), per_mw, light).reshape(-1, len(places)) for pulses in patterns]


def _opened(listed: list[tuple[int, float, float, float]], per_mw: Floats, light: LightConfig) -> Floats:
    n = per_mw.shape[1] // len(light.opsins())
    steps = math.ceil(max((on + width for _, on, width, _ in listed), default=0.0) / STEP_MS)
    starts, faces = STEP_MS * np.arange(steps), np.zeros((steps, len(per_mw)))
    for led, on, width, irradiance in listed:
        lit = np.minimum(on + width, starts + STEP_MS) - np.maximum(on, starts)
        faces[:, led] += irradiance * np.maximum(lit, 0.0) / STEP_MS
    flux = faces @ per_mw
    cycle, most = photocycle(light, n), np.zeros(per_mw.shape[1])
    for row in flux:
        np.maximum(most, cycle.advance(row, STEP_MS), out=most)
    return most

"""How far a pattern of light opens the opsin where it falls: the spread and the photocycle of the simulated cortex, from the dark."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .config import LightConfig
from .kinetics import Photocycle
from .light import transmission
from .opsins import load_opsin

Floats = NDArray[np.float64]
STEP_MS = 0.5


def shares(light: LightConfig, leds_mm: Floats, places_mm: Floats) -> Floats:
    """(leds, places) irradiance that the membrane around each place gets, relative to each LED's face."""
    return transmission(
        leds_mm,
        places_mm,
        spot_mm=light.spot_mm,
        na=light.na,
        depth_mm=light.depth_mm,
        arbour_mm=light.arbour_mm,
        wavelength_nm=light.wavelength_nm,
    )


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
    list of (n,), 0 to 1
    """
    leds, places = np.asarray(leds_mm, dtype=np.float64), np.asarray(places_mm, dtype=np.float64)
    reaching = shares(light, leds, places)
    return [_opened(list(pulses), reaching, light) for pulses in patterns]


def _opened(listed: list[tuple[int, float, float, float]], reaching: Floats, light: LightConfig) -> Floats:
    opsin = load_opsin(light.opsin)
    steps = math.ceil(max((on + width for _, on, width, _ in listed), default=0.0) / STEP_MS)
    starts, faces = STEP_MS * np.arange(steps), np.zeros((steps, len(reaching)))
    for led, on, width, irradiance in listed:
        lit = np.minimum(on + width, starts + STEP_MS) - np.maximum(on, starts)
        faces[:, led] += irradiance * np.maximum(lit, 0.0) / STEP_MS
    flux = faces @ reaching * opsin.effective_flux(light.wavelength_nm)
    cycle, most = Photocycle(reaching.shape[1], dict(opsin.rates)), np.zeros(reaching.shape[1])
    for row in flux:
        np.maximum(most, cycle.advance(row, STEP_MS), out=most)
    return most

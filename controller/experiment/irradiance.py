"""How bright it gets in the tissue: all LEDs that are on together, spread by the light model, at any depth below each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._explain import explain_each
from wavestim.controller.experiment._light import Leds
from wavestim.controller.experiment._types import PatternEntry
from wavestim.controller.experiment.schema import Experiment

Floats = NDArray[np.float64]
DEPTHS_MM = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5)


def spread(leds_mm: ArrayLike, leds: Leds, depths_mm: Sequence[float] = DEPTHS_MM, at_mm: ArrayLike | None = None) -> Floats:
    """Irradiance at places in the tissue per unit irradiance at each LED's face (``foutz``).

    Parameters
    ----------
    leds_mm : (m, 2)
    leds : Leds
        Spot, numerical aperture and colours.
    depths_mm : sequence of float
        Below the faces.
    at_mm : (n, 2), optional
        Places; below each LED when None.

    Returns
    -------
    (depths, n, m)
    """
    from wavestim.hardware.simulated.light import foutz, tissue_optics  # the whole cortex comes with it: only when it is needed

    lit = np.asarray(leds_mm, dtype=np.float64).reshape(-1, 2)
    at = lit if at_mm is None else np.asarray(at_mm, dtype=np.float64).reshape(-1, 2)
    lateral = np.hypot(*(at[:, None] - lit[None]).transpose(2, 0, 1))
    depth = np.asarray(depths_mm, dtype=np.float64)[:, None, None]
    colours = (leds.wavelength_nm, *([leds.inhibition.wavelength_nm] if leds.inhibition else []))
    parts = zip(np.split(lateral[None], len(colours), axis=2), (tissue_optics(nm) for nm in colours), strict=True)
    return np.concatenate([foutz(depth, d, radius_mm=leds.spot_mm / 2, na=leds.na, optics=o) for d, o in parts], axis=2)


def light_settings(experiment: Experiment) -> dict[str, Any]:
    """Opsins, colours and optics as the cortex in silico takes them (``LightConfig``).

    Raises
    ------
    ExperimentError
        For an opsin that has no data, or one of the second colour that does not inhibit.
    """
    from wavestim.hardware.simulated import LightConfig

    leds = experiment.leds
    told = {"opsin": experiment.opsin, **{key: getattr(leds, key) for key in ("wavelength_nm", "spot_mm", "na", "depth_mm")}}
    if leds.inhibition is not None:
        told["inhibition"] = {key: getattr(leds.inhibition, key) for key in ("opsin", "wavelength_nm")}
    try:
        LightConfig(**told)
    except ValidationError as error:
        path, sentence = explain_each(error, told, LightConfig)[0]
        raise ExperimentError(f"{experiment.name}: {'leds.' if path else ''}{sentence}") from None
    return told


def lit_together(entries: Sequence[PatternEntry], irradiances: Sequence[float], n_leds: int) -> Floats:
    """(moments, m) irradiance at every LED's face whenever another one comes on."""
    moments = sorted({e.delay_us for e in entries})
    out = np.zeros((len(moments), n_leds))
    for entry, irradiance in zip(entries, irradiances, strict=True):
        for row, at in zip(out, moments, strict=True):
            if entry.delay_us <= at < entry.delay_us + entry.width_us:
                row[entry.site] = max(row[entry.site], irradiance)
    return out


def lit_at_most(entries: Sequence[tuple[PatternEntry, float]], n_leds: int) -> Floats:
    """(1, m) irradiance at every LED's face if all of these pulses were on at once, each LED at its brightest."""
    out = np.zeros((1, n_leds))
    for entry, irradiance in entries:
        out[0, entry.site] = max(out[0, entry.site], irradiance)
    return out


def brightest(together: Floats, tissue: Floats) -> float:
    """Highest irradiance below any LED at any depth of ``tissue`` (from :func:`spread`) at any of these moments."""
    lit = np.flatnonzero(together.any(axis=0))
    return float((tissue[:, :, lit] @ together[:, lit].T).max(initial=0.0))

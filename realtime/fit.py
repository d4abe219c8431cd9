"""Whether a calibration belongs to a probe, a band and a rate: asked before anything is tracked with it."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.calibration import Calibration

MOST_MODES, MOST_FLANKS, MOST_TAPS, MOST_AHEAD, MOST_STRIDE = 12, 4, 128, 64, 10_000
"""What the tick's arrays hold (RMAX and BANDS_MAX of realtime/whitening.pxd, TAPS_MAX and AHEAD_MAX of realtime/wiener.pxd)."""
TOLERANCE = 0.02
"""Of the distances between electrodes: positions are rounded when they are written down."""


def misfit(c: Calibration, positions_mm: NDArray[np.float64], band_hz: tuple[float, float], rate_hz: float) -> str | None:
    """Why a calibration does not belong to this set-up, in words that follow its name; None when it does.

    Parameters
    ----------
    c : Calibration
    positions_mm : (m, 2)
        Electrodes of the source. Where the probe as a whole lies does not matter.
    band_hz : (lowest, highest)
    rate_hz : float
        Of the model.
    """
    if not sound(c):
        return "holds values that no calibration has: calibrate again"
    p = np.asarray(positions_mm, dtype=np.float64)
    m = len(p)
    if len(c.used) != m:
        return f"is for {len(c.used)} electrodes, the source has {m}: calibrate on this probe"
    if not np.allclose(c.band_hz, band_hz, rtol=1e-6):
        asked, has = (f"{low:g}-{high:g} Hz" for low, high in (band_hz, c.band_hz))
        return f"is for the band {has}, not {asked}: use that band_hz or calibrate in this band"
    if abs(c.fs_hz - rate_hz) > 1e-6 * rate_hz:
        return f"is for {c.fs_hz:g} Hz, the engine runs at {rate_hz:g} Hz: calibrate at this rate"
    q = (p - p[c.used].mean(axis=0)) @ c.rotation.T
    off_mm = np.abs(q - c.layout_mm)
    off_mm[:, ~c.layout_mm.any(axis=0)] = 0.0  # across a strip nothing is kept
    worst = int(off_mm.max(axis=1).argmax())
    if off_mm[worst].max() > TOLERANCE * max(float(np.abs(q).max()), 1e-9):
        return f"is for other positions: electrode {worst} is {off_mm[worst].max():.2g} mm from where it was; calibrate on this probe"
    return None


def sound(c: Calibration) -> bool:
    """Whether the arrays have the shapes that the tick relies on, and finite values."""
    m, r, n = len(c.used), c.modes.shape[-1] if c.modes.ndim == 2 else 0, len(c.flank_sos)
    watched = len(c.watch_whitening)
    shapes = {
        "band_hz": (2,), "layout_mm": (m, 2), "rotation": (2, 2), "modes": (m, r), "gradient": (2, m, r), "noise_cov": (r, r),
        "in_band_cov": (r, r), "k_rad_mm": (2,), "sd_k_rad_mm": (2,), "pattern": (r,), "widths_hz": (n + 1,), "watch_weights": (2, watched),
        "watch_whitening": (watched, *(c.watch_whitening.shape[1:] if not watched else (r, r))), "watch_centre": (5,), "watch_limit": (5,),
        "colour_gain": c.colour_phase_rad.shape,
    }  # fmt: skip
    filters = (c.shaper_sos, c.band_sos, c.local_front_sos, *c.flank_sos)
    whole = all(
        np.isfinite(np.asarray(getattr(c, f.name))).all() for f in fields(c) if f.name not in ("options", "flank_sos", "watch_limit")
    )
    return bool(
        0 < r <= MOST_MODES
        and n <= MOST_FLANKS
        and c.hindsight_taps.ndim == c.local_covariance.ndim == 1
        and c.local_noise.shape == c.local_covariance.shape
        and 0 < c.local_taps <= MOST_TAPS
        and 1 < c.local_ahead <= MOST_AHEAD
        and len(c.hindsight_taps) % 2 == 1
        and 0 < len(c.hindsight_taps) <= 2 * MOST_TAPS + 1
        and len(c.local_covariance) > max(c.local_taps + c.local_ahead + len(c.hindsight_taps) // 2, len(c.hindsight_taps))
        and 1 <= c.local_stride <= MOST_STRIDE
        and c.residual_covariance.shape in ((0,), c.local_covariance.shape)
        and (not len(c.residual_covariance) or c.residual_taps.shape == c.hindsight_taps.shape)
        and c.residual_drift.shape == (1, 6)
        and watched in (0, n)
        and c.used.dtype == bool
        and c.used.any()
        and c.colour_phase_rad.ndim == 1
        and len(c.colour_phase_rad) > 1
        and all(getattr(c, name).shape == shape for name, shape in shapes.items())
        and all(sos.ndim == 2 and sos.shape[1] == 6 and np.isfinite(sos).all() for sos in filters)
        and whole
    )

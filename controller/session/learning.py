"""Learns a calibration from material and says what was found on the way: spectrum, channels, waves, constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.session.calibrations import CalibrationError
from wavestim.controller.session.material import Material, dark_blocks, stated_band
from wavestim.realtime import Calibration, Engine, EngineConfig, calibrate, track
from wavestim.realtime.electrodes import channel_faults
from wavestim.realtime.gains import relative_gains
from wavestim.realtime.spectrum import Spectrum, take_apart
from wavestim.realtime.tuning import LEAST_S, Tuning, tune

Array = NDArray[np.float64]

DEFAULT_S, LONGEST_S, SHORTEST_S = 60.0, 600.0, 2.5
WAVE_SHARE = 0.5
"""Of the time that a wave must be there before constants are searched on it."""
ANY_BAND_HZ = (1.0, 10.0)
"""Conditioning does not depend on the band."""


class NoRhythmError(CalibrationError):
    """No band was asked for and the spectrum suggests none."""

    exit_code = 1


@dataclass(frozen=True)
class Learned:
    """A calibration and what was found on the way.

    Attributes
    ----------
    spectrum : Spectrum
        Of the good channels.
    faults : (m,) words of :func:`wavestim.realtime.electrodes.channel_faults`; ``excluded``: left out by the experiment.
    gains : (m,) relative to the others'; NaN without a rhythm to tell them by.
    seconds : float
        That it was learned from.
    seen : dict
        ``wave_share`` and ``kinds`` (shares of the time); ``frequency_hz`` while the phase was known; ``direction_deg``,
        ``direction_spread_deg`` and ``speed_mm_s`` while the wave was planar. None where there was nothing of it.
    """

    calibration: Calibration
    spectrum: Spectrum
    faults: NDArray[np.str_]
    gains: Array
    seconds: float
    seen: dict[str, Any]
    tuning: Tuning


def learn(
    material: Material, *, seconds: float, band_hz: tuple[float, float] | None, progress: Callable[[float], None] = lambda s: None
) -> Learned:
    """Learn a calibration.

    Parameters
    ----------
    material : Material
    seconds : float
        To learn from, at most: the longest stretch without gaps and light is taken.
    band_hz : (lowest, highest), optional
        Without it the one that the experiment states, or the one that the spectrum suggests.
    progress : callable
        Called with the seconds read.

    Raises
    ------
    NoRhythmError
        When there is no band to suggest.
    CalibrationError
        When there is too little to learn from, nothing changes in it, or the band does not suit the rate.
    """
    reference, notch_hz, excluded = _conditioning(material)
    x, rate_hz = _conditioned(material, seconds, excluded, progress)
    silent = (x == x[0]).all(axis=0)
    if silent[~excluded].all():
        raise CalibrationError(f"{material.name}: no channel is alive, their samples never change; at least one must show a potential")
    faults = channel_faults(x, excluded)
    good = faults == ""
    spectrum = take_apart(x[:, good] if good.any() else x, rate_hz)
    band = band_hz or stated_band(material)
    if band is None:
        if not spectrum.peaks:
            raise NoRhythmError(
                f"{material.name}: no rhythm stands out of the spectrum between 3 and 60 Hz, so there is no band to suggest; "
                "give --band LO HI to learn the noise of one"
            )
        band = spectrum.peaks[0].band_hz
    try:
        EngineConfig(fs_hz=rate_hz, positions_mm=material.positions_mm, band_hz=band, notch_hz=notch_hz)
    except ValueError as error:
        raise CalibrationError(f"{material.name}: {error}") from None

    def learned(tuning: Tuning | None) -> Calibration:
        return calibrate(
            x, fs_hz=rate_hz, positions_mm=material.positions_mm, band_hz=band, excluded=excluded, notch_hz=notch_hz,
            rereferenced=reference != "none", options=None if tuning is None else tuning.options,
        )  # fmt: skip

    c = learned(None)
    seen = _seen(x, c, material.positions_mm)
    tuning = Tuning(c.options, {}, None)
    if len(x) >= LEAST_S * rate_hz and seen["wave_share"] >= WAVE_SHARE:
        tuning = tune(c, x @ np.where(c.used[:, None], c.modes, 0.0))
        if tuning.changed:
            c = learned(tuning)
    gains = np.full(len(faults), np.nan)
    if spectrum.peaks_in(band):
        gains = relative_gains(x, c.modes, c.used, rate_hz, band)
    return Learned(c, spectrum, faults, gains, len(x) / rate_hz, seen, tuning)


def _conditioning(material: Material) -> tuple[str, float | None, NDArray[np.bool_]]:
    e = material.experiment
    excluded = np.zeros(len(material.positions_mm), dtype=bool) if material.region is None else ~material.region.inside
    if e is None:
        return "none", None, excluded
    excluded[list(e.probe.bad_channels)] = True
    return e.conditioning.reference, e.conditioning.notch_hz, excluded


def _conditioned(material: Material, seconds: float, excluded: NDArray[np.bool_], progress: Callable[[float], None]) -> tuple[Array, float]:
    """The longest stretch without gaps and light, as the rig conditions it: (n, m) at the model's rate; the rate."""
    e = material.experiment

    def fresh() -> Engine:
        try:
            return Engine(
                EngineConfig(
                    fs_hz=material.fs_hz,
                    positions_mm=material.positions_mm,
                    band_hz=ANY_BAND_HZ,
                    excluded=excluded,
                    warm_up_s=seconds,
                    reference=e.conditioning.reference if e is not None else "none",
                    reference_channel=e.conditioning.reference_channel if e is not None else 0,
                )
            )
        except ValueError as error:
            raise CalibrationError(f"{material.name}: {error}") from None

    best, engine, read = None, fresh(), 0
    for first, block in dark_blocks(material):
        if engine.n_samples and first != engine.next_sample:  # samples are left out: a new stretch
            best = engine if best is None or engine.n_warm > best.n_warm else best
            engine = fresh()
        engine.process(np.ascontiguousarray(block, dtype=np.float32), first)
        read += len(block)
        progress(min(read / material.fs_hz, seconds))
        if engine.wants_calibration:
            break
    best = engine if best is None or engine.n_warm > best.n_warm else best
    if best.n_warm < SHORTEST_S * best.rate_hz:
        raise CalibrationError(
            f"{material.name}: the longest stretch without gaps and light lasts {best.n_warm / best.rate_hz:.1f} s; "
            f"{SHORTEST_S:g} s are the least to learn from"
        )
    return best.warm_up_samples.astype(np.float64), best.rate_hz


def _seen(x: Array, c: Calibration, positions_mm: Array) -> dict[str, Any]:
    """Kind, direction, speed and frequency of the waves in the samples."""
    w = track(x, c.fs_hz, positions_mm, (float(c.band_hz[0]), float(c.band_hz[1])), calibration=c)
    kind = w.kind[round(0.5 * c.fs_hz) :]
    there = ~np.isin(w.kind, ("none", "undetermined"))
    wave = np.flatnonzero(w.phase_sd_deg < 90)
    seen: dict[str, Any] = {
        "wave_share": float(np.mean(kind != "none")),
        "kinds": {str(k): float(np.mean(kind == k)) for k in np.unique(kind)},
        "frequency_hz": float(np.median(w.frequency_hz[wave])) if len(wave) else None,
        "direction_deg": None,
        "direction_spread_deg": None,
        "speed_mm_s": None,
    }
    planar = there & (w.kind == "planar")
    if planar.any():
        mean = np.exp(1j * np.radians(w.direction_deg[planar])).mean()
        spread = np.degrees(np.sqrt(-2 * np.log(np.clip(abs(mean), 1e-6, 1.0))))
        seen["direction_deg"], seen["direction_spread_deg"] = float(np.degrees(np.angle(mean))), float(min(spread, 180.0))
        seen["speed_mm_s"] = float(np.median(w.speed_mm_s[planar]))
    return seen

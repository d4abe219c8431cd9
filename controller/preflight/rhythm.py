"""Is there a wave to lock to, and does the calibration that the experiment names still fit? On samples as the rig conditions them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.preflight.finding import Finding, amber, green, red, unlooked
from wavestim.controller.preflight.heard import Array
from wavestim.controller.session.calibrations import AGAIN, StoredCalibration
from wavestim.controller.staleness import stale_words
from wavestim.realtime import Engine, EngineConfig
from wavestim.realtime.spectrum import take_apart

LEAST_S = 10.0
"""A calibration is judged on this much."""
GAIN_FACTOR = 2.0
"""So many times louder or fainter as a whole is another gain rather than another day."""


def check_rhythm(x: Array, fs_hz: float, good: NDArray[np.bool_], band_hz: tuple[float, float], locked: bool) -> Finding:
    """A peak of the spectrum above its aperiodic part, in the band.

    Parameters
    ----------
    x : (n, m) uV, conditioned.
    fs_hz : float
    good : (m,) channels to look at.
    band_hz : of the experiment.
    locked : light is due at a phase; otherwise no rhythm is needed.
    """
    spectrum = take_apart(x[:, good], fs_hz)
    low, high = band_hz
    inside = spectrum.peaks_in(band_hz)
    figures = {
        "peaks": [{"centre_hz": p.centre_hz, "sd_hz": p.sd_hz, "height_db": p.height_db} for p in spectrum.peaks],
        "noise_slope": spectrum.beta,
        "suggested_band_hz": list(spectrum.peaks[0].band_hz) if spectrum.peaks else None,
    }
    if inside:
        p = inside[0]
        what = f"{p.centre_hz:.1f} Hz, {p.height_db:.1f} dB above the noise, in the band of {low:g} to {high:g} Hz"
        return green("rhythm", what, frequency_hz=p.centre_hz, **figures)
    if spectrum.peaks:
        p, (a, b) = spectrum.peaks[0], spectrum.peaks[0].band_hz
        return amber(
            "rhythm",
            f"nothing stands out between {low:g} and {high:g} Hz; {p.centre_hz:.1f} Hz does, by {p.height_db:.1f} dB",
            f"band_hz: [{a:g}, {b:g}], if that is the wave you mean; otherwise wait for the brain state with the wave",
            **figures,
        )
    if not locked:
        return amber(
            "rhythm",
            "no rhythm stands out between 3 and 60 Hz",
            "this policy does not need one; the phases in the record are noise",
            **figures,
        )
    return red(
        "rhythm",
        "no rhythm stands out between 3 and 60 Hz: light would be locked to noise",
        "wait for the brain state with the wave; check that the electrodes lie in tissue",
        **figures,
    )


def check_calibration(x: Array, engine: EngineConfig, stored: StoredCalibration | None, heard: list[tuple[int, Array]]) -> Finding:
    """The calibration that the experiment names, held against what was heard.

    Parameters
    ----------
    x : (n, m) uV, conditioned.
    engine : EngineConfig
        Of the session.
    stored : StoredCalibration, optional
        Held against its engine before.
    heard : list of (first sample, samples)
        As the source gave them.
    """
    if stored is None:
        return green("calibration", "none is named: the session learns one from its first 2.5 s")
    c = stored.calibration
    y = x @ np.where(c.used[:, None], c.modes, 0.0)
    factor = float(np.sqrt(np.median(np.sum(np.diff(y, axis=0) ** 2, axis=1)) / max(c.step_power, 1e-30)))
    figures = {"file": str(stored.path), "learned_utc": stored.about.get("learned_utc"), "against_calibration": factor}
    if not 1 / GAIN_FACTOR <= factor <= GAIN_FACTOR:
        return red(
            "calibration",
            f"everything is {factor:.2g} times as large as when {stored.path.name} was learned",
            f"set the gain that it was learned with; if this is right now, {AGAIN}",
            **figures,
        )
    machine, fresh = Engine(_tracking(engine, renew=False)), 0
    machine.apply_calibration(c)
    for first, block in heard:
        machine.run(np.ascontiguousarray(block, dtype=np.float32), first)
        fresh += len(block)
    if machine.stale:
        why = stale_words(machine.stale, machine.staleness)
        return red("calibration", f"{stored.path.name} does not fit any more: {why}", AGAIN, **figures, stale=list(machine.stale))
    if fresh < LEAST_S * engine.fs_hz:
        return unlooked(
            "calibration", f"{LEAST_S:g} s are needed to judge {stored.path.name}", "put the source right and try again", **figures
        )
    return green("calibration", f"{stored.path.name} fits", **figures)


def conditioned(engine: EngineConfig, heard: list[tuple[int, Array]], seconds: float) -> tuple[Array, float]:
    """Samples as the model gets them, (n, m) uV, and their rate: an engine that decides nothing collects so many seconds of them."""
    machine = Engine(_tracking(engine, warm_up_s=seconds))
    for first, block in heard:
        machine.process(np.ascontiguousarray(block, dtype=np.float32), first)
        if machine.wants_calibration:
            break
    return machine.warm_up_samples.astype(np.float64), machine.rate_hz


def _tracking(engine: EngineConfig, **change: Any) -> EngineConfig:
    """The same engine without anything to decide."""
    return replace(engine, trigger=None, plan=None, limits=None, **change)

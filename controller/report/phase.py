"""The phase of the wave when light came on, against the phase that was wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from wavestim.controller.report._session import Floats, Pulses, SessionLike, window

HALF_S = 0.6


@dataclass(frozen=True)
class PhaseErrors:
    """Per pulse, NaN where it is not known."""

    error_deg: Floats
    truth: str
    """simulation, posthoc or none."""

    @property
    def known(self) -> Floats:
        """The errors that are known."""
        return self.error_deg[np.isfinite(self.error_deg)]


def wrap_deg(angle: Floats) -> Floats:
    """Into (-180, 180]."""
    wrapped: Floats = 180.0 - np.mod(180.0 - np.asarray(angle, dtype=np.float64), 360.0)
    return wrapped


def phase_errors(session: SessionLike, pulses: Pulses) -> PhaseErrors:
    """The error of each pulse.

    What the session recorded is taken when it is there. Otherwise the phase at sham pulses is estimated afterwards by a zero-phase
    filter; at light it would look through the evoked response, so light pulses stay unknown.
    """
    names = pulses.raw.dtype.names or ()
    summary = session.summary.get("phase_error_deg")
    truth = str(summary.get("truth", "posthoc")) if isinstance(summary, Mapping) else "posthoc"
    for name in ("phase_error_deg", "error_deg"):
        if name in names:
            return PhaseErrors(wrap_deg(np.where(pulses.done, pulses.raw[name], np.nan)), truth)
    for name in ("true_phase_deg", "phase_deg"):
        if name in names:
            return PhaseErrors(wrap_deg(np.where(pulses.done, pulses.raw[name] - pulses.target_deg, np.nan)), truth)
    errors = np.full(len(pulses), np.nan)
    for i in np.flatnonzero(pulses.dark):
        found = analytic(session, pulses.fire_sample[i], HALF_S)
        if found is not None:
            signal, times = found
            phase = np.unwrap(np.angle(signal[:, pulses.site[i]]))
            errors[i] = np.degrees(np.interp(0.0, times, phase)) - pulses.target_deg[i]
    return PhaseErrors(wrap_deg(errors), "posthoc" if np.isfinite(errors).any() else "none")


def analytic(session: SessionLike, at_sample: float, half_s: float) -> tuple[np.ndarray, Floats] | None:
    """Zero-phase analytic signal of all channels around a sample, and times from it in s; None outside the recording."""
    from scipy.signal import butter, hilbert, sosfiltfilt

    fs = session.fs_hz
    half = round(half_s * fs)
    middle = round(at_sample)
    block = window(session, middle - half, middle + half + 1)
    low, high = (float(f) for f in session.experiment.get("band_hz", (8, 24)))
    high = min(high, 0.45 * fs)
    if block is None or not 0 < low < high:
        return None
    filtered = sosfiltfilt(
        butter(2, [low, high], "bandpass", fs=fs, output="sos"), block, axis=0, padlen=min(len(block) - 1, 3 * half // 2)
    )
    times: Floats = np.asarray((np.arange(-half, half + 1) + middle - at_sample) / fs, dtype=np.float64)
    return np.asarray(hilbert(filtered, axis=0)), times

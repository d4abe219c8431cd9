"""The phase of the wave when light came on, against the phase that was wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from wavestim.controller.record.pooling import Pool, zero_phase
from wavestim.controller.record.truth import wrap_deg
from wavestim.controller.report._session import Floats, Pulses, SessionLike, window

RATE_HZ = 2000.0
COUNTED = ("simulation", "zero-phase")
"""Kinds of truth that count: at light the estimate is a stopgap, and near recorded light it is contaminated."""


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


def phase_errors(session: SessionLike, pulses: Pulses) -> PhaseErrors:
    """The error of each pulse.

    What the session recorded is taken when it is there. Otherwise the phase at sham pulses is estimated afterwards by a zero-phase
    filter; at light it would look through the evoked response, so light pulses stay unknown.
    """
    names = pulses.raw.dtype.names or ()
    summary = session.summary.get("phase_error_deg")
    truth = str(summary.get("truth", "posthoc")) if isinstance(summary, Mapping) else "posthoc"
    if "phase_error_deg" in names:
        counted = pulses.done & (np.isin(pulses.raw["truth"], COUNTED) if "truth" in names else True)
        return PhaseErrors(wrap_deg(np.where(counted, pulses.raw["phase_error_deg"], np.nan)), truth)
    errors = np.full(len(pulses), np.nan)
    pool = Pool(session.positions_mm, session.fs_hz, _band_hz(session), session.experiment.get("probe", {}).get("bad_channels", ()))
    for i in np.flatnonzero(pulses.dark):
        first = round(pulses.fire_sample[i]) - pool.half
        block = window(session, first, first + 2 * pool.half + 1)
        seen = None if block is None else pool.look(block, pulses.fire_sample[i] - first, int(pulses.site[i]))
        if seen is not None:
            errors[i] = seen.phase_deg - pulses.target_deg[i]
    return PhaseErrors(wrap_deg(errors), "posthoc" if np.isfinite(errors).any() else "none")


def _band_hz(session: SessionLike) -> tuple[float, float]:
    low, high = session.experiment.get("band_hz", (8, 24))
    return float(low), float(high)


def analytic(session: SessionLike, at_sample: float, half_s: float) -> tuple[np.ndarray, Floats] | None:
    """Zero-phase analytic signal of all channels around a sample, and times from it in s; None outside the recording.

    Raw samples are averaged to about 2 kHz first: a wave is not seen better in more of them.
    """
    fs = session.fs_hz
    half = round(half_s * fs)
    middle = round(at_sample)
    block = window(session, middle - half, middle + half + 1)
    low, high = _band_hz(session)
    high = min(high, 0.45 * fs)
    if block is None or not 0 < low < high:
        return None
    times: Floats = np.asarray((np.arange(-half, half + 1) + middle - at_sample) / fs, dtype=np.float64)
    together = max(1, int(fs // RATE_HZ))
    n = len(times) // together
    block = block[: n * together].reshape(n, together, -1).mean(axis=1)
    return zero_phase(block, fs / together, (low, high)), times[: n * together].reshape(n, together).mean(axis=1)

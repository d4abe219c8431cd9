"""The truth at a moment, found afterwards: of a simulation from its file, of anything else from the samples on both sides of the moment.

The estimate is that of :mod:`wavestim.controller.record.truth`, with the same care near light: at light and shortly before it the samples
end there, shortly after light nothing is to be believed. The direction is that of the plane wave that fits the electrodes best.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.bench.plane_fit import fit
from wavestim.controller.lookback.chronicle import Chronicle
from wavestim.controller.lookback.past import Past
from wavestim.controller.record.truth import HALF_S, TRUTH_FILE, end_corrected, near_light, wrap_deg, zero_phase
from wavestim.hardware.simulated.truth import KINDS, Truth, TruthError

LEAST_FIT = 0.5
"""Part of the electrodes' power that a plane wave explains, below which it has no direction."""
LEAST_ELECTRODES, MOST_ELECTRODES = 4, 100
"""Of many, the plane is fitted to some that lie all over."""
FIT_HZ = 1000.0
"""The direction is looked for at about this rate."""


@dataclass(frozen=True)
class Found:
    """What is known of a moment afterwards.

    Attributes
    ----------
    how : ``simulation``, ``zero-phase``, ``ends-at-light``, ``contaminated`` (shortly after light), or empty: nothing can be known.
    phase_deg : at the site; NaN when it is not known.
    direction_deg, speed_mm_s : of the plane wave; NaN when there is none.
    kind : of the wave, of a simulation.
    fit : part of the power that the plane wave explains; NaN of a simulation.
    """

    how: str = ""
    phase_deg: float = math.nan
    direction_deg: float = math.nan
    speed_mm_s: float = math.nan
    kind: str = ""
    fit: float = math.nan


class Afterwards:
    """Finds the truth of one past.

    Parameters
    ----------
    past : Past
    """

    def __init__(self, past: Past) -> None:
        self._past = past
        experiment = past.assembly.experiment
        self._fs, self._band = past.assembly.fs_hz, tuple(float(f) for f in experiment.band_hz)
        used = np.setdiff1d(np.arange(past.reel.n_channels), experiment.probe.bad_channels)
        few = len(used) > MOST_ELECTRODES
        self._used = np.sort(np.random.default_rng(0).choice(used, MOST_ELECTRODES, replace=False)) if few else used
        self._truth = self._of_simulation()

    def at(self, sample: float, site: int, chronicle: Chronicle) -> Found:
        """The truth at a sample, which may lie between two."""
        truth = self._truth
        if truth is not None and 0 <= sample <= len(truth) - 1:
            row = truth.rows[round(sample)]
            kind = KINDS[int(row["kind"])]
            planar = kind == "planar"
            return Found(
                "simulation",
                math.degrees(truth.phase(sample, site)),
                float(row["direction_deg"]) if planar else math.nan,
                float(row["speed_mm_s"]) if planar else math.nan,
                kind,
            )
        return self._from_samples(sample, site, chronicle)

    def close(self) -> None:
        """Let go of the file."""
        if self._truth is not None:
            self._truth.close()

    def _of_simulation(self) -> Truth | None:
        session = self._past.session
        if session is None or session.about.get("recording") is not None:
            return None
        try:
            return Truth(session.path / TRUTH_FILE)
        except (TruthError, OSError):
            return None

    def _from_samples(self, sample: float, site: int, chronicle: Chronicle) -> Found:
        half, centre = round(HALF_S * self._fs), round(sample)
        window = self._past.reel.window(centre - half, 2 * half + 1)
        column = window[:, site].astype(np.float64)
        (after,), (before,) = near_light(np.array([sample]), chronicle.light, self._fs)
        if not np.isfinite(column[: half + 1]).all() or (not before and not np.isfinite(column).all()):
            return Found()
        if before:
            phase = float(np.degrees(np.angle(end_corrected(column[: half + 1], self._fs, self._band)[-1])))
            return Found("contaminated" if after else "ends-at-light", float(wrap_deg(phase)))
        near = np.unwrap(np.angle(zero_phase(column, self._fs, self._band)[half - 1 : half + 2]))
        phase = float(np.degrees(np.interp(sample - centre, [-1, 0, 1], near)))
        direction, speed, share = self._plane(window, half)
        return Found("contaminated" if after else "zero-phase", float(wrap_deg(phase)), direction, speed, "", share)

    def _plane(self, window: NDArray[np.float32], half: int) -> tuple[float, float, float]:
        """Direction, speed and fit of the plane wave in the middle of a window; NaN without one."""
        stride = max(1, int(self._fs // FIT_HZ))
        start = (half + 1 + stride // 2) % stride  # so that the middle is in the middle of a bin
        used = self._used[np.isfinite(window[:, self._used]).all(axis=0)]
        if len(used) < LEAST_ELECTRODES:
            return math.nan, math.nan, math.nan
        x = window[start:, used]
        x = x[: len(x) // stride * stride].reshape(-1, stride, len(used)).mean(axis=1, dtype=np.float64)
        z = zero_phase(x, self._fs / stride, self._band)
        middle = min((half - start) // stride, len(z) - 2)
        k, wave = fit(z[middle][None], self._past.assembly.positions_mm[used], 0.0)
        power = float(np.mean(np.abs(z[middle]) ** 2))
        share = float(np.mean(np.abs(wave) ** 2)) / power if power > 0 else 0.0
        reach = float(np.hypot(*k[0]))
        if share < LEAST_FIT or reach == 0:
            return math.nan, math.nan, share
        turn = np.median(np.angle(z[middle + 1] * z[middle - 1].conj())) / 2 * self._fs / stride
        return math.degrees(math.atan2(k[0, 1], k[0, 0])), float(turn) / reach, share

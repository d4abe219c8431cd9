"""The truth at a moment, found afterwards: of a simulation from its file, of anything else from the samples on both sides of the moment.

The estimate is that of :mod:`wavestim.controller.record.pooling`, with the same care near light as in the report: at light and shortly
before it the samples end there, shortly after light nothing is to be believed. The direction is that of the plane wave that fits best.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from wavestim.controller.lookback.chronicle import Chronicle
from wavestim.controller.lookback.past import Past
from wavestim.controller.record.pooling import Pool
from wavestim.controller.record.truth import TRUTH_FILE, near_light
from wavestim.hardware.simulated.truth import KINDS, Truth, TruthError


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
        assembly, experiment = past.assembly, past.assembly.experiment
        self._fs, band = assembly.fs_hz, tuple(float(f) for f in experiment.band_hz)
        self._pool = Pool(assembly.positions_mm, self._fs, band, experiment.probe.bad_channels)
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
        (after,), (before,) = near_light(np.array([sample]), chronicle.light, self._fs)
        first = round(sample) - self._pool.half
        window = self._past.reel.window(first, 2 * self._pool.half + 1)
        seen = self._pool.look(window, sample - first, site, sample - first if before else None)
        if seen is None:
            return Found()
        direction = speed = math.nan
        if seen.k_rad_mm is not None and (reach := float(np.hypot(*seen.k_rad_mm))) > 0:
            direction, speed = math.degrees(math.atan2(seen.k_rad_mm[1], seen.k_rad_mm[0])), seen.turn_rad_s / reach
        how = "contaminated" if after else "ends-at-light" if before else "zero-phase"
        return Found(how, seen.phase_deg, direction, speed, "", seen.fit)

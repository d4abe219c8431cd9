"""``horizon_ms: auto`` at real pace: how far ahead light has to be planned, measured on the running rig; refused beyond any forecast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment import Experiment
from wavestim.controller.session.bench import board_horizon_ms
from wavestim.hardware.lights import LightInfo
from wavestim.hardware.sources import LiveInfo

MEASURE_S = 5.0
"""So long, with the engine at work, before light is armed."""
FIRST_MS, LEAST_MS = 20.0, 3.0
PART = 99.9
"""Percent of the samples that light has to wait for: one of a thousand may come later, and what it decides is missed."""


@dataclass(frozen=True)
class Horizon:
    """What was measured, ms.

    Attributes
    ----------
    ms : the horizon.
    age_ms : of samples when they came, beyond the source's constant delay.
    wait_ms : from there until the engine had them.
    board_ms : wire, least lead and margin of the board.
    usual_age_ms : median of the first.
    """

    ms: float
    age_ms: float
    wait_ms: float
    board_ms: float
    usual_age_ms: float

    @property
    def words(self) -> str:
        """For people: what it is made of."""
        return (
            f"{self.ms:.1f} ms = {self.age_ms:.1f} ms until samples are here ({PART:g} % of {MEASURE_S:g} s; half of them within "
            f"{self.usual_age_ms:.1f}) + {self.wait_ms:.1f} until the engine has them ({PART:g} %) + {self.board_ms:.1f} for the board"
        )


def measured(ages_ms: Sequence[NDArray[np.float64]], wait_ms: float, board: LightInfo) -> Horizon:
    """The horizon that samples of these ages ask for.

    Parameters
    ----------
    ages_ms : arrays
        Of every sample of the measurement; none counts as one that came at once.
    wait_ms : float
        For the engine, the same part of them.
    board : LightInfo
    """
    ages = np.concatenate([np.zeros(0), *ages_ms])
    age, usual = (float(q) for q in np.percentile(ages if len(ages) else np.zeros(1), [PART, 50]))
    needs = board_horizon_ms(board)
    return Horizon(max(age + wait_ms + needs, LEAST_MS), age, wait_ms, needs, usual)


def longest_ms(experiment: Experiment, info: LiveInfo) -> float:
    """The longest horizon that is armed: a cycle of the slowest wave in the band, or two of the bursts in which a source is known to send.

    What a forecast says of the cycle after the next is not worth light.
    """
    return max(1000.0 / experiment.band_hz[0], 2 * info.burst_ms)


def first_ms(experiment: Experiment) -> float:
    """``trigger.horizon_ms`` as a number before anything was measured."""
    asked = experiment.trigger.horizon_ms
    return FIRST_MS if asked == "auto" else float(asked)

"""The patterns of an experiment as the board would get them, before any limit was asked: for who draws them while they are written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment import Experiment, Plan, electrode_positions, led_positions, plan, site_index
from wavestim.controller.session.bench import make_bench
from wavestim.controller.session.lights import info_at_desk
from wavestim.realtime import CourseConfig, TriggerConfig
from wavestim.realtime.trigger import Trigger

FS_HZ = 1000.0
"""No choice of a pattern depends on it."""


@dataclass(frozen=True)
class Sketch:
    """An experiment on a board in memory.

    Attributes
    ----------
    positions_mm, leds_mm : (n, 2), (m, 2)
    plan : its patterns and conditions
    site : the electrode at which the phase counts
    """

    experiment: Experiment
    positions_mm: NDArray[np.float64]
    leds_mm: NDArray[np.float64]
    plan: Plan
    site: int
    _trigger: Trigger

    def slot(self, condition: int, direction_deg: float, speed_mm_s: float) -> int:
        """The pattern that a condition takes under such a wave, as the loop chooses it."""
        return int(self._trigger.slot_for(condition, direction_deg, speed_mm_s))

    def heading_deg(self, condition: int, slot: int) -> float | None:
        """Where the light of a pattern goes, as that condition takes it; None when it goes nowhere."""
        arm = self.plan.conditions[condition]
        if arm.dark or arm.heading == "none" or self.experiment.conditions[condition].pattern.kind == "shuffled":
            return None
        return arm.heading_deg if arm.heading == "fixed" else (slot - arm.slot0) % arm.n_headings * 360 / arm.n_headings


def sketch(experiment: Experiment) -> Sketch:
    """Plan the patterns of an experiment.

    Raises
    ------
    ExperimentError
        When there is no such pattern: an LED that is not there, too many of them, too few slots.
    """
    positions = electrode_positions(experiment)
    leds = led_positions(experiment, positions)
    light = make_bench(len(leds), experiment.seed).light
    made = plan(experiment, positions, leds, info_at_desk(experiment.light, light.info) or light.info)
    light.close()
    trigger = Trigger(TriggerConfig(), made, FS_HZ, 1 / FS_HZ, experiment.seed, CourseConfig())
    return Sketch(experiment, positions, leds, made, site_index(experiment, positions, leds, made), trigger)

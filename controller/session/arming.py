"""The two steps to light and the way back: armed, then run; what nobody runs, or has no pulse due for too long, is disarmed."""

from __future__ import annotations

import math
from typing import Literal

from wavestim.controller.experiment import Experiment, shortest_period_ms


def idle_limit_s(experiment: Experiment) -> float | None:
    """``safety.disarm_after_s``, and never less than two of the shortest waits between pulses; a washout comes on top."""
    asked = experiment.safety.disarm_after_s
    return None if asked is None else max(asked, 2 * shortest_period_ms(experiment) / 1000) + experiment.schedule.washout_s


class Arming:
    """Where a session stands between dark and light. Times are seconds of samples, so that it repeats.

    Parameters
    ----------
    limit_s : float, optional
        So long armed light may wait for RUN, and running light for a pulse; None: for ever.

    Attributes
    ----------
    step : ``dark``, ``armed`` (the board is, and nothing is decided yet), ``running`` or ``disarmed`` (for good)
    """

    def __init__(self, limit_s: float | None) -> None:
        self.step: Literal["dark", "armed", "running", "disarmed"] = "dark"
        self._limit_s = math.inf if limit_s is None else limit_s
        self._since_s = 0.0
        self._pulses = 0

    def arm(self, at_s: float) -> None:
        """The first step."""
        if self.step == "dark":
            self.step, self._since_s = "armed", at_s

    def run(self, at_s: float) -> bool:
        """The second step; False when the light is not armed."""
        if self.step != "armed":
            return False
        self.step, self._since_s = "running", at_s
        return True

    @property
    def is_armed(self) -> bool:
        """Light is armed, run or not."""
        return self.step in ("armed", "running")

    def disarm(self) -> None:
        """Whatever comes, this session stays dark."""
        self.step = "disarmed"

    def overdue(self, at_s: float, pulses: int) -> str | None:
        """Why the light has to be disarmed now, in words; None while it may stay.

        Parameters
        ----------
        at_s : float
        pulses : int
            Scheduled since the session began.
        """
        if pulses != self._pulses:
            self._pulses, self._since_s = pulses, at_s
        if not self.is_armed or at_s - self._since_s <= self._limit_s:
            return None
        what = "nobody ran it" if self.step == "armed" else "no pulse was due"
        return f"{what} for {self._limit_s:g} s"

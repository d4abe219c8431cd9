"""Dose and warming of every site while a session runs, by the governor's own rules: its books kept a second time, from what is journalled.

The engine's governor belongs to the engine's thread. This one lives on the recorder's and books the same patterns at the same times.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment.patterns import unmeasured
from wavestim.realtime.governor import Governor

if TYPE_CHECKING:
    from wavestim.controller.session.assembly import Assembly
    from wavestim.controller.session.clocks import ClockModel


class LightBooks:
    """Is told of decisions (a ``Teller``).

    Parameters
    ----------
    assembly : Assembly
    """

    def __init__(self, assembly: Assembly) -> None:
        limits = assembly.engine.limits
        self._books = None if limits is None else Governor(limits)
        self._limits, self._fs_hz = limits, assembly.fs_hz
        self._unmeasured = unmeasured(assembly.experiment)

    def decided(self, first_index: int, decisions: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``; shams are booked like light, as the governor does."""
        if self._books is None:
            return
        for row in decisions[decisions["verdict"] == "scheduled"]:
            self._books.follow(int(row["slot"]), float(row["start_sample"]) / self._fs_hz)

    def pulsed(self, pulses: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """See ``Teller``; what is scheduled counts, whatever became of it."""

    def status(self, sample: int) -> dict[str, Any]:
        """Of the worst site now, and of every site, with the limits; None where there is no limit. A live counter only goes forward."""
        if self._books is None or self._limits is None:
            return {}
        rise, dose = self._books.stands_at(sample / self._fs_hz)
        most = self._limits.max_dose_mj_mm2
        return {
            "dose_mj_mm2": float(dose.max(initial=0.0)),
            "dose_limit_mj_mm2": most if math.isfinite(most) else None,
            "dose_led": int(dose.argmax()) if dose.any() else None,
            "dose_per_led_mj_mm2": dose.round(6).tolist(),
            "rise_c": float(rise.max(initial=0.0)),
            "rise_limit_c": self._limits.max_rise_c,
            "rise_led": int(rise.argmax()) if rise.any() else None,
            "unmeasured": self._unmeasured,
        }

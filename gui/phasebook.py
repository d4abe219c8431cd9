"""The phase that the wave had at light-on, by condition: as the model knew it then, and as it turns out from the samples afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from wavestim.gui.rings import Angles

SECTORS = 36
ALL = ""
"""In place of a condition's name."""


@dataclass
class PhaseBook:
    """Of one session.

    Attributes
    ----------
    known : phase as the model knew it, degrees, by condition; :data:`ALL` has all of them.
    after : from the samples on both sides, of light that the electrodes did not see: shams, and light of a recording.
    at_end : from the samples before light-on alone.
    """

    known: dict[str, Angles] = field(default_factory=dict)
    after: dict[str, Angles] = field(default_factory=dict)
    at_end: dict[str, Angles] = field(default_factory=dict)

    def add(self, which: str, condition: str, phase_deg: float) -> None:
        """One phase, to ``known``, ``after`` or ``at_end``."""
        book: dict[str, Angles] = getattr(self, which)
        for name in (ALL, condition):
            book.setdefault(name, Angles(SECTORS)).add(phase_deg)

    def add_all(self, which: str, conditions: Sequence[str], phases_deg: NDArray[np.float64]) -> None:
        """Many at once, each with its condition."""
        book: dict[str, Angles] = getattr(self, which)
        book.setdefault(ALL, Angles(SECTORS)).add_all(phases_deg)
        names = np.asarray(conditions, str)
        for name in dict.fromkeys(conditions):
            book.setdefault(name, Angles(SECTORS)).add_all(phases_deg[names == name])

    def of(self, which: str, condition: str) -> Angles:
        """What was counted, if only nothing."""
        book: dict[str, Angles] = getattr(self, which)
        return book.get(condition) or Angles(SECTORS)

"""How the probe is looked at: in quarter turns and mirrored, as it lies on the animal. Data stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

TURNS = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, -1.0], [1.0, 0.0]], [[-1.0, 0.0], [0.0, -1.0]], [[0.0, 1.0], [-1.0, 0.0]]])


@dataclass(frozen=True)
class View:
    """What a person has chosen for the probe.

    Attributes
    ----------
    turns : quarter turns counter-clockwise, 0 to 3.
    mirrored : then left and right are swapped.
    flow : arrows of the local direction are drawn.
    """

    turns: int = 0
    mirrored: bool = False
    flow: bool = True

    def turn(self) -> Self:
        """A quarter turn counter-clockwise, as it is seen."""
        return replace(self, turns=(self.turns + (-1 if self.mirrored else 1)) % 4)

    def mirror(self) -> Self:
        """Left for right, as it is seen."""
        return replace(self, mirrored=not self.mirrored)

    def seen(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places or directions (n, 2) of the probe as they are drawn."""
        out: NDArray[np.float64] = vectors @ TURNS[self.turns].T
        return out * [-1.0, 1.0] if self.mirrored else out

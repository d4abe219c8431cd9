"""Makes what takes long in pieces, so that Esc is heard between them."""

from __future__ import annotations

import math
import time


class Pace:
    """One piece.

    Parameters
    ----------
    for_s : float
        Nothing is begun after so long, but for the first.

    Attributes
    ----------
    rest : something is left for the next piece.
    """

    def __init__(self, for_s: float = math.inf) -> None:
        self._until_s, self._begun = time.monotonic() + for_s, False
        self.rest = False

    def may(self) -> bool:
        """Whether one more may be made now; where not, there is a rest."""
        if self._begun and time.monotonic() > self._until_s:
            self.rest = True
            return False
        self._begun = True
        return True

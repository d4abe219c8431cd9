"""What a session leaves behind besides its journal: the figures that only its runner knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from wavestim.controller.session.stopping import Ending


@dataclass
class Counts:
    """Kept in the journal at the end.

    Attributes
    ----------
    samples, dropped, ticks : int
    stopped_early : bool
        Somebody pressed STOP, the source ended, or a rule found that it goes wrong.
    stopped_by : str
        Which of them, in the words of the source; or the rule by which all is done. Empty when all seconds were recorded.
    safe : list of str
        Why the board went dark by itself.
    went_dark : dict, optional
        It went dark by itself and was so at the end: ``at_s`` from the first sample, ``why``, and whether the light itself had failed
        (``light_failed``).
    realtime : str, optional
        What the system granted the engine's thread; none under a simulated clock.
    """

    samples: int = 0
    dropped: int = 0
    ticks: int = 0
    stopped_early: bool = False
    stopped_by: str = ""
    safe: list[str] = field(default_factory=list)
    went_dark: dict[str, Any] | None = None
    realtime: str | None = None

    def ended_by_rule(self, ending: Ending | None) -> None:
        """The session has ended by a rule of its own, if it has."""
        if ending is not None and not self.stopped_by:
            self.stopped_early, self.stopped_by = ending.failed, ending.reason

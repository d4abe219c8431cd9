"""What a session leaves behind besides its journal: the figures that only its runner knows."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Counts:
    """Kept in the journal at the end.

    Attributes
    ----------
    samples, dropped, ticks : int
    stopped_early : bool
        Somebody pressed STOP, or the source ended.
    stopped_by : str
        Which of them, in the words of the source; empty when the session came to its end.
    safe : list of str
        Why the board went dark by itself.
    realtime : str, optional
        What the system granted the engine's thread; none under a simulated clock.
    """

    samples: int = 0
    dropped: int = 0
    ticks: int = 0
    stopped_early: bool = False
    stopped_by: str = ""
    safe: list[str] = field(default_factory=list)
    realtime: str | None = None

"""Where the replay is and how fast it goes."""

from __future__ import annotations

SPEEDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
LONGEST_S = 0.25
"""A window that stood still does not jump."""


class Player:
    """A moment that moves.

    Attributes
    ----------
    at : sample.
    playing : it moves by itself.
    speed : times the pace of the recording.
    """

    def __init__(self) -> None:
        self.at, self.playing, self.speed = 0.0, False, 1.0
        self._then_s: float | None = None

    def play(self, playing: bool) -> None:
        """Begin, or hold."""
        self.playing, self._then_s = playing, None

    def faster(self, steps: int) -> None:
        """To one of the usual speeds, so many further."""
        nearest = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - self.speed))
        self.speed = SPEEDS[min(max(nearest + steps, 0), len(SPEEDS) - 1)]

    def turn(self, now_s: float, fs_hz: float, last: float, reached: float) -> None:
        """A frame: moves on, not beyond what can be shown, and holds at the end.

        Parameters
        ----------
        now_s : float
            Clock of the window.
        fs_hz : float
        last : float
            The end.
        reached : float
            So far there is something to show; the rest comes.
        """
        then_s, self._then_s = self._then_s, now_s
        if not self.playing or then_s is None:
            return
        wanted = self.at + min(now_s - then_s, LONGEST_S) * self.speed * fs_hz
        self.at = max(self.at, min(wanted, last, reached))
        if self.at >= last:
            self.play(False)

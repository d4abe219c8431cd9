"""What a session does when its board is not the same any more: the cable was out and is back, or the board was reset.

Both end dark, are written down, and take from the board its patterns, its clock and its arming. Patterns and clock are brought back here;
arming is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wavestim.controller.session.assembly import Assembly
from wavestim.controller.session.bench import clock_tolerance_us, learn_clock, prepare_light
from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.hardware.lights import Light, LightError

if TYPE_CHECKING:
    from wavestim.controller.session.recorder import Recorder

LOOK_NS = 1_000_000_000


class BoardWatch:
    """Looks after one board.

    Parameters
    ----------
    light, assembly, device_clock, recorder
        Of the session.
    """

    def __init__(self, light: Light, assembly: Assembly, device_clock: DeviceClock, recorder: Recorder) -> None:
        self.light, self.assembly, self.device_clock, self.recorder = light, assembly, device_clock, recorder
        self._steps = 0
        self._next_look = 0

    def came_back(self, now_ns: int) -> bool:
        """Look, at most once a second, whether something has happened; True when a board that was lost or reset can be armed again."""
        if self.light.gone:
            if now_ns < self._next_look:
                return False
            self._next_look = now_ns + LOOK_NS
            return self._reopened()
        if self.device_clock.steps != self._steps:
            self._steps = self.device_clock.steps
            return self._restarted()
        return False

    def _reopened(self) -> bool:
        try:
            return self.light.reopen() and self._prepared("board-back", "the line is there again")
        except LightError:  # it went again meanwhile
            return False

    def _restarted(self) -> bool:
        """The board's clock is another one: so is the board's boot, or ours was held up."""
        try:
            if not self.light.was_reset():
                return False
            self.recorder.engine.post("pause", 1.0)
            return self._prepared("board-reset", "it started anew by itself")
        except LightError as error:
            self._note("board-silent", str(error))
            return False

    def _prepared(self, name: str, words: str) -> bool:
        self.device_clock.restart()
        prepare_light(self.light, self.assembly, self.device_clock)
        learn_clock(self.light, self.device_clock, clock_tolerance_us(self.assembly.experiment), self.recorder.hear)
        self.recorder.publish(self.light.now_ns(), force=True)
        self._note(name, f"{words}; patterns and clock are renewed, light needs arming")
        return True

    def _note(self, name: str, words: str) -> None:
        self.recorder.journal.append_marker(max(self.recorder.last_sample, 0), name, words)

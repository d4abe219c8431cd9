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

LOOK_NS, SILENT_NS = 1_000_000_000, 5_000_000_000
"""How long until the next look: for a line that is gone, and at a board that does not answer, which takes a while to ask."""


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
        self._lost = self._stepped = self._silent = False
        self._bare: tuple[str, str] | None = None
        """It has no patterns and no clock: the marker for when it has them again."""

    @property
    def ready(self) -> bool:
        """As far as is known the board has its patterns, and its clock is the one that was learned."""
        return not (self._lost or self._stepped or self._bare)

    def came_back(self, now_ns: int) -> bool:
        """Look, now and then, whether something has happened; True when a board that was lost or reset can be armed again."""
        if self.light.gone:
            self._lost = True
        if self.device_clock.steps != self._steps:
            self._steps = self.device_clock.steps
            self._stepped = True
        if self.ready or now_ns < self._next_look:
            return False
        self._next_look = now_ns + LOOK_NS
        try:
            return self._looked_after()
        except LightError as error:
            self._next_look = self.light.now_ns() + (LOOK_NS if self.light.gone else SILENT_NS)
            if not (self._silent or self.light.gone):
                self._silent = True
                self._note("board-silent", str(error))
            return False

    def _looked_after(self) -> bool:
        if self._lost:
            if not self.light.reopen():
                return False
            self._lost = self._stepped = False
            self._bare = "board-back", "the line is there again"
        if self._stepped:  # the board's clock is another one: so is the board's boot, or ours was held up
            was_reset = self.light.was_reset()
            self._stepped = False
            if was_reset:
                self.recorder.engine.post("pause", 1.0)
                self._bare = "board-reset", "it started anew by itself"
        if self._bare is None:
            self._silent = False
            return False
        self.device_clock.restart()
        prepare_light(self.light, self.assembly, self.device_clock)
        learn_clock(self.light, self.device_clock, clock_tolerance_us(self.assembly.experiment), self.recorder.hear)
        self.recorder.publish(self.light.now_ns(), force=True)
        name, words = self._bare
        self._note(name, f"{words}; patterns and clock are renewed, light needs arming")
        self._bare, self._silent = None, False
        return True

    def _note(self, name: str, words: str) -> None:
        self.recorder.journal.append_marker(max(self.recorder.last_sample, 0), name, words)

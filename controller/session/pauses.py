"""What a running session does when it has become dark: it pauses, says why, and resumes as often as the experiment allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wavestim.controller.session.live import note_source
from wavestim.hardware.lights import LightError
from wavestim.realtime.loop import now_ns

if TYPE_CHECKING:
    from wavestim.controller.session.realsession import RealSession

LOOK_S, LOOKS = 0.01, 100
LEAST_S = 0.5
"""Of samples that have to come within these looks."""
OF_THE_HOST = {"abort", "heartbeat", "no-samples", "source-restarted", "engine-stands"}
"""Whatever else a light goes dark for is its own fault."""


class Pauses:
    """Of one session.

    Parameters
    ----------
    session : RealSession
    rearms : int
        How often it may resume by itself.

    Attributes
    ----------
    paused : bool
        Nothing is decided until it resumes.
    stands : bool
        The engine has stopped turning, and sees nothing.
    """

    def __init__(self, session: RealSession, rearms: int) -> None:
        self._session, self._rearms_left = session, rearms
        self._safe_seen = 0
        self.paused = self.stands = self._refused = False
        self._reasons: tuple[str, ...] = ()
        self._since = 0

    @property
    def went_dark(self) -> dict[str, Any] | None:
        """The pause that lasts: from which second on, why, and whether the light itself has failed; None when there is none."""
        if not self.paused or set(self._reasons) == {"abort"}:  # somebody pressed STOP
            return None
        at_s = self._since / self._session.assembly.fs_hz
        return {"at_s": round(at_s, 3), "why": list(self._reasons), "light_failed": not OF_THE_HOST.issuperset(self._reasons)}

    def look(self, now: int, *, restarted: bool) -> None:
        """Once a turn: at the source, the engine and the board.

        Parameters
        ----------
        now : int
            ns
        restarted : bool
            The source was started again since the last turn.
        """
        s = self._session
        if restarted:
            s.light.abort()  # its samples stand elsewhere on the clock now: nothing that is queued is right
            self.after_safe("source-restarted")
        if s.thread.stands(now):
            self._engine_stands()
            return
        self.stands = False
        if s.loop.stalled or self.paused or len(s.recorder.safe_reasons) > self._safe_seen:
            self.after_safe()
        if s.board.came_back(now):
            self._resume()

    def after_safe(self, why: str = "no-samples") -> None:
        """The board went dark by itself or samples stopped: pause, and resume as often as the experiment allows."""
        s = self._session
        reasons = s.recorder.safe_reasons[self._safe_seen :] or [why]
        if s.loop.stalled and "no-samples" not in reasons:  # the board only knows that it was told to be dark
            reasons = ["no-samples", *reasons]
        self._safe_seen = len(s.recorder.safe_reasons)
        if not s.arming.is_armed:
            return
        self._pause(*dict.fromkeys(reasons))
        if not s.light.gone:
            self._resume()
        if self.paused and s.arming.step == "armed" and (self._rearms_left <= 0 or s.loop.stopped or s.light.gone):
            s.disarm(", ".join(dict.fromkeys(reasons)))  # dark before anybody ran it: arming it anew is for a person

    def samples_are_back(self) -> bool:
        """After a silence, for good: looked at for a second, and once more when the source starts again meanwhile, with a new clock."""
        s = self._session
        last, restarted = s.recorder.last_sample, False
        for _ in range(LOOKS):
            s.light.wait(LOOK_S)
            s.recorder.pump(now_ns())
            restarted |= note_source(s.source, s.journal, s.sample_clock, s.markers)
            stands = s.thread.stands(now_ns())
            if s.loop.stopped:  # whoever pressed STOP waits for a word
                return False
        return not (stands or restarted) and s.recorder.last_sample - last >= LEAST_S * s.assembly.fs_hz

    def _engine_stands(self) -> None:
        """Its heartbeat has ended with it, and light resumes only when it turns again; the board is told from here, too."""
        s = self._session
        if not self.stands:
            self.stands = True
            s.light.abort()
            s.journal.append_marker(max(s.recorder.last_sample, 0), "engine-stands", f"after {s.loop.turns} turns")
        if s.arming.is_armed:
            self._pause("engine-stands")

    def _pause(self, *why: str) -> None:
        """Nothing is decided from here on."""
        s = self._session
        if not self.paused:
            self.paused, self._reasons, self._since = True, why, max(s.recorder.last_sample, 0)
            s.engine.post("pause", 1.0)
            s.journal.append_marker(self._since, "paused", ", ".join(why))

    def _resume(self) -> None:
        """As often as the experiment allows; otherwise the recording goes on, dark."""
        s = self._session
        if self._rearms_left <= 0 or s.loop.stopped or not s.arming.is_armed or s.held or not s.board.ready:
            return
        if not self.samples_are_back():
            return
        s.loop.resume_after_stall()
        try:
            s.light.arm()
        except LightError as error:  # another second of samples, then once more
            if not self._refused:
                s.journal.append_marker(s.recorder.last_sample, "not-resumed", str(error))
            self._refused = True
            return
        self._refused = False
        self._rearms_left -= 1
        s.engine.post("resume")
        self.paused = False
        self._safe_seen = len(s.recorder.safe_reasons)
        s.journal.append_marker(s.recorder.last_sample, "resumed", f"{self._rearms_left} more allowed")

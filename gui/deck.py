"""The window's one session from choice to report: starts or finds the rig process, knows its state, stops it, recovers it. No Qt."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wavestim.controller.cli.validate import out
from wavestim.controller.errors import WavestimError
from wavestim.controller.experiment import load_experiment
from wavestim.controller.experiment.controls import length_s
from wavestim.controller.live.rendezvous import Meeting
from wavestim.gui import rig as rigs
from wavestim.gui import words
from wavestim.gui.eventlog import EventLog
from wavestim.gui.hearing import Hearing
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.lamps import OFF, Lamp, lamps
from wavestim.gui.link import Link
from wavestim.gui.preflight import PreflightRun, red_of
from wavestim.gui.rig import Child, Rig
from wavestim.gui.steps import OVER, STEP
from wavestim.gui.stop import Stopping

AT_LEAST_S = 3600.0
"""A session that somebody watches ends by STOP or by the rules of its experiment."""


class Deck:
    """See the module.

    Parameters
    ----------
    clock : callable
        Seconds, rising.
    find, link : callable
        How a session that runs is found, and heard; others in tests.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        find: Callable[[Path | None], Rig] = rigs.attach,
        link: Callable[[Meeting], Link] = Link,
    ) -> None:
        self._clock, self._find, self._link = clock, find, link
        self.log = EventLog()
        self.trouble = ""
        """Why nothing could be started, or how it failed, in words."""
        self.preflight: PreflightRun | None = None
        """The one that runs, or the last one."""
        self._rig: Rig | None = None
        self._hearing: Hearing | None = None
        self._stopping: Stopping | None = None
        self._recovery: Child | None = None
        self._told_gone = False

    @property
    def knowledge(self) -> Knowledge | None:
        """Of the session; None while none is open, or it cannot be attached to yet."""
        return None if self._hearing is None else self._hearing.knowledge

    @property
    def state(self) -> str:
        """One of the keys of :data:`wavestim.gui.steps.STEP`."""
        rig, knowledge = self._rig, self.knowledge
        if self.preflight is not None and self.preflight.running:
            return "preflight"
        if rig is None:
            return "idle"
        if self._recovery is not None and self._recovery.code is None:
            return "recovering"
        if not rig.alive:
            if self.report is not None:
                return "report"
            if knowledge is not None:
                return "gone"
            return "failed" if self._stopping is None else "ended"
        if knowledge is not None and knowledge.ended is not None:
            return "stopped"
        if self._stopping is not None:
            return "stopped" if self._stopping.outcome == "confirmed" else "stopping"
        return "starting" if knowledge is None or knowledge.state not in STEP else knowledge.state

    @property
    def stopping(self) -> bool:
        """STOP was pressed, and is neither confirmed nor carried out by force."""
        return self._stopping is not None and self._stopping.outcome == "waiting"

    @property
    def session(self) -> Path | None:
        """Folder of the session."""
        return None if self._rig is None else self._rig.session

    @property
    def watched(self) -> Path | None:
        """Folder of a session that runs and was not started here."""
        rig = self._rig
        return None if rig is None or rig.child is not None or not rig.alive else rig.session

    @property
    def report(self) -> Path | None:
        """The report, once it is written."""
        path = None if self._rig is None else self._rig.session / "report.html"
        return path if path is not None and path.is_file() else None

    @property
    def lamps(self) -> tuple[Lamp, Lamp, Lamp, Lamp]:
        """Source, light, real time, recorder."""
        knowledge, rig = self.knowledge, self._rig
        if self.preflight is not None and self.preflight.running:
            return OFF, self.preflight.lamp, OFF, OFF
        if knowledge is None or rig is None:
            return lamps({}, 0.0, 0.0, False)
        now_s = self._clock()
        return lamps(knowledge.status, now_s - knowledge.heard_s, now_s - knowledge.told_s, rig.alive and knowledge.ended is None)

    def sentence(self) -> str:
        """The state in one sentence."""
        state = self.state
        if state == "preflight" and self.preflight is not None:
            return f"{words.STATES[state]} {self.preflight.stage}".strip()
        if state in ("failed", "ended", "idle", "gone"):
            return f"{self._over} {self.trouble}".strip()
        return words.STATES[state] + (f" {words.watching(self.controller)}" if self.watching else "")

    @property
    def controller(self) -> str:
        """Who has control, in words; empty when nobody has, or nothing is left to be controlled."""
        if self.knowledge is None or self.knowledge.ended is not None or self._rig is None or not self._rig.alive:
            return ""
        return str(self.knowledge.status.get("controller") or "")

    @property
    def watching(self) -> bool:
        """Somebody else has control."""
        return bool(self.controller) and self._hearing is not None and not self._hearing.in_control

    def take_control(self) -> None:
        """From whoever has it."""
        self.order("take", over=True)

    def arm(self, experiment: str, *, mock: bool) -> None:
        """The first step: a rig process that learns, measures, arms and waits for RUN. Why it can't be is in ``trouble``."""
        if self.state not in OVER:
            return
        self._let_go()
        self._rig = None
        try:
            checked = load_experiment(experiment)
            red = red_of(checked, mock=mock)
            if red:
                raise WavestimError(red)
            folder = out(None, checked.name)
            seconds = max(length_s(checked), AT_LEAST_S)
            self._rig = rigs.start(experiment, folder, mock=mock, seconds=seconds)
        except (WavestimError, OSError) as error:
            self._complain(str(error))
            return
        self._hearing = Hearing(self._rig, self.log, self._link)
        self.log.say(0.0, words.started(checked.name))

    def try_rig(self, experiment: str, *, mock: bool, flash: bool, quick: bool) -> None:
        """A preflight of an experiment; what it finds stays in ``preflight``.

        Parameters
        ----------
        flash : real LEDs may come on.
        quick : on the mock rig in simulated time, which says nothing of this computer.
        """
        if self.state not in OVER:
            return
        self._let_go()
        self._rig = None
        try:
            self.preflight = PreflightRun(experiment, mock=mock, flash=flash, quick=quick)
        except OSError as error:
            self._complain(str(error))
            return
        self.log.say(0.0, words.preflight_started(experiment))

    def attach(self, session: Path | None) -> None:
        """Watch a session that runs already; without a folder, the only one.

        Raises
        ------
        AttachError
        """
        self._rig = self._find(session)
        self._hearing = Hearing(self._rig, self.log, self._link)
        self.log.say(0.0, words.attached_to(str(self._rig.session)))

    def run(self) -> None:
        """The second step."""
        if self.state == "armed" and not self.watching:
            self.order("run")

    def order(self, order: str, **more: Any) -> None:
        """Any other order; why it was refused comes into the log."""
        if self._hearing is not None:
            self._hearing.order(order, **more)

    def refuse(self, why: str) -> None:
        """Say in the log why something was not done."""
        self.log.say(self._at_s, why, "warn")

    def stop(self) -> None:
        """Dark, whatever else is going on."""
        if self.preflight is not None and self.preflight.running:
            self.preflight.stop(self._clock())
            self.log.say(0.0, words.PRESSED, "bad")
            return
        rig = self._rig
        if rig is None or not rig.alive or self._stopping is not None:
            return
        self._stopping = Stopping(self._clock(), rig.press_stop, rig.kill)  # dark first, words later
        self.log.say(self._at_s, words.PRESSED, "bad")

    def recover(self) -> None:
        """Finish the session of a rig process that died."""
        if self.state == "gone" and self._rig is not None:
            try:
                self._recovery = Child("recover", str(self._rig.session))
            except OSError as error:
                self._complain(str(error))

    def turn(self) -> None:
        """Once a frame: what has come, and what is due. Never waits."""
        now_s, rig = self._clock(), self._rig
        if self.preflight is not None and self.preflight.running:
            self.preflight.turn(now_s)
            if not self.preflight.running:
                self.log.say(0.0, self.preflight.verdict, self.preflight.log_level)
        if rig is None or self._hearing is None:
            return
        self._hearing.turn(now_s)
        self.trouble = self._hearing.trouble or self.trouble
        if self._stopping is not None:
            self._mind_stopping(self._stopping, now_s, rig)
        if self._recovery is not None and self._recovery.code is not None:
            self._mind_recovery(self._recovery, self._recovery.code)
        if not rig.alive:
            self._note_end(rig)

    def abandon(self) -> None:
        """End a dark session that nobody wants to keep, without its report."""
        if self._rig is not None:
            self._rig.kill()

    def close(self) -> None:
        """The window closes; the session goes on, a preflight does not."""
        if self.preflight is not None:
            self.preflight.close()
        self._let_go()

    def _mind_stopping(self, stopping: Stopping, now_s: float, rig: Rig) -> None:
        before, knowledge = stopping.outcome, self.knowledge
        said = knowledge is not None and (knowledge.state == "stopped" or knowledge.ended is not None)
        stopping.turn(now_s, said or not rig.alive)
        if before == "waiting" and stopping.outcome == "killed":
            self.log.say(self._at_s, words.KILLED, "bad")

    def _note_end(self, rig: Rig) -> None:
        if self._told_gone:
            return
        self._told_gone = True
        if self.knowledge is not None:
            self.knowledge.read_on()
        if self.state == "report":
            return
        asked = self.state == "ended"
        if rig.child is not None and ((rig.child.code or 0) > 0 or (self.knowledge is None and not asked)):
            self.trouble = rig.child.last_words()  # one that was killed has none
        self.log.say(self._at_s, self.sentence(), "plain" if asked else "bad")

    def _mind_recovery(self, recovery: Child, code: int) -> None:
        """It has ended."""
        self._recovery = None
        if code:
            self._complain(words.not_recovered(recovery.last_words()))
        recovery.close()

    def _complain(self, why: str) -> None:
        """Say why something could not be done, where the state is and in the log."""
        self.trouble = why
        self.log.say(self._at_s, why, "bad")

    @property
    def _over(self) -> str:
        """That no session goes on, in words; a rig process that STOP has killed did not die by itself."""
        killed = self._stopping is not None and self._stopping.outcome == "killed"
        return words.GONE_BY_STOP if killed and self.state == "gone" else words.STATES[self.state]

    @property
    def _at_s(self) -> float:
        return 0.0 if self.knowledge is None else self.knowledge.last_s

    def _let_go(self) -> None:
        if self._hearing is not None:
            self._hearing.close()
        for child in (self._recovery, self._rig.child if self._rig is not None else None):
            if child is not None:
                child.close()
        self._hearing = self._stopping = self._recovery = None
        self.log = EventLog()  # times are those of a session
        self.trouble, self._told_gone = "", False

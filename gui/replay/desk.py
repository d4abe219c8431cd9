"""The window's one replay: what is open, which moment is shown, what is known of it. No Qt; only closing waits, for a fifth of a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wavestim.gui.facts import Facts
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.replay.answers import Answer, Answers, tell
from wavestim.gui.replay.player import Player
from wavestim.gui.replay.timeline import Timeline, timeline
from wavestim.gui.rig import Child
from wavestim.gui.words import replay as words

STEP_S = 0.01


class ReplayDesk:
    """See the module.

    Parameters
    ----------
    clock : callable
        Seconds, rising.
    answers : callable
        Starts the process that answers; another one in tests.

    Attributes
    ----------
    state : ``empty``, ``opening``, ``open``, ``refused`` or ``recovering``.
    why : in words, when nothing could be opened or something is damaged.
    opened, progress : headers of these answers; empty before.
    moment : header of the moment that is shown.
    truth, truth_of : what was found afterwards, and the moment that it is of, which may be one frame older than the one shown.
    pulse_truth : of the pulse that was decided on last, where the session has none of its own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, answers: Callable[[str, str | None], Answers] = Answers) -> None:
        self._clock, self._start = clock, answers
        self._answers: Answers | None = None
        self._recovery: Child | None = None
        self.path = ""
        self._experiment: str | None = None
        self._clear("empty")

    def _clear(self, state: str) -> None:
        self.state, self.why = state, ""
        self.player, self.timeline = Player(), Timeline()
        self.opened: Mapping[str, Any] = {}
        self.progress: Mapping[str, Any] = {}
        self.moment: Mapping[str, Any] = {}
        self.truth: Mapping[str, Any] = {}
        self.truth_of: Mapping[str, Any] = {}
        self.pulse_truth: Mapping[str, Any] = {}
        self.facts: Facts | None = None
        self.knowledge: Knowledge | None = None
        self._asked = 0
        self._waiting = False
        self._placed = False

    def open(self, path: str, experiment: str | None = None) -> None:
        """Look at a session or a recording; ``experiment`` decides on a recording, which has none."""
        self.close()
        self._clear("opening")
        self.path, self._experiment = path, experiment
        try:
            self._answers = self._start(path, experiment)
        except OSError as error:
            self._refuse(str(error))

    def close(self) -> None:
        """Let go."""
        if self._answers is not None:
            self._answers.close()
            self._answers = None
        if self._recovery is not None:  # it goes on; nobody waits for it any more
            self._recovery.close()
            self._recovery = None

    def recover(self) -> None:
        """Finish a session that was broken off; it is opened anew afterwards."""
        if self.kind == "broken":
            self.close()
            self._clear("recovering")
            try:
                self._recovery = Child("recover", self.path)
            except OSError as error:
                self._refuse(str(error))

    def jump(self, sample: float) -> None:
        """To a moment."""
        if self.state == "open":
            self.player.at = self.timeline.clamped(sample)

    def step(self, steps: int) -> None:
        """Hundredths of a second, forwards or backwards; it holds."""
        self.player.play(False)
        self.jump(round(self.player.at + steps * max(1.0, STEP_S * self.timeline.fs_hz)))

    def pulse(self, step: int) -> None:
        """To the next pulse, or the one before; it holds."""
        self.player.play(False)
        at = self.timeline.pulse_beside(self.player.at, step)
        if at is not None:
            self.jump(at)

    def play(self) -> None:
        """Play, or hold; from the beginning when it is at the end."""
        if self.state != "open":
            return
        if not self.player.playing and self.player.at >= self.timeline.last:
            self.jump(self.timeline.first)
        self.player.play(not self.player.playing)

    @property
    def kind(self) -> str:
        """What is open, by now: a session that is being recorded ends, or is broken off."""
        return str(self.progress.get("kind") or self.opened.get("kind") or "")

    @property
    def made_to(self) -> float:
        """The engine has run so far."""
        return float(self.progress.get("made_to", self.timeline.first))

    @property
    def settled(self) -> bool:
        """What is wanted is shown, with its truth."""
        return bool(self.moment) and not self._waiting and self.truth_of is self.moment and self.moment["sample"] == self.player.at

    def hear(self) -> None:
        """Take in what was answered; also while nobody looks, so that it does not pile up."""
        self._mind_recovery()
        for answer in self._answers.heard() if self._answers is not None else ():
            self._take(answer)

    def turn(self) -> None:
        """Once a frame that is looked at."""
        self.hear()
        if self.state != "open":
            return
        reached = self.timeline.last if self.progress.get("done") else self.made_to - 1
        self.player.turn(self._clock(), self.timeline.fs_hz, self.timeline.last, reached)
        self._ask()

    @property
    def alarming(self) -> bool:
        """It cannot be opened, is damaged, or the engine decides otherwise than it did."""
        return self.state == "refused" or bool(self.why or self.progress.get("difference") or self.progress.get("trouble"))

    def sentence(self) -> str:
        """What is open, and whether the engine decides as it did."""
        return words.sentence(self.state, self.path, self.why, self.opened, self.progress)

    def _ask(self) -> None:
        at, shown = self.player.at, self.moment.get("sample")
        came = shown is not None and not self.moment["made"] and shown < self.made_to
        if self._waiting or self._answers is None or (shown == at and not came):
            return
        self._asked += 1
        self._waiting = True
        self._answers.ask("show", number=self._asked, sample=at, since=None if came else shown)

    def _take(self, answer: Answer) -> None:
        header = answer.header
        if answer.topic == "opened":
            self.state, self.opened, self.facts = "open", header, answer.facts
        elif answer.topic == "marks":
            self.timeline = timeline(float(self.opened["fs_hz"]), header, answer.arrays)
            if not self._placed:
                self._placed = True
                self.player.at = self.timeline.first
        elif answer.topic == "progress":
            self.progress = header
        elif answer.topic == "moment":
            self._show(answer)
        elif answer.topic == "truth" and header["number"] == self._asked:
            self.truth, self.truth_of = header, self.moment
        elif answer.topic == "afterwards":
            self.pulse_truth = header
        elif answer.topic == "trouble":
            self.why, self._waiting = str(header["why"]), False
        elif answer.topic in ("refused", "ended"):
            self._refuse(self.why or str(header["why"]) or words.ENDED)

    def _show(self, answer: Answer) -> None:
        self._waiting, self.moment = False, answer.header
        if answer.knowledge is not None:
            self.knowledge = answer.knowledge
        elif self.knowledge is not None:
            for message in answer.messages:
                tell(self.knowledge, message)

    def _mind_recovery(self) -> None:
        recovery = self._recovery
        if recovery is None or recovery.code is None:
            return
        self._recovery = None
        if recovery.code == 0:
            self.open(self.path, self._experiment)
        else:
            self._refuse(recovery.last_words())
        recovery.close()

    def _refuse(self, why: str) -> None:
        self.state, self.why = "refused", why
        self.player.play(False)

    @property
    def name(self) -> str:
        """What is open, short."""
        return Path(self.path).name

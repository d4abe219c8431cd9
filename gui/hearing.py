"""One session that runs, as it is heard and read: attaches to it, feeds what is known of it, hands on orders. No Qt, never waits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from wavestim.controller.errors import WavestimError
from wavestim.controller.live.rendezvous import Meeting
from wavestim.gui.eventlog import EventLog
from wavestim.gui.facts import facts_of
from wavestim.gui.hindsight import Hindsight
from wavestim.gui.history import History
from wavestim.gui.knowledge import Knowledge
from wavestim.gui.link import Link
from wavestim.gui.rig import Rig

LOOK_S = 0.1


class Hearing:
    """See the module.

    Parameters
    ----------
    rig : Rig
        The process whose session it is; who started it takes control.
    log : EventLog
    link : callable
        How it is heard; another one in tests.

    Attributes
    ----------
    knowledge : of the session; None before it is attached to.
    trouble : why it cannot be attached to, in words.
    """

    def __init__(self, rig: Rig, log: EventLog, link: Callable[[Meeting], Link] = Link) -> None:
        self._rig, self._log, self._attach = rig, log, link
        self.knowledge: Knowledge | None = None
        self.trouble = ""
        self._link: Link | None = None
        self._history: History | None = None
        self._hindsight: Hindsight | None = None
        self._next_look_s = -math.inf

    @property
    def in_control(self) -> bool:
        """Orders of this window are carried out."""
        return self._link is not None and self._link.in_control

    def order(self, order: str, **more: Any) -> None:
        """Give an order, once it is attached to; why it was refused comes into the log."""
        if self._link is not None:
            self._link.order(order, **more)

    def turn(self, now_s: float) -> None:
        """Once a frame: what was said, what was not heard, and what turned out afterwards."""
        if self._link is None and now_s >= self._next_look_s and self._rig.alive:
            self._next_look_s = now_s + LOOK_S
            self._look(now_s)
        link, knowledge = self._link, self.knowledge
        if link is None or knowledge is None:
            return
        for message in link.heard():
            knowledge.hear(*message, now_s)
        knowledge.turn(now_s)
        for text in link.refused():
            self._log.say(knowledge.last_s, text, "warn")
        if self._history is not None:
            self._history.turn(knowledge.streams, now_s, knowledge.read)
        if self._hindsight is not None:
            for found in self._hindsight.turn(knowledge.new_light(), knowledge.last_sample):
                knowledge.phases.add(*found)

    def close(self) -> None:
        """Let go; the session goes on."""
        for thread in (self._link, self._history, self._hindsight):
            if thread is not None:
                thread.close()

    def _look(self, now_s: float) -> None:
        """Attach, where that can be done by now."""
        meeting = self._rig.look()
        if meeting is None:
            return
        try:
            facts = facts_of(meeting.about)
        except (WavestimError, OSError) as error:
            self.trouble = str(error)
            return
        self.trouble, self.knowledge = "", Knowledge(facts, self._log)
        self.knowledge.heard_s = self.knowledge.told_s = now_s
        self._link = self._attach(meeting)
        if self._rig.child is not None:  # who started it has control until somebody takes it
            self._link.order("take")
        self._history, self._hindsight = History(self._rig.session), Hindsight(self._rig.session, facts)

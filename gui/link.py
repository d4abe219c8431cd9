"""The thread that hears a running session and hands on orders, so that nothing the rig does can hold up the window."""

from __future__ import annotations

import os
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import zmq
from wavestim.controller.errors import WavestimError
from wavestim.controller.live.client import Attached, NoAnswerError
from wavestim.controller.live.rendezvous import Meeting, alive
from wavestim.controller.live.wire import Arrays, WireError
from wavestim.gui import words

Message = tuple[str, dict[str, Any], Arrays]
TROUBLE = (WavestimError, WireError, zmq.ZMQError)
"""With the other end; this one goes on."""
HEAR_MS = 10
KEEP_S = 1.0
MOST = 5000
"""Messages that wait for a window that does not look; older ones are lost to it."""
AGAIN_S = 1.0
"""A rig that did not answer is asked again so much later: it may have been learning."""
LIGHT, LATE_S = ("run", "resume", "test"), 1.0
"""Orders that lead to light are for the moment at which they were given: those that had to wait for so long are not handed on."""


class Link:
    """Attached to one session.

    Parameters
    ----------
    meeting : Meeting
    attach : callable
        How; another one in tests.
    """

    def __init__(self, meeting: Meeting, attach: Callable[[Meeting], Attached] = Attached) -> None:
        self.meeting = meeting
        self.name = words.window_name(socket.gethostname(), os.getpid())
        self._attach = attach
        self._heard: deque[Message] = deque(maxlen=MOST)
        self._orders: queue.SimpleQueue[tuple[float, str, dict[str, Any]]] = queue.SimpleQueue()
        self._refused: deque[str] = deque(maxlen=20)
        self.in_control = False
        """Orders of this window are carried out."""
        self._over = False
        """The session has ended: nobody answers any more."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    def order(self, order: str, **more: Any) -> None:
        """Give an order in control; why it was refused comes with ``refused``."""
        self._orders.put((time.monotonic(), order, more))

    def heard(self) -> list[Message]:
        """What has come since the last time, oldest first."""
        return [self._heard.popleft() for _ in range(len(self._heard))]

    def refused(self) -> list[str]:
        """Orders that were not carried out since the last time, in words."""
        return [self._refused.popleft() for _ in range(len(self._refused))]

    def close(self) -> None:
        """Lets go; the session goes on."""
        self._closing.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                there = self._attach(self.meeting)
            except TROUBLE as error:
                self._refused.append(str(error))
                if not alive(self.meeting.about.pid):
                    return
                self._closing.wait(AGAIN_S)
                continue
            with there:
                self._listen(there)

    def _listen(self, there: Attached) -> None:
        """Until it is closed."""
        self._heard.append(("status", there.hello.get("status", {}), {}))
        next_keep_s = 0.0
        while not self._closing.is_set():
            try:
                heard = there.hear(HEAR_MS)
                self._over = self._over or any(topic == "end" for topic, _, _ in heard)
                self._heard.extend(heard)
                while not self._orders.empty():
                    self._give(there, *self._orders.get())
                if self.in_control and not self._over and time.monotonic() >= next_keep_s and there.alive:
                    next_keep_s = time.monotonic() + KEEP_S
                    self._keep(there)
            except TROUBLE as error:
                self._refused.append(str(error))

    def _keep(self, there: Attached) -> None:
        """Still there; unless somebody has taken over. A rig that only has no time to answer has taken nothing away."""
        try:
            there.order("keep")
        except NoAnswerError:
            return
        except WavestimError as error:
            self._refused.append(words.control_lost(str(error)))
            self.in_control = False

    def _give(self, there: Attached, given_s: float, order: str, more: dict[str, Any]) -> None:
        """Anything but ``take`` takes control first, where nobody has it."""
        if order in LIGHT and time.monotonic() - given_s > LATE_S:
            self._refused.append(words.too_late(order))
            return
        if order == "take" or not self.in_control:
            there.order("take", name=self.name, over=order == "take" and bool(more.get("over")))
            self.in_control = True
        if order != "take":
            there.order(order, **more)

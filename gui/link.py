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
from wavestim.controller.live.client import Attached
from wavestim.controller.live.rendezvous import Meeting
from wavestim.controller.live.wire import Arrays, WireError
from wavestim.gui import words

Message = tuple[str, dict[str, Any], Arrays]
HEAR_MS = 10
KEEP_S = 1.0
MOST = 5000
"""Messages that wait for a window that does not look; older ones are lost to it."""


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
        self._orders: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self._refused: deque[str] = deque(maxlen=20)
        self.in_control = False
        """Orders of this window are carried out."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)
        self._thread.start()

    def order(self, order: str, **more: Any) -> None:
        """Give an order in control; why it was refused comes with ``refused``."""
        self._orders.put((order, more))

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
        try:
            there = self._attach(self.meeting)
        except (WavestimError, zmq.ZMQError) as error:
            self._refused.append(str(error))
            return
        with there:
            self._heard.append(("status", there.hello.get("status", {}), {}))
            next_keep_s = 0.0
            while not self._closing.is_set():
                self._hear(there)
                try:
                    while not self._orders.empty():
                        self._give(there, *self._orders.get())
                    if self.in_control and time.monotonic() >= next_keep_s and there.alive:
                        next_keep_s = time.monotonic() + KEEP_S
                        self._keep(there)
                except WavestimError as error:
                    self._refused.append(str(error))

    def _keep(self, there: Attached) -> None:
        """Still there; unless somebody has taken over."""
        try:
            there.order("keep")
        except WavestimError as error:
            self._refused.append(words.control_lost(str(error)))
            self.in_control = False

    def _give(self, there: Attached, order: str, more: dict[str, Any]) -> None:
        """Anything but ``take`` takes control first, where nobody has it."""
        if order == "take" or not self.in_control:
            there.order("take", name=self.name, over=order == "take" and bool(more.get("over")))
            self.in_control = True
        if order != "take":
            there.order(order, **more)

    def _hear(self, there: Attached) -> None:
        try:
            self._heard.extend(there.hear(HEAR_MS))
        except WireError as error:
            self._refused.append(str(error))

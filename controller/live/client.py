"""The other end: attaches to a running session, hears what it publishes, gives orders."""

from __future__ import annotations

import secrets
from types import TracebackType
from typing import Any

import zmq
from wavestim.controller.live import wire
from wavestim.controller.live.rendezvous import AttachError, Meeting, alive

ANSWER_MS = 5000
"""The rig answers between two turns, and learning a calibration is a long one."""


class NoAnswerError(AttachError):
    """The session said nothing for a while; it may be busy, or gone."""


class Attached:
    """A running session, from outside.

    Parameters
    ----------
    meeting : Meeting
        See :func:`wavestim.controller.live.rendezvous.find`.
    topics : tuple of str
        What to hear; everything unless told.

    Raises
    ------
    AttachError
        When the session does not answer, or speaks another version.
    """

    def __init__(self, meeting: Meeting, topics: tuple[str, ...] = ("",)) -> None:
        self.meeting, self.token = meeting, secrets.token_hex(8)
        if meeting.about.version != wire.VERSION:
            raise AttachError(
                f"{meeting.about.session} speaks version {meeting.about.version} of the messages, this program {wire.VERSION}; "
                "use one version of wavestim"
            )
        self._context: zmq.Context[Any] = zmq.Context()
        self._heard = self._context.socket(zmq.SUB)
        self._heard.setsockopt(zmq.RCVHWM, 0)
        for topic in topics:
            self._heard.subscribe(topic)
        self._heard.connect(meeting.telemetry)
        self._orders = self._asking()
        try:
            self.hello = self.order("hello")
        except (AttachError, wire.WireError):
            self.close()
            raise

    def order(self, order: str, **more: Any) -> dict[str, Any]:
        """Give an order and return the answer.

        Raises
        ------
        NoAnswerError
            When there is no answer.
        AttachError
            When the order was refused; the message says why.
        WireError
            When the answer is none.
        """
        self._orders.send(wire.dump({"order": order, "by": self.token, **more}))
        if not self._orders.poll(ANSWER_MS):
            self._orders.close(0)
            self._orders = self._asking()
            raise NoAnswerError(
                f"{self.meeting.about.session} does not answer; its process may have ended: wavestim recover finishes the session"
            )
        answer = wire.load(self._orders.recv())
        if not answer.pop("ok", False):
            raise AttachError(f"{order}: {answer.get('error', 'refused')}")
        return answer

    def hear(self, timeout_ms: int = 0) -> list[tuple[str, dict[str, Any], wire.Arrays]]:
        """Messages that have come, oldest first; waits for the first so long."""
        out: list[tuple[str, dict[str, Any], wire.Arrays]] = []
        while self._heard.poll(timeout_ms if not out else 0):
            out.append(wire.unpack(self._heard.recv_multipart()))
        return out

    @property
    def alive(self) -> bool:
        """The rig process is there."""
        return alive(self.meeting.about.pid)

    def close(self) -> None:
        self._heard.close(0)
        self._orders.close(0)
        self._context.term()

    def __enter__(self) -> Attached:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _asking(self) -> zmq.Socket[Any]:
        asking: zmq.Socket[Any] = self._context.socket(zmq.REQ)
        asking.connect(self.meeting.control)
        return asking

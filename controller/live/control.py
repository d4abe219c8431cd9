"""Takes orders for a running session: from anybody who is attached to stop, from the one who has taken control for everything else.

Orders are one JSON object, ``{"order": …, "by": TOKEN}``, answers ``{"ok": true, …}`` or ``{"ok": false, "error": …}``. Control is
taken with a token of the taker's choice and held until it is given back, or until its holder has been silent for :data:`SILENT_S`.

=========  ===========================================================================
order      does
=========  ===========================================================================
hello      says what runs here, and whether somebody has control
take       takes control, when nobody has it; with ``"over": true`` from whoever has it. ``name`` says who takes it, for the others
give       gives it back
keep       is still there
stop       dark at once, then the end of the session; from anybody
run        the second of two steps to light: what is armed may run
pause      no more light; the recording goes on
resume     light again after a pause
mark       writes ``text`` into the journal
test       light by hand, once: one ``led`` or the pattern of a ``condition``
mock       changes the mock rig; no real one takes it
end        ends the session in order
=========  ===========================================================================
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import zmq
from wavestim.controller.live.wire import WireError, dump, load

SILENT_S = 5.0
FREE = ("hello", "take", "stop")
"""Orders that need no control."""
LONGEST_NAME = 80
MOST = 64
"""Orders that are answered in one turn."""

Order = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]


class OrderError(ValueError):
    """An order cannot be carried out now: one sentence."""


class Control:
    """The rig's end of the orders.

    Parameters
    ----------
    address : str
        Where to bind.
    orders : mapping of name to callable
        What each of them does, ``take``, ``give`` and ``keep`` aside; they get the order, may return what the
        answer is to hold, and raise :class:`OrderError`.
    context : zmq.Context, optional
    """

    def __init__(self, address: str, orders: Mapping[str, Order], context: zmq.Context[Any] | None = None) -> None:
        self._orders = dict(orders)
        self._holder: str | None = None
        self._name = ""
        self._heard_ns = 0
        self._socket = (context or zmq.Context.instance()).socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 200)
        self._socket.bind(address)

    @property
    def held(self) -> bool:
        """Somebody has control."""
        return self._holder is not None

    @property
    def holder(self) -> str:
        """Who has control, in the words of whoever took it; empty when nobody has."""
        return self._name if self.held else ""

    def turn(self, now_ns: int) -> None:
        """Answer what has come in. Never waits."""
        if self._holder is not None and now_ns - self._heard_ns > SILENT_S * 1e9:
            self._holder = None
        for _ in range(MOST):
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            answer = self._answer(frames[-1], now_ns)
            with contextlib.suppress(zmq.Again):  # whoever asked is gone
                self._socket.send_multipart([*frames[:-1], dump(answer)], zmq.NOBLOCK)

    def close(self) -> None:
        self._socket.close()

    def _answer(self, frame: bytes, now_ns: int) -> dict[str, Any]:
        try:
            order = load(frame)
            name, by = order.get("order"), order.get("by")
            if not isinstance(name, str) or name not in {*self._orders, "take", "give", "keep"}:
                raise OrderError(f"no such order: {name!r}; orders: {', '.join(sorted({*self._orders, 'take', 'give', 'keep'}))}")
            if not isinstance(by, str) or not by:
                raise OrderError("an order says who gives it: 'by' is missing")
            if name not in FREE and by != self._holder:
                raise OrderError("somebody else has control" if self._holder else "nobody has control; take it first")
            if by == self._holder:
                self._heard_ns = now_ns
            return {"ok": True, **self._carry_out(name, by, order, now_ns)}
        except (OrderError, WireError) as error:
            return {"ok": False, "error": str(error)}

    def _carry_out(self, name: str, by: str, order: Mapping[str, Any], now_ns: int) -> Mapping[str, Any]:
        if name == "take":
            over, who = order.get("over", False), order.get("name", "another program")
            if not isinstance(over, bool) or not isinstance(who, str) or not 0 < len(who) <= LONGEST_NAME or not who.isprintable():
                raise OrderError(f"whoever takes control has a name of 1 to {LONGEST_NAME} characters; 'over' is true or false")
            if self._holder not in (None, by) and not over:
                raise OrderError("somebody else has control")
            self._holder, self._name, self._heard_ns = by, who, now_ns
        elif name == "give":
            self._holder = None
        elif name in self._orders:
            return self._orders[name](order) or {}
        return {}

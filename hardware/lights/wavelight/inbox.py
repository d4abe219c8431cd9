"""What the board says, made into events: answers joined to their fires, device ticks to nanoseconds, lost events asked for again."""

from __future__ import annotations

import struct
from collections import deque

from wavestim.hardware.lights._base import ClockSample, LightEvent
from wavestim.hardware.lights.wavelight import words as w
from wavestim.hardware.lights.wavelight.link import Link

FORGET_PING_NS = 1_000_000_000
REPLAY_WAIT_NS = 20_000_000
OVERDUE_NS = 250_000_000
"""A fire without its end this long after its start (patterns last at most 200 ms): the board is asked to say it again."""
GIVE_UP_NS = 500_000_000
"""A fire without any end this long after its start is reported as lost."""


class Inbox:
    """The single reader of a line.

    Parameters
    ----------
    link : Link
        The line.
    byte_ns : int
        Known time of a byte on the wire, ns.
    reply_timeout_ns : int
        After this long without an acknowledgement a fire is repeated once.
    """

    def __init__(self, link: Link, byte_ns: int, reply_timeout_ns: int) -> None:
        self.link = link
        self.byte_ns = byte_ns
        self.reply_timeout_ns = reply_timeout_ns
        self.min_lead_ns = 0
        self.tick_ns = 500
        self.answers: dict[int, tuple[int, bytes]] = {}
        """Answers to control commands by seq; the driver takes them out."""
        self.events: deque[LightEvent] = deque()
        self.samples: deque[ClockSample] = deque()
        self.pings: dict[int, tuple[int, int, int]] = {}
        """seq -> (cookie, host time before the write, bytes on the wire)."""
        self.frames = 0
        self.mute = False
        """A ping had no answer, nor has anything else come since."""
        self._heard_ns = 0
        self._tick: int | None = None
        self._anchor: tuple[int, int] | None = None
        self._next_event: int | None = None
        self._replay: tuple[int, int] | None = None
        self._told_gone = False

    def device_ns(self, tick: int) -> int:
        """Unwrap a 32-bit device tick, ns on the board's clock; needs contact within half a wrap. The first tick is taken as it is."""
        before = tick if self._tick is None else self._tick
        self._tick = before + ((tick - before + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        return self._tick * self.tick_ns

    def expect(self, number: int) -> None:
        """The number of the board's next event, as ARM tells it: so the loss of the very first one is noticed."""
        if self._next_event is None:
            self._next_event = number

    def restart(self, next_event: int | None = None) -> None:
        """The board's clock starts again, and its events go on at a number; None: at any."""
        self._tick, self._anchor, self._next_event, self._replay = None, None, next_event, None
        self.mute = False
        for seq in self.pings:
            self.link.release(seq)
        self.pings.clear()

    def reattach(self) -> None:
        """The line was lost and is back: what was open on it has no end, and the board may be another."""
        for seq in self.link.open_fires():
            fire = self.link.fire_of(seq)
            if fire is not None:
                self._event("lost", fire[0], self.link.now_ns(), on=fire[3], reason="line", dark=bool(fire[2] & w.DARK))
        self.link.attach()
        self.answers.clear()
        self.restart()
        self._told_gone = False

    def told_mute(self) -> None:
        """The board was told to be dark because it is mute."""
        self._event("safe", -1, self.link.now_ns(), reason="no-answer")

    def pump(self) -> None:
        """Take in everything that has come."""
        for host_ns, kind, seq, payload in self.link.read():
            self.frames += 1
            self._heard_ns, self.mute = host_ns, False
            try:
                self._take(host_ns, kind, seq, payload)
            except struct.error:
                continue  # a frame of a wrong size for its type: from another program or version
        if self.link.gone and not self._told_gone:
            self._told_gone = True
            self._event("lost", -1, self.link.now_ns(), reason="line")
        self._tend()

    def _take(self, host_ns: int, kind: int, seq: int, payload: bytes) -> None:
        if kind == w.Reply.ACK:
            for_type, now = w.ACK.unpack_from(payload)
            self._anchor = (self.device_ns(now), host_ns)
            fire = self.link.fire_of(seq)
            if for_type == w.Command.FIRE_AT and fire is not None:
                if not fire[5]:
                    self.link.acked(seq)
                    self._event("acked", fire[0], host_ns, on=fire[3], dark=bool(fire[2] & w.DARK))
            elif for_type == w.Command.REPLAY:
                self._comes_from(host_ns, *w.NUMBER.unpack_from(payload, w.ACK.size))
            else:
                self.answers[seq] = (kind, payload)
        elif kind == w.Reply.NACK:
            for_type, code, now, detail = w.NACK.unpack(payload)
            at_ns = self.device_ns(now)
            self._anchor = (at_ns, host_ns)
            fire = self.link.fire_of(seq)
            if fire is None:
                self.answers[seq] = (kind, payload)
            elif code == w.CRC and not fire[5]:
                self._again(seq, fire[3])  # damaged on the wire: the same frame once more, at once
            elif code == w.LATE and fire[6] and at_ns >= fire[3]:
                self.ask_events()  # it was said twice, and the board may have forgotten that it has fired
            elif for_type == w.Command.FIRE_AT and not fire[5]:
                self.link.release(seq)
                self._event("refused", fire[0], host_ns, on=fire[3], reason=w.nack_word(code), detail=detail, dark=bool(fire[2] & w.DARK))
                if code == w.NOT_ARMED:
                    self.ask_events()  # why it is not may have been lost
        elif kind == w.Reply.PONG:
            self._pong(host_ns, seq, len(payload), *w.PONG.unpack(payload))
        elif kind == w.Reply.HELLO or (kind == w.Reply.STATUS and len(payload) == w.STATUS.size):
            self.answers[seq] = (kind, payload)
        elif 0xC0 <= kind <= 0xC4 and self._in_order(host_ns, *w.NUMBER.unpack_from(payload)):
            self._news(host_ns, kind, payload)

    def _pong(self, host_ns: int, seq: int, n: int, cookie: int, rx: int, tx: int) -> None:
        asked = self.pings.pop(seq, None)
        if asked is None:
            return
        self.link.release(seq)
        if asked[0] != cookie:
            return
        t_rx, t_tx = self.device_ns(rx), self.device_ns(tx)
        self._anchor = (t_tx, host_ns)
        back = n + 6  # type, seq, CRC, COBS code, delimiter
        self.samples.append(ClockSample(asked[1], t_rx, t_tx, host_ns, asked[2] * self.byte_ns, back * self.byte_ns, self.tick_ns))

    def _in_order(self, host_ns: int, number: int) -> bool:
        """Events count up; after a gap the board is asked once to repeat what is missing, and what was seen is not taken twice."""
        if self._next_event is None:
            self._next_event = number
        ahead = ((number - self._next_event + 0x8000) & 0xFFFF) - 0x8000
        if ahead < 0:
            return False
        if ahead > 0:
            if self._replay is None or self._replay[0] != self._next_event:
                self.ask_events()
                return False
            if host_ns - self._replay[1] < REPLAY_WAIT_NS:
                return False
            self._event("lost", -1, host_ns, reason="events", detail=ahead)
        self._next_event = (number + 1) & 0xFFFF
        return True

    def ask_events(self) -> None:
        """Ask the board for its events from the next one on; not again while an answer may be on its way."""
        now, number = self.link.now_ns(), self._next_event
        if number is None or (self._replay is not None and self._replay[0] == number and now - self._replay[1] < REPLAY_WAIT_NS):
            return
        seq, frame = self.link.encode(w.Command.REPLAY, number.to_bytes(2, "little"))
        self.link.write(frame)
        self.link.release(seq)
        self._replay = (number, now)

    def _comes_from(self, host_ns: int, number: int) -> None:
        """The first event that the board still has: what lies before it is lost."""
        if self._next_event is not None and 0 < (missing := (number - self._next_event) & 0xFFFF) < 0x8000:
            self._event("lost", -1, host_ns, reason="events", detail=missing)
            self._next_event = number

    def _news(self, host_ns: int, kind: int, payload: bytes) -> None:
        if kind == w.Reply.FIRED:
            _, seq, _slot, _gen, on, off, result, mask = w.FIRED.unpack(payload)
            fire = self.link.fire_of(seq)
            if fire is not None:
                self.link.release(seq)
            dark = bool(fire[2] & w.DARK) if fire is not None else mask == w.NOTHING_LIT
            decision = fire[0] if fire is not None else -1
            on_ns, off_ns = self.device_ns(on), self.device_ns(off)
            self._event("fired", decision, host_ns, on=on_ns, off=off_ns, dark=dark, cut=bool(result & 1))
        elif kind == w.Reply.DROPPED:
            _, seq, code, at = w.DROPPED.unpack(payload)
            fire = self.link.fire_of(seq)
            if fire is not None:
                self.link.release(seq)
            decision, dark, on_ns = (fire[0], bool(fire[2] & w.DARK), fire[3]) if fire is not None else (-1, False, self.device_ns(at))
            self._event("dropped", decision, host_ns, on=on_ns, reason=w.dropped_word(code), dark=dark)
        elif kind == w.Reply.SAFE:
            _, cause, at, lit = w.SAFE.unpack(payload)
            self._event("safe", -1, host_ns, on=self.device_ns(at), reason=w.cause_word(cause), detail=lit)
        elif kind == w.Reply.TTL_IN:
            _, line, level, at = w.TTL_IN.unpack(payload)
            self._event("ttl", -1, host_ns, on=self.device_ns(at), detail=line * 256 + level)
        else:
            self._event("log", -1, host_ns, reason=payload[2:].decode("ascii", "replace"))

    def _event(
        self, kind: str, decision: int, host_ns: int, *, on: int = 0, off: int = 0, reason: str = "", detail: int = 0,
        dark: bool = False, cut: bool = False,
    ) -> None:  # fmt: skip
        self.events.append(LightEvent(kind, decision, host_ns, on, off, reason, detail, dark, cut))

    def _device_now(self) -> int | None:
        return None if self._anchor is None else self._anchor[0] + self.link.now_ns() - self._anchor[1]

    def _again(self, seq: int, device_ns: int) -> None:
        fire, now = self.link.fire_of(seq), self._device_now()
        if fire is not None and not fire[6] and now is not None and device_ns - now > self.min_lead_ns + 20 * self.byte_ns:
            self.link.fire_again(seq)

    def _tend(self) -> None:
        now = self.link.now_ns()
        for seq in self.link.open_fires():
            fire, device_now = self.link.fire_of(seq), self._device_now()
            if fire is None:
                continue
            silent = now - fire[4]
            if not fire[5] and not fire[6] and silent > self.reply_timeout_ns:
                self._again(seq, fire[3])
            over = device_now - fire[3] if device_now is not None else silent - 2_000_000_000
            if over > OVERDUE_NS and fire[5]:
                self.ask_events()
            if over > GIVE_UP_NS and silent > GIVE_UP_NS:
                self.link.release(seq)
                self._event("lost", fire[0], now, on=fire[3], reason="no-answer", dark=bool(fire[2] & w.DARK))
        for seq in [s for s, p in self.pings.items() if now - p[1] > FORGET_PING_NS]:
            self.mute |= self._heard_ns < self.pings.pop(seq)[1]
            self.link.release(seq)

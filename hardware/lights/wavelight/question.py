"""Questions to a board: a command goes out, its one answer comes back, and what is not an answer becomes a sentence."""

from __future__ import annotations

from wavestim.hardware.lights._base import LightError
from wavestim.hardware.lights.wavelight import words as w
from wavestim.hardware.lights.wavelight.inbox import Inbox
from wavestim.hardware.lights.wavelight.link import Link

TRIES = 3
"""How often a question is asked."""


class Questions:
    """Asks one board, one question at a time: whoever shares it among threads locks.

    Parameters
    ----------
    link : Link
        The line.
    inbox : Inbox
        Its reader.
    where : str
        Name of the line for messages.
    answer_ns : int
        How long an answer may take before the question is repeated, ns.
    """

    def __init__(self, link: Link, inbox: Inbox, where: str, answer_ns: int) -> None:
        self.link, self.inbox, self.where, self.answer_ns = link, inbox, where, answer_ns

    def ask(self, command: w.Command, payload: bytes, what: str, tries: int = TRIES) -> bytes:
        """Send a command and wait for its answer; without one the frame is repeated, which the board recognises.

        Raises
        ------
        LightError
            It refuses, is silent, is gone, or is no wavelight board.
        """
        before, bad = self.inbox.frames, self.link.bad_frames
        seq, frame = self.link.encode(command, payload)
        self.inbox.answers.pop(seq, None)  # an answer that came too late for an earlier owner of this number
        try:
            for _ in range(tries):
                self.link.write(frame)
                answer = self._await(command, seq, self.link.now_ns() + self.answer_ns)
                if answer is not None:
                    return answer
                if self.link.gone:
                    raise LightError(f"the light at {self.where} is gone ({what}): the line was closed; plug it in and open it again")
                self.link.write(b"\0")
        except _RefusalError as no:
            raise self._refusal(what, no) from None
        finally:
            self.link.release(seq)
            self.inbox.answers.pop(seq, None)
        if command == w.Command.HELLO and (self.inbox.frames > before or self.link.bad_frames > bad):
            raise self.stranger()
        waited = tries * self.answer_ns / 1e9
        raise LightError(f"no answer from the light at {self.where} ({what}) in {waited:g} s; it should be a wavelight board, powered")

    def number(self, command: w.Command, payload: bytes, what: str, size: int) -> int:
        """The number of ``size`` bytes behind the ACK of a command."""
        extra = self.ask(command, payload, what)[w.ACK.size :]
        if len(extra) < size:
            raise self.stranger()
        return int.from_bytes(extra[:size], "little")

    def stranger(self) -> LightError:
        """Something answers, and not as a board does."""
        return LightError(f"what answers at {self.where} is not a wavelight board; name the port of one")

    def _await(self, command: w.Command, seq: int, deadline: int) -> bytes | None:
        while True:
            self.inbox.pump()
            found = self.inbox.answers.pop(seq, None)
            if found is not None:
                kind, payload = found
                if kind in (w.Reply.ACK, w.Reply.NACK) and payload[0] != command and not (kind == w.Reply.NACK and payload[1] == w.CRC):
                    continue  # the answer to another question under the same number
                if kind != w.Reply.NACK:
                    return payload
                _, code, _, detail = w.NACK.unpack(payload)
                if code != w.CRC:
                    raise _RefusalError(code, detail)
                return None  # damaged on the wire
            left = deadline - self.link.now_ns()
            if left <= 0 or self.link.gone:
                return None
            self.link.wait(left)

    def _refusal(self, what: str, no: _RefusalError) -> LightError:
        if w.nack_word(no.code) == "protocol-version":
            mine = f"this driver version {w.PROTO}; update one of them"
            return LightError(f"the board at {self.where} speaks version {no.detail} of WL1, {mine}")
        return LightError(f"the light at {self.where} refused {what}: {w.explain(w.nack_word(no.code))}, detail {no.detail}")


class _RefusalError(Exception):
    """An answer: the board takes no such thing."""

    def __init__(self, code: int, detail: int) -> None:
        self.code, self.detail = code, detail

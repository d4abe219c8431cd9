"""Questions and answers over a serial line outside of sessions; an answer that is missing or wrong is told in a sentence."""

from __future__ import annotations

import os
import select
import time

import serial
from wavestim.hardware.lights._base import LightError
from wavestim.hardware.lights._ports import open_port

QUIET_S = 0.02
SETTLE_TRIES = 10


class Line:
    """An open serial line to one board.

    Parameters
    ----------
    kind : str
        Of the light.
    what : str
        What should be at its other end, with its article.
    port : str
        Device name.
    baud : int
        Line rate.
    answer_s : float
        How long an answer may take, s.
    """

    def __init__(self, kind: str, what: str, port: str, baud: int, *, answer_s: float) -> None:
        self.what, self.where, self._answer_s = what, port, answer_s
        self._serial: serial.Serial | None = open_port(kind, port, baud)
        self.fd: int = self._serial.fileno()
        os.set_blocking(self.fd, False)
        self._poll = select.poll()
        self._poll.register(self.fd, select.POLLIN)

    def say(self, words: bytes) -> None:
        """Write, whole or not at all.

        Raises
        ------
        LightError
            The line takes nothing: it is gone.
        """
        try:
            if os.write(self.fd, words) == len(words):
                return
        except OSError:
            pass
        raise self.gone()

    def ask(self, question: bytes, *, n: int = 0, end: bytes = b"", tries: int = 1) -> bytes:
        """Say something and return the answer: so many bytes, or all up to ``end``.

        Parameters
        ----------
        question : bytes
        n : int
            Length of the answer.
        end : bytes
            Ends an answer of no fixed length; not returned.
        tries : int
            A board that opening the port has reset may miss the first.

        Raises
        ------
        LightError
            No answer in time, or the line is gone.
        """
        heard, wrong = b"", 0
        for _ in range(tries):
            self.drop()
            self.say(question)
            heard = self._hear(n, end, self._answer_s)
            if (end and heard.endswith(end)) or (n and len(heard) == n):
                return heard.removesuffix(end)
            wrong += bool(heard)
            if wrong > 1:
                break
        if heard:
            raise self.wrong(heard)
        waited = tries * self._answer_s
        raise LightError(f"no answer from {self.where} in {waited:g} s: it should be {self.what}, powered and with its own firmware")

    def settle(self) -> None:
        """Let answers to what was said before arrive, and forget them."""
        for _ in range(SETTLE_TRIES):
            if not self.listen(QUIET_S):
                return

    def listen(self, seconds: float) -> bytes:
        """What comes within so many seconds, at most the first 256 bytes."""
        return self._hear(256, b"", seconds)

    def heard(self) -> bytes:
        """What has come, without waiting for more.

        Raises
        ------
        LightError
            The line is gone.
        """
        if any(what & ~select.POLLIN for _, what in self._poll.poll(0)):
            raise self.gone()
        try:
            return os.read(self.fd, 256)
        except BlockingIOError:
            return b""
        except OSError:
            raise self.gone() from None

    def _hear(self, n: int, end: bytes, seconds: float) -> bytes:
        heard, deadline = b"", time.monotonic() + seconds
        while len(heard) < (n or 256) and not (end and heard.endswith(end)):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            if any(what & ~select.POLLIN for _, what in self._poll.poll(left * 1e3)):
                raise self.gone()
            try:
                heard += os.read(self.fd, 1 if end else n - len(heard))
            except BlockingIOError:
                continue
            except OSError:
                raise self.gone() from None
        return heard

    def drop(self) -> None:
        """Forget what has come."""
        try:
            while os.read(self.fd, 256):
                pass
        except BlockingIOError:
            pass
        except OSError:
            raise self.gone() from None

    def wrong(self, heard: bytes) -> LightError:
        """The error for an answer that nothing of this kind gives."""
        return LightError(f"what answers at {self.where} is not {self.what}: it said {heard[:24]!r}; name the port of one")

    def gone(self) -> LightError:
        """The error for a line that has hung up."""
        return LightError(f"the light at {self.where} is gone: the line was closed; plug it in and open it again")

    def close(self) -> None:
        if self._serial is not None:
            self._serial.close()
            self._serial = None

"""The command port of Intan RHX: `set` and `execute` are silent unless refused, `get` answers, and nothing ends a message.

So a refusal is only heard by asking something afterwards: what comes before the answer is what RHX had to say.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable
from typing import Self

from wavestim.hardware.sources._live import LiveError

PATIENCE_S = 3.0
QUIET_S = 0.03
"""An answer is whole when nothing follows it for so long."""
MOST_BYTES = 1500
"""Of commands in one go."""
RETURN = "Return: "


def split_answer(text: str, name: str) -> tuple[str | None, str]:
    """The value that was asked for, or None, and whatever else was said.

    Parameters
    ----------
    text : str
        All that came.
    name : str
        The parameter; RHX repeats it before the value, except for its clock.
    """
    before, there, after = text.rpartition(RETURN)
    if not there:
        return None, text.strip()
    said = after.strip()
    if said.lower().startswith(name.lower()):
        said = said[len(name) :].strip()
    return said, before.strip()


class RefusedError(LiveError):
    """RHX has answered, and does not do it."""


class Commands:
    """A connection to the command port.

    Parameters
    ----------
    host, port

    Raises
    ------
    LiveError
        When nobody is there.
    """

    def __init__(self, host: str, port: int) -> None:
        self.where = f"rhx {host}:{port}"
        self.host = host
        try:
            self._socket = socket.create_connection((host, port), timeout=PATIENCE_S)
        except OSError as error:
            raise LiveError(
                f"{self.where}: nobody answers ({error.strerror or error}); start RHX, open Network > Remote TCP Control and press Connect"
            ) from None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, name: str, whole: tuple[str, ...] = ()) -> str:
        """The value of a parameter.

        Parameters
        ----------
        name : str
        whole : tuple of str
            Values, in lower case, that an answer can end with: then nothing more is waited for.

        Raises
        ------
        LiveError
            When RHX refused it, or something before it, or says nothing.
        """
        self._send(f"get {name}")
        value, other = split_answer(self._heard(whole), name)
        if value is None or other:
            raise LiveError(f"{self.where}: asked for {name}, RHX says: {other or 'nothing'}")
        return value

    def is_on(self, switch: str) -> bool:
        """Whether a switch is on.

        Raises
        ------
        LiveError
            As :meth:`get`.
        """
        return self.get(switch, whole=("true", "false")).lower() == "true"

    def do(self, commands: Iterable[str]) -> None:
        """Send commands that are silent, and ask something harmless to hear whether one was refused.

        Raises
        ------
        RefusedError
            With what RHX says.
        LiveError
            When it says nothing, or is gone.
        """
        batch = ""
        for command in [*commands, ""]:
            if command and len(batch) + len(command) < MOST_BYTES:
                batch += command + ";"
                continue
            self._send(batch + "get RunMode")
            value, other = split_answer(self._heard(), "RunMode")
            if other or value is None:
                why = RefusedError if other else LiveError
                raise why(f"{self.where}: '{batch.rstrip(';')[:80]}' was refused: {other or 'no answer'}")
            batch = command + ";"

    def _send(self, text: str) -> None:
        try:
            self._socket.sendall(text.encode("latin-1"))
        except OSError as error:
            raise LiveError(f"{self.where}: the connection is gone ({error.strerror or error}); is RHX still running?") from None

    def _heard(self, whole: tuple[str, ...] = ()) -> str:
        """All that comes until it is whole, or quiet after an answer, or patience ends."""
        text, until = "", time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            wait = QUIET_S if RETURN in text else max(0.0, until - time.monotonic())
            if not select.select([self._socket], [], [], wait)[0]:
                break
            try:
                got = self._socket.recv(65536)
            except OSError as error:
                raise LiveError(f"{self.where}: the connection is gone ({error.strerror or error}); is RHX still running?") from None
            if not got:
                raise LiveError(f"{self.where}: RHX closed the connection; press Connect in Network > Remote TCP Control again")
            text += got.decode("latin-1")
            if whole and RETURN in text and text.lower().endswith(whole):
                break
        return text

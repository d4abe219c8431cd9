"""The rig process: started as a child that outlives the window, or found where it runs already."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from wavestim.controller.live.rendezvous import AttachError, Meeting, alive, find
from wavestim.controller.offspring import environment
from wavestim.gui import stop

CLI = (sys.executable, "-m", "wavestim.controller.cli")
LAST_BYTES = 4000
KILLED_S = 5.0
"""So long at most is waited for what was killed: it ends at once, unless it hangs in the kernel."""


class Child:
    """A wavestim command as a process of its own: no signal of the window's terminal reaches it, and its words go to a file.

    Parameters
    ----------
    arguments : of ``wavestim``.
    variables : more of its environment.
    """

    def __init__(self, *arguments: str, **variables: str) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this
        self._process = subprocess.Popen(
            [*CLI, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            start_new_session=True,
            env=environment() | variables,
        )
        self.pid = self._process.pid

    @property
    def code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    def wait(self, at_most_s: float) -> None:
        """Until one that was told to end is gone, or the time is over."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(at_most_s)

    def interrupt(self) -> None:
        """Tell it to end, as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it at once; nothing else, should its number belong to another process by now."""
        self._process.kill()
        self.wait(KILLED_S)

    def close(self) -> None:
        """Let go of what it says; it goes on."""
        self._said.close()

    def words(self, most: int) -> list[str]:
        """The lines that it said, of so many last bytes; where it writes next stays as it is."""
        size = os.fstat(self._said.fileno()).st_size
        text = os.pread(self._said.fileno(), most, max(0, size - most)).decode(errors="replace")
        return [line.strip() for line in text.splitlines() if line.strip()]

    def last_words(self) -> str:
        """The last line that it said."""
        return next(reversed(self.words(LAST_BYTES)), "")


class Rig:
    """One rig process and where its session is.

    Parameters
    ----------
    session : Path
        Its folder.
    child : Child, optional
        When this window started it.
    meeting : Meeting, optional
        When it was found running.
    """

    def __init__(self, session: Path, child: Child | None = None, meeting: Meeting | None = None) -> None:
        self.session, self.child, self.meeting = session, child, meeting

    def look(self) -> Meeting | None:
        """Where it can be attached to, once it can."""
        if self.meeting is None:
            try:
                self.meeting = find(self.session)
            except AttachError:
                return None
        return self.meeting

    @property
    def pid(self) -> int | None:
        """Of its process; None when that is not there."""
        if self.child is not None:
            return self.child.pid if self.child.code is None else None
        if self.meeting is not None and alive(self.meeting.about.pid):
            return self.meeting.about.pid
        return None

    @property
    def alive(self) -> bool:
        """Its process is there."""
        return self.pid is not None

    def press_stop(self) -> bool:
        """The byte; False before there is one."""
        return stop.press(self.session)

    def kill(self) -> None:
        """End it at once; the board goes dark by its watch-dog."""
        if self.child is not None:
            self.child.kill()
        elif self.pid is not None:
            stop.kill(self.pid)


def start(experiment: str, session: Path, *, mock: bool, seconds: float) -> Rig:
    """Start a rig process that arms by itself and waits for RUN."""
    allowed = ["--mock"] if mock else ["--arm"]
    child = Child("run", experiment, *allowed, "--wait", "--pace", "real", "--seconds", f"{seconds:g}", "--out", str(session))
    return Rig(session, child)


def attach(session: Path | None) -> Rig:
    """The rig process that runs in a folder; without one, the only one.

    Raises
    ------
    AttachError
    """
    meeting = find(session)
    return Rig(Path(meeting.about.session), None, meeting)

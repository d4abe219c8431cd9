"""Where running sessions are found: a folder for each, which only their owner can enter, with its sockets and a note of what runs there.

It lies in the user's runtime folder and not in the session folder: a socket's path may not be longer than about a hundred characters.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from wavestim.controller.errors import WavestimError

NOTE, TELEMETRY, CONTROL = "about.json", "telemetry", "control"
LONGEST = 60
"""Bytes of a runtime folder that leave room for the name of a socket in it: 107 are allowed."""


class AttachError(WavestimError):
    """There is no such session to attach to: one sentence, what, where, what would be right."""


@dataclass(frozen=True)
class About:
    """What runs there.

    Attributes
    ----------
    name : of the experiment.
    session : folder, absolute.
    pid : of the rig process.
    fs_hz, n_channels : of the samples.
    positions_mm : of the electrodes, n_channels pairs.
    leds_mm : of the LEDs.
    version : of the messages.
    """

    name: str
    session: str
    pid: int
    fs_hz: float
    n_channels: int
    positions_mm: list[list[float]] = field(default_factory=list)
    leds_mm: list[list[float]] = field(default_factory=list)
    version: int = 1


@dataclass(frozen=True)
class Meeting:
    """A running session's folder."""

    path: Path
    about: About

    @property
    def telemetry(self) -> str:
        """Where it publishes."""
        return f"ipc://{self.path / TELEMETRY}"

    @property
    def control(self) -> str:
        """Where it takes orders."""
        return f"ipc://{self.path / CONTROL}"


def runtime_folder() -> Path:
    """The folder of all meetings, made when it is not there.

    Raises
    ------
    AttachError
        When it belongs to somebody else or others may enter it.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(tempfile.gettempdir()) / f"wavestim-{os.getuid()}"
    if base and Path(base).is_dir() and len(os.fsencode(base)) <= LONGEST:
        folder = Path(base) / "wavestim"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise AttachError(f"{folder} is not a folder of yours alone; remove it, or set XDG_RUNTIME_DIR to one that is")
    return folder


@contextlib.contextmanager
def announced(about: About) -> Iterator[Meeting]:
    """While this lasts the session can be found; afterwards nothing is left of it."""
    folder = Path(tempfile.mkdtemp(prefix=f"{about.pid}-", dir=runtime_folder()))
    try:
        note = folder / (NOTE + ".new")
        note.write_text(json.dumps(asdict(about)), encoding="utf-8")
        note.rename(folder / NOTE)
        yield Meeting(folder, about)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def running() -> list[Meeting]:
    """Sessions that run now, oldest first. What a process that was killed has left is cleared away."""
    found = []
    for folder in sorted(runtime_folder().iterdir(), key=_begun_s):
        try:
            told: dict[str, Any] = json.loads((folder / NOTE).read_text(encoding="utf-8"))
            about = About(**told)
        except (OSError, ValueError, TypeError):
            continue
        if alive(about.pid):
            found.append(Meeting(folder, about))
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return found


def _begun_s(folder: Path) -> float:
    """When a session's folder was written to last; one that has just gone away is first."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def find(session: str | Path | None = None) -> Meeting:
    """The running session in a folder; without one, the only session that runs.

    Raises
    ------
    AttachError
    """
    here = running()
    if session is not None:
        wanted = Path(session).resolve()
        for meeting in here:
            if Path(meeting.about.session) == wanted:
                return meeting
        raise AttachError(f"{wanted}: no session runs there{_others(here)}")
    if len(here) == 1:
        return here[0]
    if not here:
        raise AttachError("no session runs; start one with wavestim run EXPERIMENT --pace real")
    raise AttachError(f"{len(here)} sessions run; name the folder of one{_others(here)}")


def _others(here: list[Meeting]) -> str:
    return "; running: " + ", ".join(m.about.session for m in here) if here else "; none runs at all"


def alive(pid: int) -> bool:
    """The process is there, and not only its entry in the table because nobody asked how it ended."""
    with contextlib.suppress(OSError, IndexError):
        if Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] == "Z":
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

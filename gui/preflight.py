"""A preflight as a process of its own: how far it is, what it found, and its end by STOP. No Qt."""

from __future__ import annotations

import json
import re
import signal
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from wavestim.controller.errors import WavestimError
from wavestim.controller.experiment import Experiment, experiment_hash, load_experiment, mocked
from wavestim.controller.preflight import kept
from wavestim.gui.lamps import Lamp
from wavestim.gui.rig import Child
from wavestim.gui.stop import CONFIRM_S, Stopping
from wavestim.gui.words import preflight as words

MOST_BYTES = 1_000_000
LATELY_BYTES = 300
STAGE = re.compile(r"^preflight: (.+), (\d+) %$")
LOG_LEVELS = {"green": "plain", "amber": "warn", "red": "bad"}


@dataclass(frozen=True)
class Check:
    """One check: its name, ``green``, ``amber`` or ``red``, what was seen, what to do."""

    check: str
    level: str
    what: str
    do: str


class PreflightRun:
    """See the module.

    Parameters
    ----------
    experiment : file or name.
    mock : on the mock rig.
    flash : real LEDs may come on.
    quick : in simulated time, on the mock rig.

    Raises
    ------
    OSError
        When there is no room for another process or its words.

    Attributes
    ----------
    part : of all, 0 to 1.
    stage : in words.
    level : of the worst check; empty while it runs, or when it did not come to an end.
    checks : in their order.
    sha256 : of what the experiment said.
    ended_at : local time.
    trouble : why there is no verdict.
    """

    def __init__(self, experiment: str, *, mock: bool, flash: bool, quick: bool) -> None:
        self.experiment, self.mock, self.flash, self.quick = experiment, mock, flash, quick
        self.part, self.stage, self.level, self.sha256, self.trouble = 0.0, words.STARTING, "", "", ""
        self.name = Path(experiment).stem
        self.checks: tuple[Check, ...] = ()
        self.standing: tuple[Check, ...] = ()
        self.ended_at: datetime | None = None
        self._stopping: Stopping | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="ws", ignore_cleanup_errors=True)
        flags = [*(["--mock"] if mock else []), *(["--arm"] if flash and not mock else []), *(["--pace", "virtual"] if quick else [])]
        try:
            self._child = Child("preflight", experiment, *flags, "--json", TMPDIR=self._folder.name)
        except OSError:
            self._folder.cleanup()
            raise

    @property
    def running(self) -> bool:
        """It has not ended, as far as was looked."""
        return self.ended_at is None

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._child.pid

    @property
    def lamp(self) -> Lamp:
        """Of the light, while it runs."""
        return Lamp("lit", words.MAY_FLASH) if self.mock or self.flash else Lamp("good", words.DARK)

    @property
    def verdict(self) -> str:
        """In one sentence."""
        return words.verdict(self.name, self.level, self.trouble)

    @property
    def log_level(self) -> str:
        """Of that sentence."""
        return LOG_LEVELS.get(self.level, "warn")

    def stop(self, now_s: float) -> None:
        """Dark: it is told to end, and killed when it has not within the time that STOP has."""
        if self.running and self._stopping is None:
            self.stage = words.STOPPING
            self._stopping = Stopping(now_s, self._interrupt, self._child.kill)

    def turn(self, now_s: float) -> None:
        """Look how far it is. Never waits."""
        if not self.running:
            return
        code = self._child.code
        if self._stopping is not None:
            self._stopping.turn(now_s, code is not None)
        if code is None:
            self._hear()
        else:
            self._end(code)

    def close(self) -> None:
        """Nobody wants it any more: it ends, dark."""
        if self.running:
            self._child.interrupt()
            self._child.wait(CONFIRM_S)
            self._child.kill()
            self._end(-signal.SIGKILL)

    def _interrupt(self) -> bool:
        self._child.interrupt()
        return True

    def _hear(self) -> None:
        told = [STAGE.match(line) for line in self._child.words(LATELY_BYTES)]
        last = next((match for match in reversed(told) if match), None)
        if last is not None and self._stopping is None:
            self.stage, self.part = last[1], int(last[2]) / 100

    def _end(self, code: int) -> None:
        self.ended_at = datetime.now()
        lines = self._child.words(MOST_BYTES)
        found = next((one for line in reversed(lines) if line.startswith("{") and (one := _json(line))), {})
        if self._stopping is not None or code < 0:
            self.trouble = words.STOPPED
        elif "checks" in found:
            self.level, self.sha256, self.name = str(found["level"]), str(found["sha256"]), str(found["experiment"])
            self.checks = tuple(Check(c["check"], c["level"], c["what"], c["do"]) for c in found["checks"])
            self.standing = tuple(Check(check, "red", what, do) for check, what, do in found.get("standing", ()))
            if self.standing:
                self.level = "red"
        else:
            self.trouble = str(found.get("error") or next(reversed(lines), "")) or words.NO_VERDICT
        self._child.close()
        self._folder.cleanup()


@dataclass(frozen=True)
class Known:
    """What is known of the rig of an experiment, from any preflight.

    Attributes
    ----------
    sha256 : of what the experiment says now; empty when it cannot be read.
    level : of the last verdict; empty when there is none.
    red : what is red.
    at : when, in words.
    """

    sha256: str = ""
    level: str = ""
    red: tuple[Check, ...] = ()
    at: str = ""


def known_of(experiment: str, *, mock: bool) -> Known:
    """Look it up."""
    try:
        ready = _ready(load_experiment(experiment), mock)
    except (WavestimError, OSError):
        return Known()
    last, sha256 = kept.last(ready), experiment_hash(ready)
    if last is None:
        return Known(sha256)
    red = tuple(Check(check, "red", what, do) for check, what, do in last.red)
    return Known(sha256, last.level, red, f"{last.at.astimezone():%Y-%m-%d %H:%M}")


def red_of(experiment: Experiment, *, mock: bool) -> str:
    """Why the last preflight of this rig stands against arming it; empty when nothing does."""
    last = kept.last(_ready(experiment, mock))
    if last is None or last.level != "red":
        return ""
    check, what, do = last.red[0] if last.red else ("preflight", words.WAS_RED, words.AGAIN)
    return words.not_armed(experiment.name, f"{last.at.astimezone():%Y-%m-%d %H:%M}", check, what, do, len(last.red) - 1)


def _ready(experiment: Experiment, mock: bool) -> Experiment:
    return mocked(experiment) if mock else experiment


def _json(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

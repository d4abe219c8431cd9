"""Arguments checked before anything starts: lengths, seeds, folders."""

from __future__ import annotations

import math
import os
import re
from datetime import datetime
from pathlib import Path

from wavestim.controller.errors import OutputError, WavestimError

SESSIONS = Path("wavestim-sessions")
LONGEST_S = 7 * 24 * 3600.0


class ArgumentError(WavestimError):
    """An argument of the command line that cannot be."""


def seconds(value: float) -> float:
    """A length of time that a session can have."""
    if not math.isfinite(value) or not 0 < value <= LONGEST_S:
        raise ArgumentError(f"--seconds {value:g}: the length must be above 0 and at most {LONGEST_S:g} s (7 days)")
    return value


def learning_seconds(value: float) -> float:
    """How much a calibration may be learned from."""
    if not math.isfinite(value) or not 2.5 <= value <= 600:
        raise ArgumentError(f"--seconds {value:g}: a calibration is learned from 2.5 to 600 s")
    return value


def band(value: tuple[float, float] | None) -> tuple[float, float] | None:
    """A band of frequencies, or None."""
    if value is not None and not (all(math.isfinite(f) for f in value) and 0 < value[0] < value[1]):
        raise ArgumentError(f"--band {value[0]:g} {value[1]:g}: give two rising frequencies above 0 Hz, such as --band 8 24")
    return value


def seed(value: int | None) -> int | None:
    """A seed, or None for the one of the experiment."""
    if value is not None and not 0 <= value < 2**63:
        raise ArgumentError(f"--seed {value}: a seed is a whole number from 0 to 2^63 - 1")
    return value


def speed(value: str) -> float | None:
    """``max`` (None) or how many times faster than it was recorded."""
    if value == "max":
        return None
    try:
        factor = float(value)
    except ValueError:
        factor = math.nan
    if not math.isfinite(factor) or not 0 < factor <= 10_000:
        raise ArgumentError(f"--speed {value}: give 'max' or a factor above 0, such as 1 for the pace it was recorded at")
    return factor


def out(value: Path | None, name: str) -> Path:
    """The session folder: the one asked for if it is free, otherwise a new one under wavestim-sessions."""
    if value is None:
        stem = SESSIONS / f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}"
        value = next(p for n in range(1, 10_000) if not (p := stem if n == 1 else Path(f"{stem}_{n}")).exists())
    if value.exists() and not value.is_dir():
        raise OutputError(f"--out {value}: a file is in the way; give a folder that does not exist yet")
    if value.is_dir() and any(value.iterdir()):
        raise OutputError(f"--out {value}: the folder is not empty; give one that does not exist yet, sessions are never overwritten")
    return value.absolute()


def file(value: Path | None) -> Path | None:
    """A file that will be written: what stands against it is told before the work, not after it."""
    if value is None:
        return None
    folder = value.absolute().parent
    if value.is_dir():
        raise OutputError(f"--out {value}: a folder has this name; give the name of a file")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise OutputError(f"--out {value}: cannot be written, {folder} is no folder you may write to; give a file in one")
    return value.absolute()


def session(value: Path) -> Path:
    """An existing session folder."""
    if not value.is_dir():
        raise ArgumentError(
            f"{value}: no such session folder; give the folder that --out named, it holds experiment.yaml and journal.sqlite"
        )
    if not any((value / part).exists() for part in ("journal.sqlite", "experiment.yaml", "summary.json")):
        raise ArgumentError(f"{value}: not a session folder; one holds experiment.yaml and journal.sqlite")
    return value.absolute()

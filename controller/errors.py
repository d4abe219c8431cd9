"""The base of every error this room shows to a person: one sentence and the exit code that goes with it."""

from __future__ import annotations

DONE, FALSE, USAGE, HARDWARE = 0, 1, 2, 3
"""Exit codes: done; the thing checked is false; bad usage or configuration; hardware."""


class WavestimError(Exception):
    """Something a person can put right; ``str()`` is one sentence that says what, where and what would be right."""

    exit_code: int = USAGE


class ExperimentError(WavestimError):
    """The experiment cannot be read, or asks for what may not or cannot be done."""


class OutputError(WavestimError):
    """A result cannot be written where it was asked for."""

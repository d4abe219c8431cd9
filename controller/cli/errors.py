"""What a person sees when something is wrong: one sentence on stderr and an exit code; a traceback only with WAVESTIM_DEBUG=1."""

from __future__ import annotations

import os
import traceback

from rich.markup import escape
from wavestim.controller.cli import output
from wavestim.controller.errors import FALSE, HARDWARE, USAGE

INTERRUPTED = 130
INTERNAL = 70
"""A fault of ours, told apart from every documented exit code."""

BY_NAME = {"LightError": HARDWARE, "SourceError": USAGE, "RecordError": USAGE, "ExperimentError": USAGE, "VerifyError": FALSE}
"""Errors of rooms that know nothing of exit codes; any of them may also carry its own ``exit_code``."""


def exit_code_of(error: BaseException) -> int | None:
    """The exit code of an error that is meant for people, None for a fault of ours."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    own = getattr(error, "exit_code", None)
    if isinstance(own, int):
        return own
    for kind in type(error).__mro__:
        if kind.__name__ in BY_NAME:
            return BY_NAME[kind.__name__]
    return USAGE if isinstance(error, OSError) else None


def sentence_of(error: BaseException) -> str:
    """One line that says what is wrong."""
    if isinstance(error, KeyboardInterrupt):
        by = str(error) or "SIGINT"
        return f"stopped by {'Ctrl-C' if by == 'SIGINT' else by}; all LEDs are dark and what was recorded is kept"
    usage = getattr(error, "format_message", None)
    if callable(usage):
        context = getattr(error, "ctx", None)
        hint = f"; see '{context.command_path} --help'" if context is not None else ""
        text = _line(str(usage())).rstrip(".")
        return text + hint if text else ""
    if isinstance(error, OSError) and error.strerror and exit_code_of(error) == USAGE and not _named(error):
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror}; check the path, its permissions and the free disk space"
    text = _line(str(error)) or type(error).__name__
    if exit_code_of(error) is None:
        return f"internal error: {type(error).__name__}: {text}; set WAVESTIM_DEBUG=1 to see where, and please report it"
    return text


def show(error: BaseException, *, as_json: bool) -> int:
    """Tell about an error and return the exit code that goes with it."""
    if os.environ.get("WAVESTIM_DEBUG") == "1":
        traceback.print_exception(error)
    code = exit_code_of(error)
    code = INTERNAL if code is None else code
    sentence = sentence_of(error)
    if not sentence:  # no arguments: the help was printed and says it all
        return code
    output.console().print(f"[bold red]wavestim:[/] {escape(sentence)}", highlight=False, soft_wrap=True)
    if as_json:
        output.emit({"error": sentence, "exit_code": code})
    return code


def _named(error: BaseException) -> bool:
    return any(kind.__name__ in BY_NAME for kind in type(error).__mro__)


def _line(text: str) -> str:
    return " ".join(text.split())

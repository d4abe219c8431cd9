"""Where words go: results on stdout, everything else on stderr; with --json exactly one JSON object on stdout."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from wavestim.controller.plain import plain


def console() -> Console:
    """The console for everything that is not the result."""
    return Console(stderr=True)


def say(text: str) -> None:
    """A line for the person, not part of the result."""
    console().print(text, highlight=False, soft_wrap=True)


def emit(data: Mapping[str, Any]) -> None:
    """Print one JSON object on stdout; what is not finite becomes null."""
    sys.stdout.write(json.dumps(plain(data), allow_nan=False) + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def only_json(as_json: bool) -> Iterator[None]:
    """While this lasts, what others print lands on stderr, so that stdout holds the JSON object alone."""
    if not as_json:
        yield
        return
    with contextlib.redirect_stdout(sys.stderr):
        yield


@contextlib.contextmanager
def progress(title: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """A progress bar on stderr; yields the function that takes how many of ``total`` seconds are done."""
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[at]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(), transient=True) as bar:
        task = bar.add_task(title, total=total, at="")

        def advance(seconds: float) -> None:
            bar.update(task, completed=seconds, at=f"{seconds:.0f} s" if total is None else f"{seconds:.0f} / {total:g} s")

        yield advance


@contextlib.contextmanager
def stages(title: str) -> Iterator[Callable[[str, float], None]]:
    """How far work in stages is, on stderr; yields the function that takes a stage's name and which part of all is done.

    A bar on a terminal; elsewhere a line for each stage and each tenth, such as ``preflight: listening, 10 %``.
    """
    if not console().is_terminal:
        told: tuple[str, int] | None = None

        def tell(stage: str, part: float) -> None:
            nonlocal told
            if told != (stage, int(10 * part)):
                told = stage, int(10 * part)
                print(f"{title}: {stage}, {10 * told[1]} %", file=sys.stderr, flush=True)

        yield tell
        return
    columns = (TextColumn("[bold]{task.description}"), BarColumn(), TextColumn("{task.fields[stage]}"), TimeElapsedColumn())
    with Progress(*columns, console=console(), transient=True) as bar:
        task = bar.add_task(title, total=1.0, stage="")

        def advance(stage: str, part: float) -> None:
            bar.update(task, completed=part, stage=stage)

        yield advance

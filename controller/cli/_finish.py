"""How a command that made a session ends: the report exists, and its figures are printed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from wavestim.controller.cli import output, table
from wavestim.controller.errors import HARDWARE
from wavestim.controller.record.loopback import loopback_words
from wavestim.controller.staleness import stale_sentence

WHY_DARK = {
    "line": "the line to the board was lost",
    "no-answer": "the board did not answer",
    "garbage": "the board answered what no such board says",
    "fault": "the current source reported a fault",
    "heartbeat": "the board heard no heartbeat",
    "abort": "the board was told to be dark",
    "no-samples": "samples stopped",
    "source-restarted": "the source started anew",
    "engine-stands": "the engine stood still",
}


def finish(summary: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a session's summary, as JSON or as a table with the effect of light and the path of the report.

    Raises
    ------
    typer.Exit
        At the end, with the exit code of hardware, when the light failed and stayed dark.
    """
    stale = stale_sentence(summary)
    if stale is not None:
        output.say(f"[bold yellow]Warning:[/] {escape(stale)}")
    horizon = summary.get("horizon")
    if horizon is not None and not horizon["armed"]:
        output.say(
            f"[bold yellow]Never armed:[/] light would have to be planned {escape(horizon['words'])}, and at most "
            f"{horizon['longest_ms']:.0f} ms are. Free the computer of other work, or see what holds the source up: wavestim sources probe"
        )
    if summary.get("loopback") is not None:
        output.say(f"Loop-back: {escape(loopback_words(summary['loopback']))}")
    dark = summary.get("went_dark")
    if dark is not None:
        output.say(
            f"[bold red]Went dark:[/] {dark['at_s']:.1f} s after the first sample light ended by itself and did not come back, because "
            f"{' and '.join(WHY_DARK.get(why, f'the board told {why}') for why in dark['why'])}; the recording went on"
        )
    if as_json:
        output.emit(summary)
    else:
        from wavestim.controller.report import effect_sentence

        session = Path(str(summary["session"]))
        report = session / "report.html"
        table.print_summary(summary, effect_sentence(session), report if report.is_file() else None)
    if dark is not None and dark["light_failed"]:
        raise typer.Exit(HARDWARE)

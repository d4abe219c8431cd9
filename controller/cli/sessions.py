"""``wavestim verify``, ``recover`` and ``report``: what is done with a session afterwards."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.markup import escape
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output, validate
from wavestim.controller.errors import FALSE


def verify(session: options.Session, as_json: options.Json = False) -> None:
    """Recompute every decision of a session from its samples; exit code 1 at the first difference.

    \b
    Example:
      wavestim verify wavestim-sessions/2026-03-01_10-00-00_against-the-wave
    """
    path = validate.session(session)
    from wavestim.controller.session import verify_session

    with output.only_json(as_json), output.progress("verify", None) as progress:
        result = verify_session(path, progress)
    if as_json:
        output.emit({"session": str(path), "ok": result.ok, "decisions": result.n_decisions, "first_difference": result.first_difference})
    elif result.ok:
        Console().print(f"[bold green]same[/]: all {result.n_decisions} decisions were made again, bit for bit", highlight=False)
    else:
        Console().print(f"[bold red]different[/]: {escape(str(result.first_difference))}", highlight=False, soft_wrap=True)
    if not result.ok:
        raise typer.Exit(FALSE)


def recover(session: options.Session, as_json: options.Json = False) -> None:
    """Finish a session whose process died: nothing that was committed is lost.

    Writes what a clean end would have written: session.nwb, summary.json and report.html.

    \b
    Example:
      wavestim recover wavestim-sessions/2026-03-01_10-00-00_against-the-wave
    """
    path = validate.session(session)
    from wavestim.controller.record import recover as recover_session
    from wavestim.controller.report import write_report

    with output.only_json(as_json):
        result = recover_session(path)
        page = write_report(path)
    found = {str(k): v for k, v in result.items()} if isinstance(result, dict) else {}
    if as_json:
        output.emit({"session": str(path), "report": str(page), **found})
    else:
        Console().print(f"recovered  {escape(str(path))}\nreport     {escape(str(page))}", highlight=False, soft_wrap=True)


def report(session: options.Session, as_json: options.Json = False) -> None:
    """Write the report of a session: one HTML file with everything in it, to read, print or send.

    \b
    Example:
      wavestim report wavestim-sessions/2026-03-01_10-00-00_against-the-wave
    """
    path = validate.session(session)
    from wavestim.controller.report import write_report

    with output.only_json(as_json):
        page = write_report(path)
    if as_json:
        output.emit({"session": str(path), "report": str(page)})
    else:
        typer.echo(str(page))

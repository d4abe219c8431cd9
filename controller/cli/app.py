"""The command ``wavestim``: its subcommands, and the one place where errors become a sentence and an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from wavestim.controller.cli import (
    assay,
    attach,
    bench,
    calibrate,
    demo,
    errors,
    gui,
    lights,
    preflight,
    replay,
    run,
    sessions,
    sources,
    study,
    sweep,
)


class Cli(TyperGroup):
    """A group whose errors are one sentence on stderr and the documented exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C is told before typer turns it into an exit."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(errors.show(interrupt, as_json=bool(ctx.obj))) from interrupt

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Parse, run, and leave with an exit code."""
        words = list(sys.argv[1:] if args is None else args)
        try:
            code = super().main(words, prog_name, complete_var, False, windows_expand_args, obj="--json" in words, **extra)
        except Exception as error:
            if not standalone_mode:
                raise
            code = errors.show(error, as_json="--json" in words)
        code = code if isinstance(code, int) else 0
        if standalone_mode:
            sys.exit(code)
        return code


app = typer.Typer(
    cls=Cli,
    name="wavestim",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Closed-loop optogenetics on cortical travelling waves. Start with: wavestim demo",
    epilog="Exit codes: 0 done, 1 the thing checked is false, 2 usage or configuration, 3 hardware, 130 stopped by Ctrl-C.",
)
app.command()(demo.demo)
app.command()(run.run)
app.command()(attach.attach)
app.command()(gui.gui)
app.command()(replay.replay)
app.command()(calibrate.calibrate)
app.command()(preflight.preflight)
app.command()(sessions.verify)
app.command()(sessions.recover)
app.command()(sessions.report)
app.command()(assay.assay)
app.command()(bench.bench)
app.command()(study.study)
app.command()(sweep.sweep)
app.add_typer(lights.app, name="lights")
app.add_typer(sources.app, name="sources")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(version("wavestim"))
        except PackageNotFoundError:
            typer.echo("not installed (running from a source tree)")
        raise typer.Exit


@app.callback()
def wavestim(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Closed-loop optogenetics on cortical travelling waves. Start with: wavestim demo"""


def main() -> None:
    """Entry point of the console script."""
    app()

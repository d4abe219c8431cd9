"""``wavestim gui``: starts the rig window, a process of its own."""

from __future__ import annotations

import enum
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from wavestim.controller.cli import validate
from wavestim.controller.offspring import environment


class Theme(enum.StrEnum):
    """Of the window."""

    DARK = "dark"
    LIGHT = "light"


def gui(
    experiment: Annotated[
        str | None,
        typer.Argument(
            metavar="[EXPERIMENT]",
            help="A YAML file or the name of a packaged example, chosen at the beginning; with --attach the folder of a running session.",
            show_default=False,
        ),
    ] = None,
    mock: Annotated[bool, typer.Option("--mock", help="Sessions are started on the mock rig.")] = False,
    attach: Annotated[bool, typer.Option("--attach", help="Watch a session that runs; the only one unless its folder is given.")] = False,
    replay: Annotated[
        str | None,
        typer.Option("--replay", metavar="PATH", help="Look back at a session folder or a recording; it is only read.", show_default=False),
    ] = None,
    screenshot: Annotated[
        Path | None,
        typer.Option(
            "--screenshot", metavar="PNG", help="Run the mock experiment, write a picture of the window, end.", show_default=False
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", metavar="S", help="With --screenshot: so long after RUN, or in what is replayed.")
    ] = 10.0,
    theme: Annotated[Theme | None, typer.Option("--theme", help="Colours; Ctrl+T changes them.", show_default=False)] = None,
    size: Annotated[str, typer.Option("--size", metavar="WxH", help="With --screenshot: of the picture, in pixels.")] = "1600x900",
) -> None:
    """Open the rig window.

    ARM starts a rig process, which stays dark; RUN lets light come; STOP or
    Esc makes dark. Closing the window does not end the session: open it again
    with --attach. Needs: pip install 'wavestim\\[gui]'

    \b
    Examples:
      wavestim gui --mock
      wavestim gui my-experiment.yaml
      wavestim gui --attach mouse-12/day-3
      wavestim gui --replay mouse-12/day-3
      wavestim gui --mock --screenshot window.png --seconds 10
    """
    words = ["--seconds", f"{validate.seconds(seconds):g}"]
    if attach:
        words += ["--attach", *([experiment] if experiment else [])]
    elif experiment:
        words += ["--experiment", experiment]
    words += ["--mock"] if mock else []
    words += ["--size", size] if screenshot else []
    words += ["--theme", theme.value] if theme else []
    words += ["--replay", replay] if replay else []
    words += ["--screenshot", str(screenshot)] if screenshot else []
    code = subprocess.run([sys.executable, "-m", "wavestim.gui", *words], check=False, env=environment()).returncode
    if code:
        raise typer.Exit(code)

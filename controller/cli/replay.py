"""``wavestim replay``: the same engine over a recording."""

from __future__ import annotations

from typing import Annotated

import typer
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output, validate
from wavestim.controller.cli._finish import finish


def replay(
    recording: Annotated[
        str, typer.Argument(metavar="RECORDING", help="A session folder, NWB, .npz or anything neo reads.", show_default=False)
    ],
    experiment: Annotated[
        str | None, typer.Option("--experiment", metavar="E", help="Another experiment than the recording's own: what would it have done?")
    ] = None,
    speed: Annotated[
        str, typer.Option("--speed", metavar="max|X", help="As fast as possible, or X times the pace it was recorded at.")
    ] = "max",
    region: options.Region = None,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    """Run the engine over recorded data: the same code, the same configuration, the same decisions as on the rig.

    RECORDING takes the place of the experiment's source. No light is made; a
    virtual board only acknowledges it. Of a recording with several arrays one
    is followed: --region, or the one that holds the trigger site.

    \b
    Examples:
      wavestim replay wavestim-sessions/2026-03-01_10-00-00_against-the-wave
      wavestim replay utah.npz --experiment against-the-wave
      wavestim replay day-3/session.nwb --experiment trough.yaml --out what-if
      wavestim replay v1-and-v4.npz --region V4
    """
    from wavestim.controller.experiment import load_experiment

    factor = validate.speed(speed)
    asked = load_experiment(experiment) if experiment is not None else None
    folder = validate.out(out, "replay" if asked is None else f"replay-{asked.name}")
    from wavestim.controller.session import replay_recording

    with output.only_json(as_json), output.progress("replay", None) as progress:
        summary = replay_recording(recording, experiment=asked, out=folder, speed=factor, progress=progress, region=region)
    finish(summary, as_json=as_json)

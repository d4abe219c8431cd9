"""``wavestim preflight``: every part of the rig tried for one experiment, green, amber or red, with what to do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output, validate
from wavestim.controller.cli.confirm import second_step
from wavestim.controller.errors import FALSE

if TYPE_CHECKING:
    from wavestim.controller.preflight import Preflight

LIGHTS = {"green": "[green]●[/]", "amber": "[yellow]●[/]", "red": "[bold red]●[/]"}
SAID = {
    "green": "[green]Green:[/] nothing found that stands against it.",
    "amber": "[yellow]Amber:[/] go on if you know why.",
    "red": "[bold red]Red:[/] put it right first.",
}
REFUSES = "'wavestim run --arm' refuses until it is."
REHEARSED = "A rehearsal: this verdict is not kept."
UNKEPT = "[bold red]This verdict could not be written to {}:[/] 'wavestim run --arm' will not know of it."


def preflight(
    experiment: Annotated[
        str, typer.Argument(metavar="EXPERIMENT", help="A YAML file or the name of a packaged example.", show_default=False)
    ],
    mock: Annotated[
        bool, typer.Option("--mock", help="Simulated cortex, and simulated light or a stand-in for its board, whatever the file says.")
    ] = False,
    arm: Annotated[
        bool, typer.Option("--arm", help="Allow real light: every LED is flashed, no brighter or longer than the experiment does.")
    ] = False,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", help="Length of the session that is planned, for the disk.")] = 3600.0,
    pace: Annotated[
        options.Pace, typer.Option(help="Virtual: a rehearsal on the mock rig, faster than real time; says nothing of this computer.")
    ] = options.Pace.real,
    plant: Annotated[
        str | None,
        typer.Option(
            "--plant", metavar="FAULT", help="Give the mock rig a fault and see it found; an unknown one lists them.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Keep what was found, the known wave and its session in this new folder.", show_default=False
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Prove the rig before tissue: source, electrodes, probe, wave, light, clocks, a known wave through the whole path, disk.

    Takes about a minute. Real LEDs stay dark without --arm. Exit code 1 when a
    check is red; 'wavestim run --arm' refuses the experiment until it is not.

    \b
    Examples:
      wavestim preflight my-experiment.yaml
      wavestim preflight my-experiment.yaml --arm --seconds 7200 --json
      wavestim preflight against-the-wave --mock
      wavestim preflight against-the-wave --mock --pace virtual --plant swapped-rows
    """
    from wavestim.controller.experiment import is_mock, load_experiment, mocked

    length = validate.seconds(seconds)
    asked = load_experiment(experiment)
    ready = mocked(asked) if mock else asked
    if pace is options.Pace.virtual and not (ready.light.kind == "simulated" and ready.source.kind in ("simulated", "file")):
        raise validate.ArgumentError("--pace virtual: a real source or board has its own pace; add --mock, or leave --pace out")
    from wavestim.controller.preflight import kept, run_preflight
    from wavestim.controller.preflight.plant import Planted
    from wavestim.controller.preflight.plant import plant as planted_into

    sessions = validate.SESSIONS if out is None else out.absolute().parent
    folder = None if out is None else validate.out(out, ready.name)
    go = (lambda: True) if is_mock(ready.light) or not arm else second_step(None)
    with output.only_json(as_json), tempfile.TemporaryDirectory(prefix="wavestim-preflight-") as aside:
        work = Path(aside) if folder is None else folder
        rig = Planted(ready) if plant is None else planted_into(ready, plant, work)
        with output.stages("preflight") as stage:
            found = run_preflight(
                rig.experiment, pace=pace.value, folder=work, sessions=sessions, seconds=length, arm=arm, go=go, faults=rig.faults,
                write=rig.write, stage=stage,
            )  # fmt: skip
        stands = [] if plant is not None else kept.standing(found, ready)
        written = plant is None and kept.keep(found, ready) is not None
        told = as_dict(found) | {
            "planted": plant,
            "kept": written,
            "standing": [list(red) for red in stands],
            "out": None if folder is None else str(folder),
        }
        if folder is not None:
            import json

            from wavestim.controller.plain import plain

            (folder / "preflight.json").write_text(json.dumps(plain(told), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if as_json:
        output.emit(told)
    else:
        Console().print(table_of(found))
    output.say(SAID[found.level])
    for check, what, do in stands:
        output.say(f"[bold red]Still red,[/] not looked at this time: {escape(f'{check}: {what}; {do}')}")
    if plant is not None:
        output.say(REHEARSED)
    elif not written:
        output.say(UNKEPT.format(escape(str(kept.folder()))))
    elif found.level == "red" or stands:
        output.say(REFUSES)
    if found.level == "red" or stands:
        raise typer.Exit(FALSE)


def as_dict(found: Preflight) -> dict[str, Any]:
    """As ``--json`` prints it."""
    checks = [{"check": f.check, "level": f.level, "what": f.what, "do": f.do, "figures": dict(f.figures)} for f in found.findings]
    return {"experiment": found.experiment, "sha256": found.sha256, "pace": found.pace, "level": found.level, "checks": checks}


def table_of(found: Preflight) -> Table:
    """For people: a light for each check, what was seen, and what to do."""
    table = Table(title=f"preflight of {escape(found.experiment)}", title_justify="left", padding=(0, 1), show_lines=False)
    table.add_column("")
    table.add_column("check", style="bold", no_wrap=True)
    table.add_column("what", ratio=3)
    table.add_column("do", ratio=2)
    for f in found.findings:
        table.add_row(LIGHTS[f.level], f.check, escape(f.what), escape(f.do))
    return table

"""``wavestim lights``: what light is connected, whether it answers, and the mock light as a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output
from wavestim.controller.cli.trylight import try_light
from wavestim.controller.cli.validate import ArgumentError

app = typer.Typer(no_args_is_help=True, help="Light: list what is connected, test a driver, plan an experiment, run the mock light.")


@app.command("list")
def list_lights(as_json: options.Json = False) -> None:
    """List serial ports on which a light driver may be, and the simulated light."""
    from serial.tools import list_ports

    found: list[dict[str, Any]] = [{"kind": "simulated", "port": None, "serial_number": None, "description": "firmware on this computer"}]
    for port in sorted(list_ports.comports()):
        found.append({"kind": "serial", "port": port.device, "serial_number": port.serial_number, "description": port.description})
    if as_json:
        output.emit({"lights": found})
        return
    table = Table("kind", "port", "serial number", "description", box=None, padding=(0, 2, 0, 0))
    for light in found:
        table.add_row(light["kind"], light["port"] or "-", light["serial_number"] or "-", light["description"] or "-")
    Console().print(table)


app.command("test")(try_light)


@app.command("plan")
def plan_light(
    experiment: Annotated[
        str, typer.Argument(metavar="EXPERIMENT", help="A YAML file or the name of a packaged example.", show_default=False)
    ],
    as_json: options.Json = False,
) -> None:
    """Work out the light of an experiment at a desk: every pattern, and whether a limit refuses it. Nothing shines.

    \b
    Example:
      wavestim lights plan against-the-wave
    """
    from wavestim.controller.experiment import load_experiment
    from wavestim.controller.session.rehearsal import rehearse

    with output.only_json(as_json):
        found = rehearse(load_experiment(experiment))
    if as_json:
        output.emit(found)
        return
    console = Console()
    console.print(f"{found['experiment']}: {found['leds']} LEDs, at most one pattern every {found['period_ms']:.4g} ms", highlight=False)
    table = Table("pattern", "conditions", "LEDs", "lasts", "mW/mm2", "duty", "warming", box=None, padding=(0, 2, 0, 0))
    for p in found["patterns"]:
        figures = f"{p['duration_ms']:.1f} ms", f"{p['irradiance_mw_mm2']:.2f}", f"{p['duty']:.1%}", f"{p['warming_c']:.3f} K"
        table.add_row(p["name"], ", ".join(p["conditions"]), str(p["leds"]), *figures)
    console.print(table)


@app.command("device")
def device(
    board: Annotated[str, typer.Option(help="host: the firmware compiled for this computer.")] = "host",
    edges: Annotated[Path | None, typer.Option(metavar="FILE", help="Write every light edge here as CSV: device_us,led,level.")] = None,
) -> None:
    """Serve the mock light on a pseudo-terminal until stopped: the real firmware, as if a board were plugged in.

    Prints one JSON line with the port to connect to.

    \b
    Example:
      wavestim lights device --edges edges.csv
    """
    from wavestim.hardware.firmware.device import BOARDS, serve_device

    if board not in BOARDS:
        raise ArgumentError(f"--board {board}: no such board in this version; use {' or '.join(BOARDS)}")

    serve_device(edges, board=board)

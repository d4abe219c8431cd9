"""``wavestim lights``: what light is connected, whether it answers, and the mock light as a process of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output
from wavestim.controller.cli.plan import plan_light
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


app.command("plan")(plan_light)


@app.command("device")
def device(
    board: Annotated[
        str,
        typer.Option(
            help="host: the firmware compiled for this computer; atmega2560: the firmware of that board, emulated; "
            "or a stand-in: pulsepal, cyclops, mm-arduino, thorlabs-dc4100."
        ),
    ] = "host",
    edges: Annotated[Path | None, typer.Option(metavar="FILE", help="Write every light edge here as CSV: device_us,led,level.")] = None,
) -> None:
    """Serve a mock light on a pseudo-terminal until stopped, as if a board were plugged in: the real firmware, or a stand-in.

    Prints one JSON line with the port to connect to.

    \b
    Example:
      wavestim lights device --edges edges.csv
      wavestim lights device --board pulsepal
      wavestim lights device --board atmega2560
    """
    from wavestim.hardware.firmware.device import BOARDS, serve_device

    if board == "atmega2560":
        from wavestim.hardware.firmware.device import emulated_board

        command = emulated_board(edges)
        os.execv(command[0], command)  # the program takes the place of this one, with its signals
    if board in BOARDS:
        serve_device(edges, board=board)
        return
    from wavestim.hardware.simulated.boards import PEERS, serve_stand_in

    if board not in PEERS:
        raise ArgumentError(f"--board {board}: no such board in this version; use {' or '.join((*BOARDS, *PEERS))}")
    serve_stand_in(board, edges)

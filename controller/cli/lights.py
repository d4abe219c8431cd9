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


@app.command("test")
def ask_light(
    kind: Annotated[str, typer.Argument(help="simulated or wavelight.")] = "simulated",
    port: Annotated[str | None, typer.Option(help="Serial port, such as /dev/ttyACM0 or COM3.")] = None,
    serial_number: Annotated[str | None, typer.Option(help="USB serial number.")] = None,
    as_json: options.Json = False,
) -> None:
    """Ask a light driver who it is and what it can do. Stays dark.

    \b
    Examples:
      wavestim lights test
      wavestim lights test wavelight --port /dev/ttyACM0
    """
    if kind not in ("simulated", "wavelight"):
        raise ArgumentError(f"lights test {kind}: no such driver in this version; use simulated or wavelight")
    if kind == "wavelight" and (port is None) == (serial_number is None):
        raise ArgumentError("lights test wavelight: which board? give --port or --serial-number; 'wavestim lights list' shows them")
    if kind == "simulated" and (port, serial_number) != (None, None):
        raise ArgumentError("lights test simulated: it has no port; leave --port and --serial-number out")
    from wavestim.hardware.lights import open_light

    keys = {name: value for name, value in (("port", port), ("serial_number", serial_number)) if value is not None}
    with output.only_json(as_json):
        light = open_light(kind, **keys)
        try:
            info = {name: getattr(light.info, name) for name in sorted(getattr(light.info, "__dataclass_fields__", {}))}
        finally:
            light.close()
    if as_json:
        output.emit({"ok": True, "light": info})
        return
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in info.items():
        table.add_row(name, str(value))
    Console().print(table)


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

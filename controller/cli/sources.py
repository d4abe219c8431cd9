"""``wavestim sources``: where samples can come from."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output
from wavestim.hardware.sources import EXAMPLES

app = typer.Typer(no_args_is_help=True, help="Sources of samples: what there is to record from.")


@app.command("list")
def list_sources(as_json: options.Json = False) -> None:
    """List the simulated cortex, the file source and the recordings that come with the package."""
    found: list[dict[str, Any]] = [
        {"kind": "simulated", "path": None, "description": "cortex in silico; answers to simulated light"},
        {"kind": "file", "path": None, "description": "a session, NWB, .npz or anything neo reads"},
    ]
    found += [{"kind": "file", "path": name, "description": "packaged recording, by its name"} for name in EXAMPLES]
    if as_json:
        output.emit({"sources": found})
        return
    table = Table("kind", "path", "description", box=None, padding=(0, 2, 0, 0))
    for source in found:
        table.add_row(source["kind"], source["path"] or "-", source["description"])
    Console().print(table)

"""``wavestim sources``: where samples can come from."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output

app = typer.Typer(no_args_is_help=True, help="Sources of samples: what there is to record from.")


@app.command("list")
def list_sources(as_json: options.Json = False) -> None:
    """List the simulated cortex, the file source and the recordings that come with the package."""
    found: list[dict[str, Any]] = [
        {"kind": "simulated", "path": None, "description": "cortex in silico; answers to simulated light"},
        {"kind": "file", "path": None, "description": "a session, NWB, .npz or anything neo reads"},
    ]
    found += [{"kind": "file", "path": path, "description": "packaged recording"} for path in packaged_recordings()]
    if as_json:
        output.emit({"sources": found})
        return
    table = Table("kind", "path", "description", box=None, padding=(0, 2, 0, 0))
    for source in found:
        table.add_row(source["kind"], source["path"] or "-", source["description"])
    Console().print(table)


def packaged_recordings() -> list[str]:
    """Recordings that come with the package."""
    root = files("wavestim.hardware.sources")
    folders = [folder for name in ("data", "recordings") if (folder := root.joinpath(name)).is_dir()]
    return sorted(str(item) for folder in folders for item in folder.iterdir() if item.name.endswith(".npz"))

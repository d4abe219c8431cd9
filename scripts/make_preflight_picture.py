"""Draws docs/images/preflight.svg: the table of a preflight that finds two swapped rows, as a terminal shows it."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from rich.console import Console
from wavestim.controller.cli.preflight import table_of
from wavestim.controller.experiment import load_experiment
from wavestim.controller.preflight import run_preflight
from wavestim.controller.preflight.plant import plant

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "preflight.svg"


def main() -> None:
    """Run it and draw it."""
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside)
        rig = plant(load_experiment("against-the-wave"), "swapped-rows", folder)
        found = run_preflight(
            rig.experiment, pace="virtual", folder=folder, sessions=folder, seconds=3600, faults=rig.faults, write=rig.write
        )
    console = Console(record=True, width=130, file=io.StringIO(), force_terminal=True)
    console.print(table_of(found))
    console.save_svg(str(PICTURE), title="wavestim preflight")
    print(PICTURE)


if __name__ == "__main__":
    main()

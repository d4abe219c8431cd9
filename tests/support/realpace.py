"""Sessions at real pace on a machine that others use, too: they last until something has happened, and say when nothing could."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wavestim.controller.experiment import Experiment
from wavestim.controller.session import run_experiment


def has_shone(out: Path, size: int = 400) -> bool:
    """Some light has shone: the file of edges has grown."""
    edges = out / "edges.csv"
    return edges.is_file() and edges.stat().st_size > size


def run_until(experiment: Experiment, out: Path, done: Callable[[float], bool], seconds: float = 60) -> dict[str, Any]:
    """Run until something has happened, then press STOP; at most so long."""

    def press(at_s: float) -> None:
        if done(at_s):
            with (out / "stop").open("r+b") as file:
                file.write(b"\1")

    return run_experiment(experiment, out=out, seconds=seconds, pace="real", seed=4, arm=True, progress=press)


def skip_if_starved(summary: dict[str, Any]) -> None:
    """Other programs had the machine: the loop stalled or came too late for every pulse, and rightly kept dark."""
    pulses, stalled = summary["pulses"], {"heartbeat", "no-samples"} & set(summary["safe"])
    if pulses["fired"] == 0 and (pulses["missed"] or stalled):
        pytest.skip(f"the machine was too busy for light in real time: {pulses}, stalled: {sorted(stalled)}")

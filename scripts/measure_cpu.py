"""Measures how much of a core each thread of a rig process takes, in a session of 100 channels at 1 kHz, and each process beside it.

python scripts/measure_cpu.py [--source lsl] [--seconds 30]

Beside it are the mock rig (`wavestim.hardware.simulated.process`: with ``--source simulated`` the cortex and the board, otherwise the board
alone) and the LSL peer; no rig has them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.session import run_experiment

SIDE, SETTLED_S = 10, 12.0


def cpu_s(process: int | str = "self") -> dict[int, float]:
    """CPU time of every thread so far, by its number in the system."""
    found = {}
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            found[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
        except OSError:  # it ended meanwhile
            continue
    return found


def beside_s() -> dict[str, float]:
    """CPU time of every process that this one started so far, by the module that it runs."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
            found[words[words.index("-m") + 1] if "-m" in words else words[0]] = sum(cpu_s(child).values())
    return found


def main() -> None:
    """One session, one JSON object."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--source", choices=["simulated", "lsl"], default="simulated")
    asked.add_argument("--seconds", type=float, default=30.0)
    a = asked.parse_args()
    file = {
        "name": "measured",
        "source": {"kind": "simulated"} if a.source == "simulated" else {"kind": "lsl", "name": "measured-cpu"},
        "probe": {"kind": "grid", "rows": SIDE, "columns": SIDE, "pitch_mm": 0.4},
        "trigger": {"refractory_ms": 100, "max_phase_sd_deg": 180},
        "conditions": [{"name": "lit", "pattern": {"kind": "flash", "width_ms": 2, "irradiance_mw_mm2": 1}}],
    }
    since: list[tuple[float, dict[int, float], dict[str, float], dict[int | None, str]]] = []
    until: list[tuple[float, dict[int, float], dict[str, float]]] = []

    def progress(seconds: float) -> None:
        if seconds > SETTLED_S and not since:
            since.append((time.monotonic(), cpu_s(), beside_s(), {t.native_id: t.name for t in threading.enumerate()}))
        elif seconds > a.seconds - 1 and since and not until:  # a look costs as much as a turn of the recorder: two are enough
            until.append((time.monotonic(), cpu_s(), beside_s()))

    words = ["sources", "mock", "lsl", "name=measured-cpu", "--rows", str(SIDE), "--columns", str(SIDE)]
    peer = (
        subprocess.Popen([sys.executable, "-m", "wavestim.controller.cli", *words], stdout=subprocess.PIPE) if a.source == "lsl" else None
    )
    try:
        if peer is not None and peer.stdout is not None:
            peer.stdout.readline()
        with tempfile.TemporaryDirectory() as folder:
            experiment = parse_experiment(yaml.safe_dump(file))
            summary = run_experiment(
                experiment, out=Path(folder, "session"), seconds=a.seconds, pace="real", seed=1, arm=True, progress=progress
            )
    finally:
        if peer is not None:
            peer.terminate()
            peer.wait()
    (began, before, beside, names), (ended, after, beside_after) = since[0], until[0]
    percent = {t: 100 * (used - before.get(t, 0.0)) / (ended - began) for t, used in after.items()}
    by_name: dict[str, float] = {}
    for t, used in percent.items():
        name = names.get(t, "of libraries")
        by_name[name] = round(by_name.get(name, 0.0) + used, 1)
    print(
        json.dumps(
            {
                "source": a.source,
                "percent_of_a_core": round(sum(percent.values()), 1),
                "threads": by_name,
                "processes_beside": {
                    name: round(100 * (s - beside.get(name, 0.0)) / (ended - began), 1) for name, s in beside_after.items()
                },
                "latency_us": summary["latency_us"],
            }
        )
    )


if __name__ == "__main__":
    main()

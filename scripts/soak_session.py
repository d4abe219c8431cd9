"""Runs a session for hours, at real pace with faults injected and at virtual pace, and draws its memory and its clocks.

python scripts/soak_session.py [--real-minutes 60] [--virtual-hours 24] [--out build/soak]

Real: 100 channels at 1 kHz from an LSL peer that drops, doubles, delays and splits 1 % of its chunks each, on the mock light. Virtual: the
simulated cortex. Prints one JSON object a part and draws soak-PART.png; ends with 1 when memory grew by more than 5 % after it had settled,
when a sample found no room, or when the clocks were less certain than light needs for more than a thousandth of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import yaml
from numpy.typing import NDArray
from wavestim.controller import open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.session import run_experiment

SETTLED = 0.1
"""Part of the time after which memory has to be flat; the last as long is held against the one that follows it."""
GROWTH, CERTAIN_US, SIDE = 1.05, 1000.0, 10
PAGE = os.sysconf("SC_PAGE_SIZE")


def experiment(source: dict[str, Any], side: int) -> str:
    """The file of a session that fires often and resumes after every stall."""
    return yaml.safe_dump(
        {
            "name": "soak",
            "source": source,
            "probe": {"kind": "grid", "rows": side, "columns": side, "pitch_mm": 0.4},
            "trigger": {"refractory_ms": 200, "max_phase_sd_deg": 180},
            "light": {"kind": "simulated", "clock_tolerance_us": CERTAIN_US},
            "conditions": [
                {"name": "lit", "pattern": {"kind": "flash", "width_ms": 2, "irradiance_mw_mm2": 1}},
                {"name": "sham", "pattern": {"kind": "none"}},
            ],
            "safety": {"rearm_after_stall": 100},
        }
    )


def run(text: str, out: Path, seconds: float, pace: Any) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """The summary, and (seconds of samples, MB in memory) once a second of the clock."""
    rows: list[tuple[float, float]] = []
    due = 0.0

    def note(done: float) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + 1.0
            rows.append((done, int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6))

    summary = run_experiment(parse_experiment(text), out=out, seconds=seconds, pace=pace, seed=1, arm=True, progress=note)
    return summary, np.array(rows)


def clocks(out: Path) -> NDArray[np.float64]:
    """Of every clock model of a session: minutes, rate of the samples and of the board against the host in ppm, uncertainty in us."""
    models = open_session(out).clock_models
    period = 1e9 / open_session(out).fs_hz
    return np.array(
        [
            (
                (m["host_ns_at_sample0"] - models[0]["host_ns_at_sample0"]) / 60e9,
                (m["ns_per_sample"] / period - 1) * 1e6,
                (m["device_per_host"] - 1) * 1e6,
                m["uncertainty_ns"] / 1e3,
            )
            for m in models
        ]
    ).reshape(-1, 4)


def judged(part: str, summary: dict[str, Any], memory: NDArray[np.float64], clock: NDArray[np.float64]) -> dict[str, Any]:
    """What came of it."""
    n = max(1, round(SETTLED * len(memory)))
    early, late = float(np.median(memory[n : 2 * n, 1])), float(np.median(memory[-n:, 1]))
    unsure = float((clock[:, 3] > CERTAIN_US).mean())
    overflowed = summary.get("source", {}).get("overflowed", summary["dropped_samples"])
    return {
        "part": part,
        "hours": round(float(memory[-1, 0]) / 3600, 3),
        "ok": late <= GROWTH * early and overflowed == 0 and unsure <= 1e-3,
        "memory_mb": {"after_a_tenth": round(early, 1), "at_the_end": round(late, 1), "growth": round(late / early - 1, 4)},
        "found_no_room": overflowed,
        "clock_uncertainty_us": {"median": round(float(np.median(clock[:, 3])), 1), "max": round(float(clock[:, 3].max()), 1)},
        "sample_clock_ppm": [round(float(q), 2) for q in np.quantile(clock[:, 1], (0.01, 0.5, 0.99))],
        "board_clock_ppm": [round(float(q), 2) for q in np.quantile(clock[:, 2], (0.01, 0.5, 0.99))],
        **{key: summary[key] for key in ("samples", "pulses", "latency_us", "light_onset_error_us", "realtime")},
        "paused": len(summary["safe"]),
        "source": summary.get("source"),
    }


def draw(path: Path, part: str, memory: NDArray[np.float64], clock: NDArray[np.float64]) -> None:
    """Memory, clock rates and uncertainty over time."""
    figure, (a, b, c) = plt.subplots(3, 1, sharex=True, figsize=(9, 7), layout="constrained")
    a.plot(memory[:, 0] / 60, memory[:, 1])
    a.set(ylabel="memory, MB", ylim=(0, 1.15 * memory[:, 1].max()), title=f"{part}: {memory[-1, 0] / 3600:.2f} h of samples")
    for column, name in ((1, "samples"), (2, "board")):
        b.plot(clock[:, 0], clock[:, column], label=name, lw=0.8)
    b.set(ylabel="rate, ppm of the host")
    b.legend()
    c.semilogy(clock[:, 0], np.maximum(clock[:, 3], 0.01), lw=0.8)
    c.axhline(CERTAIN_US, color="0.5", ls="--")
    c.set(ylabel="uncertainty, us", xlabel="minutes")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def soak(part: str, seconds: float, out: Path) -> bool:
    """One part; true when all was well."""
    with tempfile.TemporaryDirectory(dir=out) as folder:
        session = Path(folder, "session")
        if part == "virtual":
            summary, memory = run(experiment({"kind": "simulated", "fs_hz": 250.0}, 3), session, seconds, "virtual")
        else:
            words = "sources mock lsl name=soaked-session --drop 0.01 --duplicate 0.01 --delay 0.01 --split 0.01"
            size = ["--rows", str(SIDE), "--columns", str(SIDE)]
            peer = subprocess.Popen([sys.executable, "-m", "wavestim.controller.cli", *words.split(), *size], stdout=subprocess.PIPE)
            assert peer.stdout is not None
            peer.stdout.readline()
            try:
                summary, memory = run(
                    experiment({"kind": "lsl", "name": "soaked-session", "lsl_out": None}, SIDE), session, seconds, "real"
                )
            finally:
                peer.terminate()
                peer.wait()
        clock = clocks(session)
    found = judged(part, summary, memory, clock)
    draw(out / f"soak-{part}.png", part, memory, clock)
    print(json.dumps(found), flush=True)
    return bool(found["ok"])


def main() -> int:
    """Each part in a process of its own, so that the memory is its own, too."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--real-minutes", type=float, default=60.0)
    asked.add_argument("--virtual-hours", type=float, default=24.0)
    asked.add_argument("--out", type=Path, default=Path("build/soak"))
    asked.add_argument("--part", choices=["real", "virtual"], default=None, help=argparse.SUPPRESS)
    a = asked.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    seconds = {"real": 60 * a.real_minutes, "virtual": 3600 * a.virtual_hours}
    if a.part is not None:
        return 0 if soak(a.part, seconds[a.part], a.out) else 1
    failed = [part for part in seconds if seconds[part] and subprocess.run([sys.executable, *sys.argv, "--part", part]).returncode]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

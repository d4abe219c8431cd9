"""Runs a session for hours, at real pace with faults injected and at virtual pace, and draws its memory and its clocks.

python scripts/soak_session.py [--real-minutes 60] [--virtual-hours 24] [--out build/soak]

Real: 100 channels at 1 kHz from an LSL peer that drops, doubles, delays and splits 1 % of its chunks each, on the mock light. Virtual:
engine, firmware, recorder and journal under a simulated clock, over a minute of the simulated cortex played again and again
(`soak_feed.py`) with a fault every few seconds; there the true clocks are known, and so is the error of what was published. NWB and
report are not made of a day.
Prints one JSON object a part and draws soak-PART.png; ends with 1 when memory grew by more than 5 % after it had settled, when a sample
found no room or is not on disk, or when the clocks, once known, were less certain than light needs for more than a thousandth of the
time. A look at them holds for the two seconds that its uncertainty is of; longer than that without another is not certain, either.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import yaml
from numpy.typing import NDArray
from soak_feed import FaultyLoop, Uneven
from wavestim.controller import open_session
from wavestim.controller.experiment import electrode_positions, led_positions, parse_experiment
from wavestim.controller.experiment.controls import reseeded
from wavestim.controller.record.samples import scan
from wavestim.controller.record.summary import summarise
from wavestim.controller.session import run_experiment
from wavestim.controller.session.assembly import assemble
from wavestim.controller.session.bench import horizon_for, make_bench
from wavestim.controller.session.deviceclock import AHEAD_NS
from wavestim.controller.session.feeds import Cortex
from wavestim.controller.session.opening import open_journal
from wavestim.controller.session.virtual import VirtualSession

SETTLED = 0.1
"""Part of the time after which memory has to be flat; the last as long is held against the one that follows it."""
GROWTH, CERTAIN_US, SIDE = 1.05, 1000.0, 10
VIRTUAL_HZ, CHUNK = 250.0, 10
"""Of the session at virtual pace, and how many samples it is handed at a time: 40 ms."""
PAGE = os.sysconf("SC_PAGE_SIZE")
NAME = f"soaked-session-{os.getpid()}"
"""Of the stream; another soak may run beside this one."""


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


class Memory:
    """What this process holds: (seconds of samples, MB), once a second of the clock."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float]] = []
        self._due = 0.0

    def note(self, done_s: float) -> None:
        """Look again, when it is time."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + 1.0
            self.rows.append((done_s, int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1e6))


def run_virtual(text: str, out: Path, seconds: float, note: Callable[[float], None], at_most_s: float) -> dict[str, Any]:
    """A session over a faulty loop of the cortex, handed over `CHUNK` samples at a time; its summary, without truth, NWB and report.

    It ends earlier when the clock of this machine has gone on by ``at_most_s``.
    """
    until = time.monotonic() + at_most_s
    experiment = reseeded(parse_experiment(text), 1)
    positions = electrode_positions(experiment)
    leds = led_positions(experiment, positions)
    bench, arrivals = make_bench(len(leds), experiment.seed), Uneven(experiment.seed)
    horizon = horizon_for(experiment, bench.light, arrivals) + 1e3 * CHUNK / VIRTUAL_HZ
    assembly = assemble(experiment, bench.light.info, fs_hz=VIRTUAL_HZ, horizon_ms=horizon)
    feed = FaultyLoop(
        Cortex(experiment, positions, leds, None).read(round(60 * VIRTUAL_HZ))[1], VIRTUAL_HZ, bench.core, lambda: time.monotonic() < until
    )
    with open_journal(assembly, out, bench.light.info, pace="virtual", horizon_ms=horizon, armed=True) as journal:
        session = VirtualSession(
            assembly, feed, bench, journal, arrivals, arm=True, horizon_ms=horizon, fixed_delay_ms=arrivals.constant_ms, chunk=CHUNK
        )
        counts = session.run(seconds=seconds, progress=note, edges_path=out / "edges.csv")
        journal.set_meta("counts", asdict(counts))
        journal.set_meta("ended", True)
    found = open_session(out)
    return {
        **summarise(found),
        "faults": feed.faults,
        "clock_error_us": spread(clock_errors_us(out)),
        "light_onset_error_us": spread(onset_errors_us(out)),
        "missing_unnoticed": feed.missing - counts.dropped,
        "not_on_disk": counts.samples - sum(entry.n_samples for entry in scan(out / "samples")[0]),
    }


def true_device_us(out: Path) -> tuple[float, float]:
    """The board's clock at sample 0, us, and how far it goes in a sample: the truth of a simulation."""
    told = json.loads((out / "rig-clock.json").read_text(encoding="ascii"))
    return told["device_us_at_sample0"], told["device_us_per_s"] / VIRTUAL_HZ


def clock_errors_us(out: Path) -> NDArray[np.float64]:
    """How wrong each published pair of clocks was about the last sample it knew."""
    zero, step = true_device_us(out)
    keys = ("sample0", "host_ns_at_sample0", "ns_per_sample", "host_ns0", "device_ns_at_host0", "device_per_host")
    x0, y0, _, h0, d0, device = np.array([[m[key] for key in keys] for m in open_session(out).clock_models]).T
    return np.asarray((d0 + (y0 - h0) * device) / 1e3 - (zero + x0 * step), dtype=np.float64)


def onset_errors_us(out: Path) -> NDArray[np.float64]:
    """Light-on as the board acked it, against the sample that was meant."""
    zero, step = true_device_us(out)
    session = open_session(out)
    fired = session.pulses[session.pulses["verdict"] == "fired"]
    meant = session.decisions["fire_sample"][fired["decision"]]
    return np.asarray(fired["onset_device_us"] - (zero + meant * step), dtype=np.float64)


def spread(values: NDArray[np.float64]) -> dict[str, float]:
    """Of sizes, without their signs."""
    p50, p99, most = np.quantile(np.abs(values), (0.5, 0.99, 1.0))
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2), "max": round(float(most), 2)}


def clocks(out: Path) -> NDArray[np.float64]:
    """Of every clock model of a session: minutes since its sample 0 when it was published, rate of the samples and of the board against
    the host in ppm, uncertainty in us."""
    models = open_session(out).clock_models
    period = 1e9 / open_session(out).fs_hz
    begin = models[0]["host_ns_at_sample0"] - models[0]["sample0"] * models[0]["ns_per_sample"] if models else 0.0
    return np.array(
        [
            (
                (m["host_ns"] - begin) / 60e9,
                (m["ns_per_sample"] / period - 1) * 1e6,
                (m["device_per_host"] - 1) * 1e6,
                m["uncertainty_ns"] / 1e3,
            )
            for m in models
        ]
    ).reshape(-1, 4)


def certainty(clock: NDArray[np.float64]) -> tuple[float, float] | None:
    """Seconds until the clocks were first known as well as light needs them, and the part of the time since then in which they were
    not; None when they never were."""
    sure = clock[:, 3] <= CERTAIN_US
    if not sure.any():
        return None
    first = int(sure.argmax())
    seconds = 60 * clock[first:, 0]
    held = np.minimum(np.diff(seconds), AHEAD_NS / 1e9)[sure[first:-1]].sum()
    return float(seconds[0]), 1 - float(held) / float(seconds[-1] - seconds[0]) if len(seconds) > 1 else 0.0


def judged(part: str, summary: dict[str, Any], memory: NDArray[np.float64], clock: NDArray[np.float64]) -> dict[str, Any]:
    """What came of it."""
    n = max(1, round(SETTLED * len(memory)))
    early, late = float(np.median(memory[n : 2 * n, 1])), float(np.median(memory[-n:, 1]))
    known = certainty(clock)
    overflowed = summary.get("source", {}).get("overflowed", 0)
    lost = {name: summary[name] for name in ("missing_unnoticed", "not_on_disk") if name in summary}
    return {
        "part": part,
        "hours": round(float(memory[-1, 0]) / 3600, 3),
        "ok": late <= GROWTH * early and overflowed == 0 and not any(lost.values()) and known is not None and known[1] <= 1e-3,
        "memory_mb": {"after_a_tenth": round(early, 1), "at_the_end": round(late, 1), "growth": round(late / early - 1, 4)},
        "found_no_room": overflowed,
        **lost,
        "clock_known_after_s": None if known is None else round(known[0], 2),
        "clock_unsure_of_the_time": None if known is None else round(known[1], 6),
        "clock_uncertainty_us": {"median": round(float(np.median(clock[:, 3])), 1), "max": round(float(clock[:, 3].max()), 1)},
        "sample_clock_ppm": [round(float(q), 2) for q in np.quantile(clock[:, 1], (0.01, 0.5, 0.99))],
        "board_clock_ppm": [round(float(q), 2) for q in np.quantile(clock[:, 2], (0.01, 0.5, 0.99))],
        **{key: summary[key] for key in ("samples", "pulses", "latency_us", "light_onset_error_us", "realtime")},
        "went_dark": len(summary["safe"]),
        **{key: summary[key] for key in ("source", "faults", "clock_error_us", "dropped_samples") if key in summary},
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


def run_real(text: str, out: Path, seconds: float, note: Callable[[float], None]) -> dict[str, Any]:
    """A session beside an LSL peer that does everything wrong now and then; its summary."""
    words = f"sources mock lsl name={NAME} --drop 0.01 --duplicate 0.01 --delay 0.01 --split 0.01"
    size = ["--rows", str(SIDE), "--columns", str(SIDE)]
    peer = subprocess.Popen([sys.executable, "-m", "wavestim.controller.cli", *words.split(), *size], stdout=subprocess.PIPE)
    assert peer.stdout is not None
    peer.stdout.readline()
    try:
        return run_experiment(parse_experiment(text), out=out, seconds=seconds, pace="real", seed=1, arm=True, progress=note)
    finally:
        peer.terminate()
        peer.wait()


def soak(part: str, seconds: float, out: Path, at_most_s: float) -> bool:
    """One part; true when all was well."""
    memory = Memory()
    with tempfile.TemporaryDirectory(dir=out) as folder:
        session = Path(folder, "session")
        if part == "virtual":
            summary = run_virtual(experiment({"kind": "simulated", "fs_hz": VIRTUAL_HZ}, 3), session, seconds, memory.note, at_most_s)
        else:
            summary = run_real(experiment({"kind": "lsl", "name": NAME, "lsl_out": None}, SIDE), session, seconds, memory.note)
        clock = clocks(session)
    found = judged(part, summary, np.array(memory.rows), clock)
    draw(out / f"soak-{part}.png", part, np.array(memory.rows), clock)
    print(json.dumps(found), flush=True)
    return bool(found["ok"])


def main() -> int:
    """Each part in a process of its own, so that the memory is its own, too."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--real-minutes", type=float, default=60.0)
    asked.add_argument("--virtual-hours", type=float, default=24.0)
    asked.add_argument("--virtual-minutes", type=float, default=math.inf, help="of the clock on the wall: it ends then, however far it is")
    asked.add_argument("--out", type=Path, default=Path("build/soak"))
    asked.add_argument("--part", choices=["real", "virtual"], default=None, help=argparse.SUPPRESS)
    a = asked.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    seconds = {"real": 60 * a.real_minutes, "virtual": 3600 * a.virtual_hours}
    if a.part is not None:
        return 0 if soak(a.part, seconds[a.part], a.out, 60 * a.virtual_minutes) else 1
    failed = [part for part in seconds if seconds[part] and subprocess.run([sys.executable, *sys.argv, "--part", part]).returncode]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

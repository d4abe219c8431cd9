"""What a session does when its source fails, and what bursts cost: sessions as a user runs them, against the mock peers and the cortex.

python scripts/measure_sources_faults.py faults [rhx falcon openephys lsl]
python scripts/measure_sources_faults.py bursts [--seconds 120]

``faults``: each peer is a program of its own. What it sends goes nowhere for three seconds (the cable is out and in), it is killed and
started again, and started again with another rate; then the same cable in a session without leave to resume. ``bursts``: phase at
light-on over bursts as RHX sends them beside a source that is 1 ms late, at virtual pace and, from the peers, at real pace. One JSON
object a session; ends with 1 when something that was sent is neither recorded nor counted, a decision is another one, or light comes
while the session is paused.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import yaml
from wavestim.controller import open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.session import run_experiment, verify_session
from wavestim.hardware.sources.mock import open_peer, played_cortex, serve, upsampled

RATES = {"rhx": (5, 10), "falcon": (2, 1), "openephys": (2, 1), "lsl": (1, 2)}
"""kHz, and kHz after the change."""
OUT_S, DARK_S, PATIENCE_S = 3.0, 5.0, 120.0
BURSTS_KHZ = 15
"""Where RHX sends 34 ms at a time."""
HORIZON_MS = 100
"""Of sessions that are to see faults: enough for a busy machine."""
LIT = ("fired", "cut")
CONDITIONS = [
    {"name": "lit", "pattern": {"kind": "flash", "width_ms": 5, "irradiance_mw_mm2": 2}},
    {"name": "sham", "pattern": {"kind": "none"}},
]
TRIGGER = {"refractory_ms": 100, "max_phase_sd_deg": 180}


def play(kind: str, khz: int, keys: dict[str, Any], out: Path) -> None:
    """The peer's program: plays until it is told to end, and says how many samples went nowhere while a file was there."""
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    peer = open_peer(kind, upsampled(played_cortex(4, 4, 0.4), khz), **keys)
    lost, packets = [0], peer.packets

    def passed(samples: Any) -> Any:
        made = packets(samples)
        if not out.exists():
            return made
        lost[0] += len(samples)
        return []

    print(json.dumps(dict(peer.source)), flush=True)
    with patch.object(peer, "packets", passed):
        serve(peer, stop=lambda: bool(ended))
    print(json.dumps(lost[0]), flush=True)


class Program:
    """A peer that can be killed and started again where it was."""

    def __init__(self, kind: str, folder: Path, khz: int | None = None, **keys: Any) -> None:
        self.kind, self.out, self.lost = kind, folder / "cable-out", 0
        names = {"rhx": ("port", "data_port"), "falcon": ("port",), "openephys": ("port",)}.get(kind, ())
        self._keys = {**{name: free_port() for name in names}, **({"name": "faulty"} if kind == "lsl" else {}), **keys}
        self.start(khz or RATES[kind][0])

    def start(self, khz: int) -> None:
        words = [sys.executable, __file__, "play", self.kind, "--khz", str(khz), "--keys", json.dumps(self._keys), "--out", str(self.out)]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.source = json.loads(self._process.stdout.readline())

    def end(self) -> None:
        self._process.terminate()
        assert self._process.stdout is not None
        self.lost += json.loads(self._process.stdout.read() or "0")
        self._process.wait()


def free_port() -> int:
    """One that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def markers(out: Path) -> list[str]:
    """Of a session that still runs, as committed."""
    with contextlib.closing(sqlite3.connect(out / "journal.sqlite")) as journal:
        return [name for (name,) in journal.execute("SELECT name FROM markers ORDER BY rowid")]


def flashes(out: Path) -> int:
    """So far."""
    edges = out / "edges.csv"
    return edges.read_bytes().count(b"\n") // 2 if edges.is_file() else 0


def waiting(what: Callable[[], bool]) -> Iterator[None]:
    """One step of a plot: until something is so."""
    while not what():
        yield


def seconds(n: float) -> Callable[[], bool]:
    """So much later."""
    until = time.monotonic() + n
    return lambda: time.monotonic() >= until


def cable(program: Program, out: Path, *, leave: bool = True) -> Iterator[None]:
    """Out and in again, once light has shone, or can't any more."""
    had = flashes(out)
    yield from waiting(lambda: flashes(out) > had + 2 or (not leave and "paused" in markers(out)))
    program.out.touch()
    yield from waiting(seconds(OUT_S))
    program.out.unlink()


def everything(program: Program, out: Path) -> Iterator[None]:
    """Cable, restart, another rate; light in between."""
    yield from cable(program, out)
    had = flashes(out)
    yield from waiting(lambda: flashes(out) > had + 2)
    program.end()
    yield from waiting(seconds(1.0))
    program.start(RATES[program.kind][0])
    yield from waiting(lambda: "resumed" in markers(out)[markers(out).index("restart") :] if "restart" in markers(out) else False)
    had = flashes(out)
    yield from waiting(lambda: flashes(out) > had + 2)
    program.end()
    program.start(RATES[program.kind][1])
    yield from waiting(lambda: False)


def without_leave(program: Program, out: Path) -> Iterator[None]:
    """The cable alone, and some seconds to see that it stays dark."""
    yield from cable(program, out, leave=False)
    yield from waiting(seconds(DARK_S))


def run(
    source: dict[str, Any],
    out: Path,
    *,
    pace: str,
    last_s: float,
    plot: Iterator[None] | None = None,
    leave: int = 100,
    horizon_ms: Any = "auto",
) -> dict[str, Any]:
    """A session; ends when its plot does."""
    looked, until = [0.0], time.monotonic() + PATIENCE_S

    def progress(done: float) -> None:
        if plot is None or time.monotonic() < looked[0] + 0.1:
            return
        looked[0] = time.monotonic()
        if next(plot, "over") == "over" or time.monotonic() > until:
            with (out / "stop").open("r+b") as file:
                file.write(b"\1")

    file = {
        "name": "faults", "source": source, "trigger": TRIGGER | {"horizon_ms": horizon_ms}, "conditions": CONDITIONS,
        "safety": {"rearm_after_stall": leave},
        "probe": {"kind": "grid", "rows": 4, "columns": 4, "pitch_mm": 0.4},
    }  # fmt: skip
    return run_experiment(parse_experiment(yaml.safe_dump(file)), out=out, seconds=last_s, pace=pace, seed=1, arm=True, progress=progress)


def pauses(out: Path) -> list[dict[str, Any]]:
    """Every pause: why, for how long in samples, how long after its last sample light still came, and light before it resumed."""
    session = open_session(out)
    fs_hz, told = session.fs_hz, session.markers
    pulses, decisions = session.pulses, session.decisions
    lit = pulses[np.isin(pulses["verdict"], LIT) & ~pulses["dark"]]
    decided = decisions[lit["decision"]]
    on = decided["start_sample"] + lit["fire_sample"] - decided["fire_sample"]
    found = []
    for at in np.flatnonzero(told["name"] == "paused").tolist():
        begin = float(told["sample"][at])
        after = [float(m["sample"]) for m in told[at:] if m["name"] == "resumed"]
        late = on[(on > begin) & (on < (after[0] if after else np.inf))]
        found.append(
            {
                "why": str(told["value"][at]),
                "for_s": round((after[0] - begin) / fs_hz, 2) if after else None,
                "lights_after_last_sample": len(late),
                "last_light_ms": round(float(late.max() - begin) / fs_hz * 1000, 1) if len(late) else None,
            }
        )
    return found


def faulty(kind: str, *, leave: int) -> dict[str, Any]:
    """One session on one kind of peer, and what became of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program, out = Program(kind, folder), folder / "session"
        try:
            plot = (everything if leave else without_leave)(program, out)
            summary = run(program.source, out, pace="real", last_s=300.0, plot=plot, leave=leave, horizon_ms=HORIZON_MS)
        finally:
            program.end()
        source, checked, found = summary["source"], verify_session(out), pauses(out)
        session = open_session(out)
        recorded = source["samples"] - source["overflowed"]
        longest = HORIZON_MS + 150.0  # what was queued, and the time in which a stall is noticed
        ok = checked.ok and source["lost"] == program.lost and summary["samples"] == recorded
        ok = ok and all((p["last_light_ms"] or 0) <= longest for p in found) and bool(found)
        return {
            "kind": kind, "leave": leave, "ok": ok, "seconds": round(summary["samples"] / session.fs_hz, 1), "sent_nowhere": program.lost,
            "source": {k: source[k] for k in ("samples", "lost", "skipped", "restarts", "garbled", "overflowed")},
            "recorded": summary["samples"],
            "ended": str(session.markers["value"][session.markers["name"] == "source-ended"][-1:]), "pauses": found,
            "pulses": summary["pulses"], "horizon_ms": summary["horizon_ms"], "verify": checked.ok,
        }  # fmt: skip


def burst(name: str, last_s: float) -> dict[str, Any]:
    """Phase at light-on over one kind of arrival."""
    with tempfile.TemporaryDirectory() as at:
        folder, program = Path(at), None
        if name in ("delay rhx", "delay 1"):
            source, pace = {"kind": "simulated", "delay": {"delay rhx": "rhx", "delay 1": 1}[name]}, "virtual"
        else:
            kind = name.split()[0]
            program = Program(kind, folder, BURSTS_KHZ) if kind == "rhx" else Program(kind, folder, block_ms=1.0)
            source, pace = program.source, "real"
        try:
            summary = run(source, folder / "session", pace=pace, last_s=last_s)
        finally:
            if program is not None:
                program.end()
        pulses = summary["pulses"]
        return {
            "source": name, "pace": pace, "seconds": last_s, "horizon_ms": summary["horizon_ms"], "pulses": pulses,
            "missed_percent": round(100 * pulses["missed"] / max(pulses["scheduled"], 1), 2), "phase_error_deg": summary["phase_error_deg"],
            "paused": summary["safe"], "words": open_session(folder / "session").meta.get("horizon"),
        }  # fmt: skip


def main() -> int:
    """One session after the other."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("what", choices=["faults", "bursts", "play"])
    asked.add_argument("kinds", nargs="*")
    asked.add_argument("--seconds", type=float, default=120.0)
    asked.add_argument("--leave", type=int, nargs="+", default=[100, 0], help="how often the session may resume")
    asked.add_argument("--khz", type=int, help=argparse.SUPPRESS)
    asked.add_argument("--keys", type=json.loads, help=argparse.SUPPRESS)
    asked.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    a = asked.parse_args()
    if a.what == "play":
        play(a.kinds[0], a.khz, a.keys, a.out)
        return 0
    bad = 0
    if a.what == "bursts":
        for name in a.kinds or ("delay 1", "delay rhx", "lsl 1 ms", "rhx bursts"):
            print(json.dumps(burst(name, a.seconds)), flush=True)
        return 0
    for kind in a.kinds or RATES:
        for leave in a.leave:
            found = faulty(kind, leave=leave)
            bad += not found["ok"]
            print(json.dumps(found), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""Runs a session on a mock peer that loses, doubles, delays and splits its packets, and holds the session's counts against what was sent.

python scripts/measure_sources.py rhx --seconds 600 --part 0.01

The peer runs in a process of its own, by the clock. What it sent, in order, is the truth; ``verify`` makes the decisions again from the
samples that arrived. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.session import run_experiment, verify_session
from wavestim.hardware.sources.mock import Faults, open_peer, played_cortex, serve

KEYS: dict[str, dict[str, Any]] = {"rhx": {"port": 0, "data_port": 0, "fs_hz": 20000}}
"""Kind -> keys of its peer at full rate."""


def counter(kind: str, packet: Any) -> int | None:
    """The source's number of the first sample of a packet; None for the second piece of a split one."""
    if kind == "rhx":
        return int.from_bytes(packet[0][4:8], "little") if packet[0][:4] == bytes.fromhex("087af02e") else None
    raise ValueError(kind)


def accounts(order: list[int], n: int) -> dict[str, int]:
    """What a listener that only goes forward makes of packets of n samples in this order."""
    expected, had = order[0], set[int]()
    late = twice = 0
    for first in order:
        if first in had:
            twice += n
        elif first < expected:
            late += n
            had.add(first)
        else:
            had.add(first)
            expected = first + n
    received = len(had) * n - late
    return {"samples": received, "lost": expected - order[0] - received, "late": late, "duplicated": twice}


def play(kind: str, side: int, part: float) -> None:
    """The peer's process: says where it is, plays until a file appears, and says what it sent."""
    peer = open_peer(kind, played_cortex(side, side, 0.4), **KEYS[kind])
    order: list[int] = []
    send = peer.send

    def noting(packet: Any) -> None:
        first = counter(kind, packet)
        if first is not None:
            order.append(first)
        send(packet)

    peer.send = noting  # type: ignore[method-assign]
    print(json.dumps(dict(peer.source)), flush=True)
    tally = serve(peer, Faults(part, part, part, split=part, seed=7), stop=lambda: Path(sys.argv[-1]).exists())
    peer.close()
    print(json.dumps({"order": order, "block": peer.block, "faults": len(tally.faults), "packets": tally.packets}))


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("kind", choices=sorted(KEYS))
    asked.add_argument("--seconds", type=float, default=600.0)
    asked.add_argument("--part", type=float, default=0.01, help="of packets that are dropped; as many are doubled, delayed, split")
    asked.add_argument("--side", type=int, default=4, help="electrodes of a side of the grid")
    asked.add_argument("--peer", default=None, help=argparse.SUPPRESS)
    a = asked.parse_args()
    if a.peer is not None:
        play(a.kind, a.side, a.part)
        return
    with tempfile.TemporaryDirectory() as folder:
        end = Path(folder, "end")
        words = [sys.executable, __file__, a.kind, "--part", str(a.part), "--side", str(a.side), "--peer", str(end)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as peer:
            assert peer.stdout is not None
            file = {
                "name": "measured",
                "source": json.loads(peer.stdout.readline()),
                "probe": {"kind": "grid", "rows": a.side, "columns": a.side, "pitch_mm": 0.4},
                "trigger": {"refractory_ms": 100, "max_phase_sd_deg": 180},
                "conditions": [
                    {"name": "lit", "pattern": {"kind": "flash", "width_ms": 5, "irradiance_mw_mm2": 2}},
                    {"name": "sham", "pattern": {"kind": "none"}},
                ],
                "safety": {"rearm_after_stall": 100},
            }
            out = Path(folder, "session")
            experiment = parse_experiment(yaml.safe_dump(file))
            summary = run_experiment(experiment, out=out, seconds=a.seconds, pace="real", seed=1, arm=True, progress=lambda done: None)
            end.touch()
            sent = json.loads(peer.stdout.read())
        n = sent["block"]
        heard = {key: summary["source"][key] for key in ("samples", "lost", "late", "duplicated", "garbled", "restarts", "overflowed")}
        span = heard["samples"] + heard["lost"]  # the session ends before the peer does
        order = [first for first in sent["order"] if first < sent["order"][0] + span]
        checked = verify_session(out)
        print(
            json.dumps(
                {
                    "heard": heard,
                    "sent": accounts(order, n),
                    "packets": sent["packets"],
                    "meddled with": sent["faults"],
                    "verify": {"ok": checked.ok, "decisions": summary["decisions"]},
                    "pulses": summary["pulses"],
                    "horizon_ms": summary["horizon_ms"],
                    "latency_us": summary["latency_us"],
                    "paused": summary["safe"],
                    "realtime": summary["realtime"],
                }
            )
        )


if __name__ == "__main__":
    main()

"""Runs a session on a mock peer that loses, doubles, delays and splits its packets, and holds the session's counts against what was sent.

python scripts/soak_sources.py [rhx falcon openephys lsl] [--seconds 600] [--part 0.01]

Each peer runs in a process of its own, by the clock. What it sent, in order, is the truth; ``verify`` makes the decisions again from the
samples that arrived. Prints one JSON object a kind; ends with 1 when a count is not the peer's own or a decision is another one.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import yaml
from wavestim.controller import open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.session import run_experiment, verify_session
from wavestim.hardware.sources.mock import Faults, open_peer, played_cortex, serve, upsampled
from wavestim.hardware.sources.openephys import falcon, zmqwire

RHX_MAGIC = bytes.fromhex("087af02e")
SIDES = {"rhx": 4, "falcon": 4, "openephys": 4, "lsl": 10}
"""Electrodes of a side of the grid."""
TIMES = {"falcon": 30, "openephys": 30}
"""The cortex has 1 kHz; a headstage has 30."""
KEYS: dict[str, dict[str, Any]] = {
    "rhx": {"port": 0, "data_port": 0, "fs_hz": 20000},
    "falcon": {"port": 0},
    "openephys": {"port": 0},
    "lsl": {"name": "soaked", "markers": "soaked-markers"},
}
"""Kind -> keys of its peer at full rate."""
COUNTS = ("samples", "lost", "late", "duplicated")

Sent = tuple[int, int, int]
"""Channel (-1: all), the peer's own number of the first sample, samples."""


def what(kind: str, peer: Any, packet: Any) -> Sent | None:
    """What a packet holds; None: no samples, or the second piece of a split one."""
    if kind == "rhx":
        return (-1, int.from_bytes(packet[0][4:8], "little"), peer.block) if packet[0][:4] == RHX_MAGIC else None
    if kind == "lsl":
        return -1, round((float(packet[1][0]) - peer.begin_s) * peer.played.fs_hz), len(packet[1])
    if kind == "falcon":
        block = falcon.decode(packet[0])
        return -1, block.first_sample, block.samples.shape[1]
    data = zmqwire.decode(list(packet))
    return (data.channel, data.first_sample, len(data.samples)) if isinstance(data, zmqwire.ChannelData) else None


def accounts(order: list[Sent], first: int, span: int) -> dict[str, int]:
    """What a listener that only goes forward makes of packets in this order, of ``span`` samples from ``first``."""
    had, expected = np.zeros(span, np.int8), 0
    late = twice = 0
    for _, at, n in order:
        a, b = max(at - first, 0), min(at - first + n, span)
        if a >= b:
            continue
        seen = int(had[a:b].sum())
        twice += seen
        late += int((had[a : min(b, expected)] == 0).sum()) if a < expected else 0
        had[a:b] = 1
        expected = max(expected, b)
    received = int(had.sum()) - late
    return {"samples": received, "lost": span - received, "late": late, "duplicated": twice}


def holes(order: list[Sent], first: int, span: int) -> int:
    """Values of single channels that are missing: their message never came, or when a later block had begun."""
    newest, came, blocks = -1, set[tuple[int, int]](), dict[int, int]()
    for channel, at, n in order:
        if first <= at and at + n <= first + span:
            blocks[at] = n
            newest = max(newest, at)
            if at == newest:
                came.add((channel, at))
    channels = {channel for channel, _, _ in order}
    return sum(n for at, n in blocks.items() for channel in channels if (channel, at) not in came)


def play(kind: str, part: float, end: Path) -> None:
    """The peer's process: says where it is, plays until a file appears, and says what it sent."""
    side = SIDES[kind]
    peer = open_peer(kind, upsampled(played_cortex(side, side, 0.4), TIMES.get(kind, 1)), **KEYS[kind])
    order: list[Sent] = []
    send = peer.send

    def noting(packet: Any) -> None:
        sent = what(kind, peer, packet)
        if sent is not None:
            order.append(sent)
        send(packet)

    print(json.dumps(dict(peer.source)), flush=True)
    with patch.object(peer, "send", noting):
        tally = serve(peer, Faults(part, part, part, split=part, seed=7), stop=end.exists)
    peer.close()
    print(json.dumps({"order": order, "faults": len(tally.faults), "packets": tally.packets}))


def soak(kind: str, seconds: float, part: float) -> dict[str, Any]:
    """A session on one kind of peer, and what became of it."""
    with tempfile.TemporaryDirectory() as folder:
        end = Path(folder, "end")
        words = [sys.executable, __file__, kind, "--part", str(part), "--play", str(end)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as peer:
            assert peer.stdout is not None
            file = {
                "name": "soaked",
                "source": json.loads(peer.stdout.readline()),
                "probe": {"kind": "grid", "rows": SIDES[kind], "columns": SIDES[kind], "pitch_mm": 0.4},
                "trigger": {"refractory_ms": 100, "max_phase_sd_deg": 180},
                "conditions": [
                    {"name": "lit", "pattern": {"kind": "flash", "width_ms": 5, "irradiance_mw_mm2": 2}},
                    {"name": "sham", "pattern": {"kind": "none"}},
                ],
                "safety": {"rearm_after_stall": 100},
            }
            out = Path(folder, "session")
            before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
            try:
                summary = run_experiment(
                    parse_experiment(yaml.safe_dump(file)),
                    out=out, seconds=seconds, pace="real", seed=1, arm=True, progress=lambda done: None,
                )  # fmt: skip
            finally:
                end.touch()
            after, took = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - began
            sent = json.loads(peer.stdout.read())
        heard = {key: summary["source"][key] for key in (*COUNTS, "garbled", "restarts", "overflowed", "first_counter")}
        span = heard["samples"] + heard["lost"]
        session = open_session(out)
        first = heard["first_counter"]
        if kind == "lsl":  # has no counter of its own: its markers say where it stands
            said = next(m for m in session.markers if m["name"] == "marker")
            first = round(int(str(said["value"]).split()[1]) * 1000.0 - float(said["sample"]))
        order = [tuple(row) for row in sent["order"]]
        if kind == "openephys":  # a block is one however many channels came; what they miss is told apart
            truth = {"lost": 0, "holes": holes(order, first, span)}
            heard["holes"] = sum(int(np.isnan(session.samples[a:b]).sum()) for a, b in pairwise([*range(0, span, 100_000), span]))
        else:
            truth = accounts(order, first, span)
        checked = verify_session(out)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return {
            "kind": kind,
            "seconds": seconds,
            "ok": checked.ok and all(heard[key] == value for key, value in truth.items()),
            "heard": heard,
            "sent": truth,
            "packets": sent["packets"],
            "meddled with": sent["faults"],
            "verify": {"ok": checked.ok, "decisions": summary["decisions"]},
            "pulses": summary["pulses"],
            "horizon_ms": summary["horizon_ms"],
            "latency_us": summary["latency_us"],
            "paused": summary["safe"],
            "realtime": summary["realtime"],
            "cpu_percent": round(100 * cpu_s / took, 1),
        }


def main() -> int:
    """One kind after the other."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("kinds", nargs="*", choices=[[], *KEYS], default=[])
    asked.add_argument("--seconds", type=float, default=600.0)
    asked.add_argument("--part", type=float, default=0.01, help="of packets that are dropped; as many are doubled, delayed, split")
    asked.add_argument("--play", type=Path, default=None, help=argparse.SUPPRESS)
    a = asked.parse_args()
    if a.play is not None:
        play(a.kinds[0], a.part, a.play)
        return 0
    bad = 0
    for kind in a.kinds or KEYS:
        found = soak(kind, a.seconds, a.part)
        bad += not found["ok"]
        print(json.dumps(found), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""Kills hosts with SIGKILL at random moments, in real time, and says when the last light was.

python scripts/soak_dark.py [--kills 200]

Ends with 1 when one of them left light behind or was dark later than the board's timeout and the machine's own stall explain.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "build" / "ns"), str(ROOT / "tests")]

from support.killing import kill_hosts  # noqa: E402

TIMEOUT_MS = 100.0


def main() -> int:
    """Count, kill, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    killed = kill_hosts(asked.kills, asked.seed)
    lags = sorted(max(k.last_edge_ms, 0.0) for k in killed)
    bad = [k for k in killed if not k.dark or k.last_edge_ms > TIMEOUT_MS + k.stall_ms]
    print(f"{len(killed)} hosts killed, {sum(k.lit for k in killed)} of them while light was on, {len(bad)} failures")
    print(f"last edge of light after the kill: median {lags[len(lags) // 2]:.2f} ms, longest {lags[-1]:.2f} ms")
    print(f"longest stall of the board's own thread in the same run: {max(k.stall_ms for k in killed):.2f} ms")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

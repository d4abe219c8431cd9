"""Kills hosts with SIGKILL at random moments and says when the last light was, by the clock of the board. Then the emulated ATmega2560,
in virtual time: silence, half a frame, unplugging, BREAK, ABORT and the interlock, each at as many random moments.

python scripts/soak_dark.py [--kills 200]

Ends with 1 when one of them left light behind or was dark later than the timeout of the board explains.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "build" / "ns"), str(ROOT / "tests")]

from support import avr_board
from support.darkness import EVENTS, dark_at_random_moments
from support.firmware_bench import AvrBench
from support.killing import kill_hosts

LATEST_MS = 200.0
"""Twice the timeout of the board, in its own time: what the host wrote last may be heard late, once."""


def main() -> int:
    """Count, kill, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    killed = kill_hosts(asked.kills, asked.seed)
    lags = sorted(max(k.last_edge_ms, 0.0) for k in killed)
    bad = [k for k in killed if not k.dark or k.last_edge_ms > LATEST_MS]
    print(f"{len(killed)} hosts killed, {sum(k.lit for k in killed)} of them while light was on, {len(bad)} failures")
    print(f"last edge of light after the kill: median {lags[len(lags) // 2]:.2f} ms, longest {lags[-1]:.2f} ms")
    return 1 if bad or not emulated(asked.kills) else 0


def emulated(moments: int) -> bool:
    """Every event on the emulated board; false when one of them left light."""
    if reason := avr_board.missing():
        print(f"not on the ATmega2560: {reason}")
        return True
    good = True
    for event, within_us in EVENTS:
        what = f"ATmega2560, {event.__name__.replace('_', ' ')}"
        try:
            bright = dark_at_random_moments(AvrBench(), event, within_us, moments)
        except AssertionError as error:
            print(f"{what}: failed, {error}")
            good = False
        else:
            print(f"{what}: {moments} moments, {bright} of them while light was on; dark within {within_us / 1000:g} ms, nothing after")
    return good


if __name__ == "__main__":
    sys.exit(main())

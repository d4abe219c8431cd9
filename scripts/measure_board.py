"""Measures what docs/board.md says of the ATmega2560 board: edges against their tick under a flooded line, memory, answers.

python scripts/measure_board.py      under a minute; needs what scripts/build_avr needs
"""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "build" / "ns"), str(ROOT / "tests")]

import numpy as np
from support import avr_board
from support.firmware_bench import AvrBench, armed_with_slot_1
from support.flooding import Flood, fire
from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import PONG, Command, Reply

PULSES = 300


def edges(n_sites: int, spacing_us: int, width_us: int, pulses: int, rng: random.Random) -> list[float]:
    """Errors of all edges under the flood, us."""
    avr = armed_with_slot_1(AvrBench())
    flood, errors = Flood(avr), []
    gen = avr.define(2, *((s, s * spacing_us, width_us, 255) for s in range(n_sites)))
    avr.beat()
    for _ in range(pulses):
        t = fire(avr, flood, 2, gen, 8000 + rng.uniform(0, 12_000)) * 0.5
        flood.run(30_000 + 6 * width_us + spacing_us * n_sites)
        found = avr.lights()
        assert len(found) == 2 * n_sites, "an edge is missing"
        errors += [at - t - led * spacing_us - (0 if level else width_us) for at, led, level in found]
    return errors


def answers() -> tuple[float, dict[int, float], float]:
    """PING turn-around (us), FIRE to ACK by sites (us, wire included), PONGs under a flood as a share of the line."""
    avr: Any = armed_with_slot_1(AvrBench())
    turn = []
    for _ in range(50):
        avr.run(5)
        _, t_rx, t_tx = PONG.unpack(avr.ask(Command.PING, bytes(4))[1])
        turn.append((t_tx - t_rx) / 2)
    took = {}
    for n in (1, 8, 25):
        gen = avr.define(3, *((s, 0, 1000, 255) for s in range(n)))
        avr.run(100)
        frame = codec.encode(Command.FIRE_AT, 7 + n, avr.fire_payload(3, gen, 15_000))
        begun = avr.now
        avr.core.receive(frame, begun)
        avr.now += 8_000_000
        avr.core.advance(avr.now)
        (came,) = [at for at, f in avr.core.transmitted() if codec.decode(f[:-1])[:2] == (Reply.ACK, 7 + n)]
        took[n] = (came - begun) / 1000
        avr.run(60)
    flood = Flood(avr)
    flood.run(100_000)
    pongs = sum(kind == Reply.PONG for kind, _, _ in flood.run(1_000_000))
    return float(np.median(turn)), took, pongs / (1e6 / (18 * 20))


def main() -> None:
    if reason := avr_board.missing():
        sys.exit(reason)
    rng = random.Random(1)
    print(subprocess.run(["avr-size", avr_board.ELF], capture_output=True, text=True, check=True).stdout)
    rows: list[tuple[str, int, int, int, int]] = [("flash, 1 LED", 1, 0, 1000, PULSES), ("flash, 25 LEDs", 25, 0, 1000, 60)]
    rows += [(f"25 LEDs, {gap} us apart", 25, gap, 1000, 100 if gap < 20 else 12) for gap in (4, 8, 12, 20, 100, 1500)]
    print("| pattern | edges | error, us: least | median | most |\n| --- | --- | --- | --- | --- |")
    cycles: Counter[int] = Counter()
    for name, n, gap, width, pulses in rows:
        e = np.array(edges(n, gap, width, pulses, rng))
        print(f"| {name} | {len(e)} | {e.min():.2f} | {np.median(e):.2f} | {e.max():.2f} |")
        if gap == 0:
            cycles.update(np.rint(e * 16).astype(int).tolist())
    print("flashes, cycles of 62.5 ns:", dict(sorted(cycles.items())))
    turn, took, share = answers()
    print(f"PING turn-around {turn:.0f} us; PONGs under a flood: {share:.0%} of the line")
    print("FIRE to ACK by LEDs, us:", {n: round(us) for n, us in took.items()})
    avr = armed_with_slot_1(AvrBench())
    payload = avr.fire_payload(1, 1, 5000)
    avr.accepted(Command.FIRE_AT, payload)
    avr.run(30)
    avr.ask(Command.LIMITS, struct.pack("<BI", 1, 0xFFFFFFFF))
    print("stack never used, bytes:", avr.core.stack_free)


if __name__ == "__main__":
    main()

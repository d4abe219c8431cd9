"""Measures what docs/wave-model.md says of delays between regions: how often they are known, and how wrong they are.

python scripts/measure_regions.py [RECORDINGS]      some ten seconds for each recording and row, two rows each; 8 unless told
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "build" / "ns"), str(ROOT / "tests")]

import numpy as np
from support.regions import BAND, two_arrays
from wavestim.realtime import Crossed, track_regions

FS, SECONDS, FROM_S = 500.0, 40.0, 12.0
RHYTHMS = {"calm": (0.3, 2.0), "as the defaults": (0.8, 0.6), "restless": (2.0, 0.3)}
"""SD of the frequency in Hz, its time constant in s."""
LONGEST_S = 0.09


def crossing(delay_s: float | None, seed: int, snr_db: float, rhythm: tuple[float, float]) -> Crossed:
    """Of one recording."""
    lfp, xy, labels = two_arrays(delay_s, snr_db=snr_db, seconds=SECONDS, fs=FS, seed=seed, spread_hz=rhythm[0], tau_s=rhythm[1])
    return track_regions(lfp, fs=FS, positions_mm=xy, region=labels, band_hz=BAND).crossing("V1", "V4")


def row(name: str, snr_db: float, n: int) -> str:
    """Shares over all recordings after the first seconds; delays are drawn from -90 to 90 ms."""
    errors: list[Any] = []
    known, alone, late = [], [], slice(round(FROM_S * FS), None)
    for seed in range(n):
        delay = float(np.random.default_rng([seed, 7]).uniform(-LONGEST_S, LONGEST_S))
        delay = round(delay * FS) / FS
        found = crossing(delay, seed, snr_db, RHYTHMS[name])
        known.append(found.known[late].mean())
        errors.append((found.delay_s - delay)[late][found.known[late]])
        alone.append(crossing(None, seed, snr_db, RHYTHMS[name]).known.mean())
    e = np.concatenate(errors)
    wrong = np.abs(e) > 0.5 / 15
    rms = f"{1e3 * np.sqrt(np.mean(e[~wrong] ** 2)):.1f} ms" if len(e) else "-"
    off = f"{100 * wrong.mean():.1f} %" if len(e) else "-"
    return f"| {name} | {snr_db:g} dB | {100 * np.mean(known):.0f} % | {off} | {rms} | {100 * np.mean(alone):.1f} % |"


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    print("| rhythm | SNR | known | of it a cycle off | error otherwise | known of two independent rhythms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in RHYTHMS:
        for snr_db in (0.0, 5.0):
            print(row(name, snr_db, n), flush=True)


if __name__ == "__main__":
    main()

"""How exactly light meets a wanted host time: over every modelled link in simulated time, and over a real pseudo-terminal.

python scripts/measure_onsets.py            print both tables
python scripts/measure_onsets.py --write    put them into docs/clock.md
"""

from __future__ import annotations

import argparse
import re
import sys
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build" / "ns"))

from wavestim.controller.bench.onsets import onsets, together
from wavestim.controller.session.selftest import SelfTest, self_test
from wavestim.hardware.firmware.board import PtyBoard
from wavestim.hardware.lights.wavelight.opening import open_serial
from wavestim.hardware.simulated.links import LINKS

PAGE = ROOT / "docs" / "clock.md"
SEEDS, SECONDS, SETTLED_S, TOLERANCE_US = 20, 120.0, 60.0, 250.0


def simulated() -> str:
    """The table of the modelled links."""
    head = ("link", "light-on − wanted: mean ± SD", "p99 of its size", "the same by regression", "uncertainty told", "covers", "sure after")
    rows = [head, ("---",) * len(head)]
    for link in LINKS.values():
        runs = [onsets(link, seed, SECONDS) for seed in range(SEEDS)]
        found = together(runs)
        settled = found.at_s > SETTLED_S
        error, usual = found.error_us[settled], found.regression_us[settled]
        sure = [run.at_s[run.uncertainty_us <= TOLERANCE_US] for run in runs]
        first = f"{np.median([s[0] for s in sure]):.0f} s" if all(len(s) for s in sure) else "not always"
        covered = np.mean(np.abs(found.error_us) <= found.uncertainty_us)
        rows.append(
            (
                link.name,
                f"{error.mean():.1f} ± {error.std():.1f}",
                f"{_p99(error):.1f}",
                f"{usual.mean():.1f} ± {usual.std():.1f}, {_p99(usual):.1f}",
                f"±{np.median(found.uncertainty_us[settled]):.0f}",
                f"{covered:.1%}",
                first,
            )
        )
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _p99(error: NDArray[np.float64]) -> float:
    return float(np.quantile(np.abs(error), 0.99))


class _Served(threading.Thread):
    """A board on a pseudo-terminal whose light can be seen."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.board = PtyBoard(25)
        self.done = threading.Event()
        self._on: list[int] = []
        self._lock = threading.Lock()

    def run(self) -> None:
        while not self.done.is_set():
            edges = self.board.service(0.01)
            with self._lock:
                self._on += edges["host_ns"][edges["level"] > 0].tolist()

    def lit(self) -> NDArray[np.int64]:
        with self._lock:
            on, self._on = np.array(self._on, dtype=np.int64), []
        return on


def real() -> tuple[str, SelfTest]:
    """The same over a pseudo-terminal in real time, beside what this computer itself did to a waiting program."""
    served = _Served()
    served.start()
    light = open_serial(port=served.board.pty_name, answer_s=10)
    try:
        found = self_test(light, TOLERANCE_US, edges=served.lit)
    finally:
        light.close()
        served.done.set()
        served.join()
        served.board.close()
    parts = {
        "light-on − wanted host time, size": found.onset_error_us,
        "round trip of a ping": found.round_trip_us,
        "how late this computer woke a program that waits for 1 ms": found.stall_us,
    }
    lines = ["| µs | median | p99 | longest |\n", "| --- | --- | --- | --- |\n"]
    for name, s in parts.items():
        lines.append(f"| {name} | - | - | - |\n" if s is None else f"| {name} | {s.p50:.1f} | {s.p99:.1f} | {s.max:.1f} |\n")
    known = "not known" if found.clock_uncertainty_us is None else f"±{found.clock_uncertainty_us:.0f} µs"
    return "".join(lines) + f"\n{found.fired} of {found.shots} orders were carried out; the clock was {known}.\n", found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    tables = {"links": simulated(), "pty": real()[0]}
    for text in tables.values():
        print(text)
    if write:
        page = PAGE.read_text(encoding="utf-8")
        for name, text in tables.items():
            page = re.sub(rf"(<!-- measured: {name} -->\n).*?(<!-- end -->)", rf"\g<1>\n{text}\n\g<2>", page, flags=re.DOTALL)
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()

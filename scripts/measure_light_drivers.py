"""What the drivers of boards without a clock do over a pseudo-terminal: the table of docs/light-drivers.md.

python scripts/measure_light_drivers.py [PULSES]

Each driver orders pulses from the stand-in for its board, a process of its own that writes down every edge of light. Beside them stands how
late this machine itself woke a thread that asked for nothing but to be woken, in the same run.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build" / "ns"))

from wavestim.controller.record.truth import read_edges
from wavestim.hardware.lights import Light, PatternEntry, open_light
from wavestim.hardware.lights.wavelight.link import press

PERIOD_MS, AHEAD_MS = 100, 40
WIDTH_US = {"pulsepal": 5000, "mm-arduino": 5000, "cyclops": 1000}


@dataclass
class Stalls:
    """How late a sleep of 1 ms ends, us."""

    late_us: list[float] = field(default_factory=list)
    done: bool = False

    def run(self) -> None:
        """Until `done`."""
        while not self.done:
            before = time.monotonic_ns()
            time.sleep(0.001)
            self.late_us.append((time.monotonic_ns() - before) / 1e3 - 1000)


def order(light: Light, n: int) -> tuple[list[tuple[int, int]], dict[str, int]]:
    """n pulses; returns when those that fired were wanted and reckoned to shine (host ns), and how many came to what."""
    port, wanted, fired, came, beats = light.port(), [], [], {}, 0
    light.arm()
    next_ns = time.monotonic_ns()
    while len(came) < n:
        beats += 1
        press(port, "heartbeat", value=beats)
        if len(wanted) < n and time.monotonic_ns() >= next_ns:
            wanted.append(time.monotonic_ns() + AHEAD_MS * 1_000_000)
            if press(port, "fire", len(wanted) - 1, len(wanted) % 2, 0, wanted[-1]):
                came[len(wanted) - 1] = "not taken"
            next_ns = time.monotonic_ns() + PERIOD_MS * 1_000_000
        light.wait(0.01)
        if light.status().state == "safe":  # this process was not waken for 100 ms
            light.arm()
        for event in light.poll()[0]:
            if event.decision >= 0:
                came[event.decision] = event.reason or event.kind
                if event.kind == "fired":
                    fired.append((wanted[event.decision], event.device_on_ns))
    return fired, Counter(came.values())


def measure(kind: str, n: int) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """How late triggers were written, light-on (the edge nearest) less the wanted moment (us), and what the orders came to."""
    with tempfile.TemporaryDirectory() as folder:
        edges = Path(folder) / "edges.csv"
        command = [sys.executable, "-c", "from wavestim.controller.cli import main; main()", "lights", "device", "--board", kind, "--edges"]
        with subprocess.Popen([*command, str(edges)], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": sys.path[0]}) as board:
            assert board.stdout is not None
            with contextlib.suppress(PermissionError):  # a stand-in that is starved would be measured in place of the driver
                os.sched_setscheduler(board.pid, os.SCHED_FIFO, os.sched_param(40))
            try:
                light = open_light(kind, port=json.loads(board.stdout.readline())["pty"])
                for slot in range(2):  # two patterns in turn: each has to be told to the board anew
                    light.upload(slot, [PatternEntry(0, 0, WIDTH_US[kind], 255)])
                fired, counts = order(light, n)
                light.close()
            finally:
                board.terminate()
        on = read_edges(edges)
    wanted, reckoned = np.array(fired).T
    starts = on["device_us"][on["level"] > 0]
    nearest = starts[np.abs(starts[:, None] - reckoned / 1e3).argmin(axis=0)]
    return (reckoned - wanted) / 1e3, nearest - wanted / 1e3, counts


def main(n: int) -> None:
    """Print the table."""
    stalls = Stalls()
    thread = threading.Thread(target=stalls.run)
    thread.start()
    spread = "median, 99 %, most"
    print(f"| driver | orders | fired | not fired | written after its moment: {spread} | light-on less the wanted moment: {spread} |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind in WIDTH_US:
        written, shone, counts = measure(kind, n)
        cells = [", ".join(f"{x:.0f}" for x in (*np.quantile(e, (0.5, 0.99)), e.max())) + " µs" for e in (written, shone)]
        others = ", ".join(f"{count} {word}" for word, count in counts.items() if word != "fired") or "0"
        print(f"| `{kind}` | {n} | {counts['fired']} | {others} | {' | '.join(cells)} |")
    stalls.done = True
    thread.join()
    figures = ", ".join(f"{x:.0f}" for x in (*np.quantile(stalls.late_us, (0.5, 0.99)), max(stalls.late_us)))
    print(f"\nIn the same run a thread that asked to sleep for 1 ms was woken late by {figures} µs (median, 99 %, most).")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)

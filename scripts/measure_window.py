"""Measures the window beside a session of 100 channels at 1 kHz: frames a second, its part of a core, and what it costs the engine.

python scripts/measure_window.py [--rounds 5] [--seconds 20] [--platforms offscreen xcb]

One session runs all the time. A window attaches to it for so many seconds, is closed for as many, and so on; the latencies of the pulses
(block received to frame written) are kept apart by which it was. A window is a process of its own, as in use; what it takes to start is
not in its figures, and pulses of that time count as neither. On ``xcb`` it is drawn by an X server of its own (Debian's ``xvfb``). Prints
one JSON object for each platform: the median, the least and the most of the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from wavestim.controller.live.client import Attached
from wavestim.controller.live.rendezvous import AttachError, Meeting, find
from wavestim.controller.record.session import open_session

SIDE, SETTLED_S = 10, 2.0
EXPERIMENT = {
    "name": "measured",
    "source": {"kind": "simulated"},
    "probe": {"kind": "grid", "rows": SIDE, "columns": SIDE, "pitch_mm": 0.4},
    "trigger": {"refractory_ms": 0, "max_phase_sd_deg": 180, "horizon_ms": 60},
    "conditions": [
        {"name": "lit", "pattern": {"kind": "flash", "width_ms": 2, "irradiance_mw_mm2": 1}},
        {"name": "sham", "pattern": {"kind": "none"}},
    ],
    "safety": {"rearm_after_stall": 100},
}
SIZE = (1600, 900)
PARTS = ("queue_us", "compute_us", "serial_us")


def window(session: Path, seconds: float) -> None:
    """A window on a session for so long; prints a line when it has settled, and one with what it did and what that took."""
    from pyqtgraph.Qt import QtCore, QtWidgets
    from wavestim.gui import theme
    from wavestim.gui.deck import Deck
    from wavestim.gui.window import RigWindow

    application = QtWidgets.QApplication(["measured"])
    theme.apply(application)
    deck = Deck()
    deck.attach(session)
    shown = RigWindow(deck, "against-the-wave", mock=True)
    shown.resize(*SIZE)
    shown.show()
    painted = counted(shown.live.map.plot.viewport())
    since: list[float] = []

    def begin() -> None:
        print("settled", flush=True)
        since.extend((time.monotonic(), time.process_time(), painted.times))

    QtCore.QTimer.singleShot(round(1000 * SETTLED_S), begin)
    QtCore.QTimer.singleShot(round(1000 * (SETTLED_S + seconds)), application.quit)
    application.exec()
    took_s = time.monotonic() - since[0]
    used = 100 * (time.process_time() - since[1]) / took_s
    print(json.dumps({"frames_a_second": (painted.times - since[2]) / took_s, "percent_of_a_core": used}), flush=True)
    shown.close()


def counted(viewport: Any) -> Any:
    """Counts how often something is painted."""
    from pyqtgraph.Qt import QtCore

    class Counter(QtCore.QObject):
        times = 0

        def eventFilter(self, watched: Any, event: Any) -> bool:
            self.times += event.type() == QtCore.QEvent.Type.Paint
            return False

    counter = Counter(viewport)
    viewport.installEventFilter(counter)
    return counter


@contextlib.contextmanager
def x_server() -> Iterator[dict[str, str]]:
    """An X server that nobody sees; gives what its clients have to know."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1920x1080x24"], pass_fds=[writing], stderr=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as number:
            yield {"DISPLAY": f":{number.readline().strip()}"}
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def running(folder: Path, seconds: float) -> Iterator[Attached]:
    """A session on the mock rig at real pace, armed and run."""
    file = folder / "measured.yaml"
    file.write_text(yaml.safe_dump(EXPERIMENT), encoding="utf-8")
    words = ["run", str(file), "--mock", "--wait", "--pace", "real", "--seconds", f"{seconds:g}", "--out", str(folder / "session")]
    rig = subprocess.Popen(
        [sys.executable, "-m", "wavestim.controller.cli", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        with Attached(met(folder / "session", rig), ("status",)) as there:
            until(there, "armed")
            there.order("take")
            there.order("run")
            until(there, "running")
            try:
                yield there
            finally:
                there.order("stop")
                time.sleep(SETTLED_S)  # all is in the journal; nobody wants the report
    finally:
        rig.kill()
        rig.communicate()


def met(session: Path, rig: subprocess.Popen[str]) -> Meeting:
    """Where it can be attached to, once it can."""
    while rig.poll() is None:
        with contextlib.suppress(AttachError):
            return find(session)
        time.sleep(0.1)
    raise SystemExit(f"the session ended before it began: {rig.communicate()[1]}")


def until(there: Attached, state: str) -> None:
    """Wait for a state of the session."""
    while told(there)["state"] != state:
        pass


def told(there: Attached) -> dict[str, Any]:
    """The next word on how it goes."""
    there.hear()  # what is old
    while not (heard := there.hear(1000)):
        pass
    there.order("keep") if heard[-1][1].get("controlled") else None
    return heard[-1][1]


def rounds(
    there: Attached, n: int, seconds: float, environment: dict[str, str]
) -> tuple[list[dict[str, float]], list[tuple[bool, int, int]]]:
    """What the windows said, and which samples came with a window and which without."""
    said, spans = [], []
    for _ in range(n):
        words = [sys.executable, __file__, "--window", str(there.meeting.about.session), "--seconds", f"{seconds:g}"]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
        assert child.stdout is not None
        child.stdout.readline()
        first = int(told(there)["samples"])
        said.append(json.loads(child.stdout.readline()))
        spans.append((True, first, int(told(there)["samples"])))
        child.wait()
        time.sleep(SETTLED_S)
        first, end_s = int(told(there)["samples"]), time.monotonic() + seconds
        while time.monotonic() < end_s:
            told(there)
        spans.append((False, first, int(told(there)["samples"])))
    return said, spans


def latencies(session: Path, spans: list[tuple[bool, int, int]]) -> dict[str, Any]:
    """Of the pulses of the spans, us, with a window and without."""
    recorded = open_session(session)
    pulses, decisions = recorded.pulses, recorded.decisions
    total = sum(pulses[part] for part in PARTS)
    at = decisions["sample"][pulses["decision"]]
    out: dict[str, Any] = {}
    for there, name in ((True, "with"), (False, "without")):
        kept = np.zeros(len(at), bool)
        for with_window, first, last in spans:
            if with_window == there:
                kept |= (at >= first) & (at < last)
        us = total[kept & np.isfinite(total)]
        out[name] = {"pulses": len(us), "p50": round(float(np.percentile(us, 50)), 1), "p99": round(float(np.percentile(us, 99)), 1)}
        out[name]["p99_of_parts"] = {part: round(float(np.nanpercentile(pulses[part][kept], 99)), 1) for part in PARTS}
        each = [total[(at >= first) & (at < last) & np.isfinite(total)] for with_window, first, last in spans if with_window == there]
        out[name]["p99_of_rounds"] = spread([float(np.percentile(us, 99)) for us in each if len(us)])
    out["p99_ratio"] = round(out["with"]["p99"] / out["without"]["p99"], 2)
    return out


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": round(statistics.median(values), 1), "least": round(min(values), 1), "most": round(max(values), 1)}


def main() -> None:
    """Every platform in a session of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--platforms", nargs="+", choices=["offscreen", "xcb"], default=["offscreen"])
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.window is not None:
        window(asked.window, asked.seconds)
        return
    for platform in asked.platforms:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wsm")))
            display = stack.enter_context(x_server()) if platform == "xcb" else {}
            with running(folder, 60 + asked.rounds * (2 * asked.seconds + 30)) as there:
                said, spans = rounds(there, asked.rounds, asked.seconds, {"QT_QPA_PLATFORM": platform, **display})
            figures = {name: spread([round_[name] for round_ in said]) for name in said[0]}
            print(
                json.dumps({"platform": platform, "rounds": asked.rounds, **figures, "latency_us": latencies(folder / "session", spans)}),
                flush=True,
            )


if __name__ == "__main__":
    main()

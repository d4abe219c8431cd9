"""Measures the loop beside one in pure Python, in the same run: block sent to frame written, 100 channels at 1 kHz.

python scripts/measure_loop.py [--seconds 60] [--best-effort] [--window offscreen|xcb]

Both loops have the same engine, driver and board (each its own), get the same blocks from one feeder, each on its own way, and live in
one process with a thread that holds the GIL all the time and one that reads telemetry and draws 60 times a second. The one in Python
reads its socket with Python, too, as such loops do. ``latency_us`` of a session begins when the source's thread has the block; the
comparison begins when the feeder lets go of it, so that what a thread waits for before it can read is in it. With ``--window`` the rig
window itself draws the first loop, in a process of its own as in use, while the GIL is held. Prints one JSON object a load.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from loop_window import WatchedLoop
from numpy.typing import NDArray
from wavestim.controller.session.bench import FIRE_FRAME_US, learn_clock
from wavestim.controller.session.clocks import Line
from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.hardware.lights import PatternEntry, open_light
from wavestim.hardware.priority import ENGINE, SOURCE, ask_for_priority
from wavestim.hardware.simulated.process import start_mock_rig
from wavestim.hardware.sources.stream import HEADER, MAGIC, StreamSource
from wavestim.realtime import EngineConfig, TriggerConfig
from wavestim.realtime.engine import Engine
from wavestim.realtime.forecast import forecast_records
from wavestim.realtime.loop import Loop, lock_memory, now_ns
from wavestim.realtime.ring import Ring
from wavestim.realtime.scheduler import Scheduler

SIDE, FS_HZ, PERIOD_MS, HORIZON_MS, LEARN = 10, 1000.0, 20.0, 40.0, 4000
XY = np.column_stack([np.tile(np.arange(SIDE), SIDE), np.repeat(np.arange(SIDE), SIDE)]) * 0.4


def wave(n: int, seed: int = 1) -> NDArray[np.float32]:
    """A plane wave in noise, (n, channels) uV."""
    t = np.arange(n) / FS_HZ
    noise = 30 * np.random.default_rng(seed).standard_normal((n, len(XY)))
    return (50 * np.cos(2 * np.pi * 15 * t[:, None] - XY @ [0.4, 0.2]) + noise).astype(np.float32)


def feed(fds: list[int], seconds: float, sent_path: Path) -> None:
    """The feeder's process: one sample a block, each at its moment, to every socket; the moments go into a file.

    A thread for each socket: a loop that does not read in time holds up nobody else.
    """
    sent_ns = np.memmap(sent_path, np.int64, "r+")
    blocks = wave(LEARN)
    start = time.monotonic_ns() + 100_000_000
    print(start, flush=True)

    def to(i: int, out: socket.socket) -> None:
        for k in range(round(seconds * FS_HZ)):
            time.sleep(max(0.0, (start + k * 1e9 / FS_HZ - time.monotonic_ns()) / 1e9))
            sent_ns[2 * k + i] = time.monotonic_ns()
            out.sendall(HEADER.pack(MAGIC, 1, k) + blocks[k % LEARN].tobytes())

    threads = [threading.Thread(target=to, args=(i, socket.socket(fileno=fd))) for i, fd in enumerate(fds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Bench:
    """Engine, scheduler, driver and board of one loop; light is ordered every 20 ms; the board is not armed and says so each time."""

    def __init__(self, folder: Path, name: str, calibration: bytes | None) -> None:
        self.rig = start_mock_rig({"leds_mm": [[0.0, 0.0]], "edges": str(folder / f"{name}.csv"), "board": "wavelight", "gates": False})
        self.light: Any = open_light("wavelight", port=self.rig.pty)
        self.light.upload(0, [PatternEntry(0, 0, 1000, 255)])
        self.light.link.configure(self.light.info.tick_ns, 250)  # its refusals are read by Python, seconds later under the load
        condition = SimpleNamespace(
            name="on", dark=False, heading="none", heading_deg=0, offset_deg=0, slot0=0, n_headings=1, speeds_mm_s=()
        )
        slot = SimpleNamespace(name="flash", lead_ms=0.0, duration_ms=1.0, reaches=True)
        plan = SimpleNamespace(slots=[slot], conditions=[condition], sequence=np.zeros(8, np.int16))
        trigger = TriggerConfig(horizon_ms=HORIZON_MS, refractory_ms=0, policy="open-loop", period_ms=PERIOD_MS)
        self.engine = Engine(
            EngineConfig(fs_hz=FS_HZ, positions_mm=XY, band_hz=(8, 24), trigger=trigger, plan=plan, mask_own_light=False, renew=False)
        )
        if calibration is not None:
            self.engine.apply_calibration(calibration)
        self.ring = Ring(len(XY), round(30 * FS_HZ))
        self.scheduler = Scheduler(self.light.port(), self.light.info.min_lead_us + FIRE_FRAME_US, 1e6)
        self.loop = Loop(self.ring, self.engine, self.scheduler)
        self.telemetry = self.engine.show_every(round(self.engine.rate_hz / 60))
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.dispatches: list[NDArray[np.void]] = []
        self.decided: list[NDArray[np.int64]] = []
        self.n_samples = 0
        self.watched: WatchedLoop | None = None
        self._clock = DeviceClock()
        self.line: Line | None = None
        self.engine.post("arm")

    def _hear(self) -> None:
        self._clock.add(self.light.poll()[1])

    def learn(self) -> None:
        """The board's clock, just before it is needed: the line drifts off."""
        self.line = learn_clock(self.light, self._clock, 1000.0, self._hear)

    def begin(self, start_ns: int) -> None:
        """Sample 0 is taken at this host time."""
        assert self.line is not None
        self.scheduler.publish_clock(
            0.0, self.line(float(start_ns)), self.line.rate * 1e9 / FS_HZ, self.line.x0, self.line.y0, self.line.rate, 1000.0
        )

    def record(self) -> None:
        """What the recorder's thread does, less its files."""
        self._hear()
        self.dispatches.append(self.scheduler.take())
        decisions, blocks = self.engine.take_decisions(), self.ring.take()
        self.decided.append(decisions["sample"])
        self.engine.take_events()
        if self.watched is not None:
            self.watched.turn(blocks, decisions)
        came = sum(len(block) for _, _, block in blocks)
        self.n_samples += came
        if self.loop.stalled and came:  # the feeder had no time for 100 ms
            self.loop.resume_after_stall()
            self.engine.post("resume")

    def draw(self) -> None:
        """What a window does 60 times a second: the newest phases, and a path through the traces."""
        _, records, _ = self.telemetry.take()
        if len(records) and self.engine.calibration is not None:
            forecast_records(records[-1:], self.engine.calibration, np.zeros(1), np.zeros((0, 0), np.complex64))
            traces = np.random.default_rng(1).standard_normal((len(XY), 1000)).cumsum(axis=1)
            np.column_stack([np.tile(np.arange(1000), len(XY)), traces.ravel()]).tobytes()

    def close(self) -> None:
        self.light.close()
        self.rig.close()


def python_loop(bench: Bench, written: list[tuple[int, int]], done: Callable[[], bool]) -> None:
    """The same tick, called from Python; takes down at which sample and when every order for light was written."""
    bench.ours.settimeout(0.1)
    size = HEADER.size + 4 * len(XY)
    buffer = bytearray(size)
    view = memoryview(buffer)
    have = 0
    while not done():
        try:
            have += bench.ours.recv_into(view[have:], size - have)
        except TimeoutError:
            continue
        if have < size:
            continue
        have = 0
        received, sample = now_ns(), HEADER.unpack_from(buffer)[2]
        block = np.frombuffer(buffer, np.float32, offset=HEADER.size).reshape(1, -1)
        decided = bench.engine.n_decisions
        bench.ring.push(block, sample, received)
        bench.loop.turn_at(received)
        if bench.engine.n_decisions > decided:
            written.append((sample, now_ns()))


def quantiles(us: NDArray[np.float64] | list[float]) -> dict[str, float]:
    """In microseconds."""
    found = np.quantile(us, [0.5, 0.99, 0.999, 1.0]) if len(us) else np.full(4, np.nan)
    return dict(zip(("p50", "p99", "p999", "max"), np.round(found, 1).tolist(), strict=True)) | {"n": len(us)}


def run(seconds: float, ask: Callable[[int], str], *, burn: bool, window: str | None) -> dict[str, Any]:
    """Both loops for so long; ``window``: the platform on which one is drawn."""
    learner = Engine(EngineConfig(fs_hz=FS_HZ, positions_mm=XY, band_hz=(8, 24)))
    learner.run(wave(LEARN))
    assert learner.calibration is not None
    ended = threading.Event()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        ours, python = (Bench(Path(folder), name, learner.calibration.to_bytes()) for name in ("ours", "python"))
        lock_memory()
        if window is not None:
            ours.watched = stack.enter_context(WatchedLoop(Path(folder), ours.engine, XY, FS_HZ, window))
        source = StreamSource(ours.ours.fileno(), len(XY), ours.ring.sink())
        refused: list[str] = []
        written: list[tuple[int, int]] = []
        sent_path = Path(folder, "sent")
        sent_path.write_bytes(bytes(16 * round(seconds * FS_HZ)))

        def every(period_s: float, work: Callable[[], None]) -> Callable[[], None]:
            def go() -> None:
                while not ended.wait(period_s):
                    work()

            return go

        def hold() -> None:
            while not ended.is_set():
                pass

        work: list[Callable[[], Any]] = [
            lambda: (refused.append(ask(SOURCE)), source.run()),
            lambda: (refused.append(ask(ENGINE)), ours.loop.run()),
            lambda: python_loop(python, written, ended.is_set),
            every(0.01, lambda: (ours.record(), python.record())[0]),
            *([every(1 / 60, ours.draw)] if burn and window is None else []),
            *([hold] if burn else []),
        ]
        threads = [threading.Thread(target=w, daemon=True) for w in work]
        if ours.watched is not None:
            ours.watched.open_window(seconds + 1.0)
        for bench in (ours, python):
            bench.learn()
        fds = ours.theirs.fileno(), python.theirs.fileno()
        words = [sys.executable, __file__, "--seconds", str(seconds), "--feed", ",".join(map(str, fds)), "--sent", str(sent_path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, pass_fds=fds) as feeder:
            assert feeder.stdout is not None
            start_ns = int(feeder.stdout.readline())
            for bench in (ours, python):
                bench.theirs.close()
                bench.begin(start_ns)
            for thread in threads:
                thread.start()
        time.sleep(0.5)
        source.stop()
        ours.loop.quit()
        ended.set()
        for thread in threads:
            thread.join(10.0)
        for bench in (ours, python):
            bench.record()
            bench.close()
        sent_ns = np.fromfile(sent_path, np.int64).reshape(-1, 2)
        sent = np.concatenate(ours.dispatches)
        outcomes = dict(zip(*(found.tolist() for found in np.unique(sent["outcome"], return_counts=True)), strict=True))
        sent = sent[sent["outcome"] == "sent"]
        from_ns = sent_ns[np.concatenate(ours.decided)[sent["decision"]], 0]
        ours_us = quantiles((sent["written_ns"] - from_ns) / 1e3)
        parts = {
            "read": (sent["block_ns"] - from_ns) / 1e3,
            "wake": (sent["taken_ns"] - sent["block_ns"]) / 1e3,
            "tick": (sent["decided_ns"] - sent["taken_ns"]) / 1e3,
            "write": (sent["written_ns"] - sent["decided_ns"]) / 1e3,
        }
        theirs_us = quantiles([(at_ns - sent_ns[sample, 1]) / 1e3 for sample, at_ns in written])
        return {
            "ours_us": ours_us,
            "ours_latency_us": quantiles((sent["written_ns"] - sent["block_ns"]) / 1e3),
            "python_us": theirs_us,
            "p99_of_python": round(ours_us["p99"] / theirs_us["p99"], 5),
            "orders": outcomes | {"never tried": ours.scheduler.n_lost},
            "parts_us": {name: quantiles(values)["p50"] for name, values in parts.items()},
            "samples": {"sent": round(seconds * FS_HZ), "ours": ours.n_samples, "python": python.n_samples, "dropped": ours.ring.n_dropped},
            "realtime": "SCHED_FIFO" if not any(refused) else "best effort",
            **({"window": ours.watched.told()} if ours.watched is not None else {}),
        }


def main() -> None:
    """Without and with the load."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=60.0)
    asked.add_argument("--best-effort", action="store_true", help="ask for no rights, as on a computer that grants none")
    asked.add_argument("--window", choices=["offscreen", "xcb"], default=None, help="the rig window draws the loop, under the load")
    asked.add_argument("--feed", default=None, help=argparse.SUPPRESS)
    asked.add_argument("--sent", type=Path, default=None, help=argparse.SUPPRESS)
    a = asked.parse_args()
    if a.feed is not None:
        feed([int(fd) for fd in a.feed.split(",")], a.seconds, a.sent)
        return
    ask = (lambda priority: "not asked for") if a.best_effort else ask_for_priority
    drawn = "telemetry drawn at 60 Hz" if a.window is None else f"the window on {a.window}"
    for load, burn, window in (("other programs", False, None), (f"a thread that holds the GIL, {drawn}", True, a.window)):
        print(json.dumps({"load": load, **run(a.seconds, ask, burn=burn, window=window)}), flush=True)


if __name__ == "__main__":
    main()

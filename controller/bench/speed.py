"""What a tick costs: the engine beside plain numpy and beside peers, and how it grows with the number of channels.

Contenders run alternately in one process and the best of several rounds counts, so that what else the machine does hits them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.bench import echt, library
from wavestim.controller.bench.plain_tick import PlainTick
from wavestim.controller.bench.scenes import Array
from wavestim.controller.bench.tables import section, table
from wavestim.realtime import track
from wavestim.realtime.config import EngineConfig
from wavestim.realtime.engine import Engine

FS_HZ = 1000.0
BAND_HZ = (8.0, 24.0)
PITCH_MM = 0.4
LEARN = 3000
"""Samples that the engine is calibrated on."""
STANDARD = 100
US = 1e6
Contender = tuple[str, int, Callable[[], Any]]
"""Name, ticks in a call, the call."""


def samples(channels: int, n: int) -> tuple[NDArray[np.float32], Array]:
    """A plane wave of 15 Hz in white noise on a square grid, and the electrodes' places."""
    side = int(np.ceil(np.sqrt(channels)))
    line = (np.arange(side) - (side - 1) / 2) * PITCH_MM
    xy = np.column_stack([np.tile(line, side), np.repeat(line, side)])[:channels]
    k = 1.5 / float(np.abs(xy).max())
    phase = 2 * np.pi * 15 * np.arange(n)[:, None] / FS_HZ - xy @ [k, 0.0]
    noise = np.random.default_rng(0).standard_normal((n, channels))
    return (50 * np.cos(phase) + 50 * noise).astype(np.float32), xy


def engine_call(channels: int, ticks: int) -> Contender:
    """The engine as it runs on a rig, without a trigger."""
    x, xy = samples(channels, LEARN + ticks)
    engine = Engine(EngineConfig(fs_hz=FS_HZ, positions_mm=xy, band_hz=BAND_HZ))
    engine.run(x[:LEARN], 0)
    block = np.ascontiguousarray(x[LEARN:])

    def call() -> None:
        engine.run(block, engine.next_sample)

    return f"wavestim, {channels} channels", ticks, call


def contenders(ticks: int) -> list[Contender]:
    """The same job, or a part of it, on 100 channels."""
    x, xy = samples(STANDARD, LEARN + ticks)
    calibration = track(x[:LEARN], FS_HZ, xy, BAND_HZ).calibration
    if calibration is None:
        raise ValueError(f"{LEARN} samples are too few to calibrate on")
    plain = PlainTick(calibration)
    rows = x.astype(np.float64)
    taps = echt.weights(BAND_HZ, FS_HZ, 0.5, 2)[::-1]
    gain, step = np.full(4, 0.1), 0.9 * np.eye(4)
    state = np.zeros((4, STANDARD))

    def run_plain() -> None:
        for row in rows[LEARN:]:
            plain.tick(row)

    def run_echt() -> None:
        for t in range(LEARN, LEARN + ticks):
            np.angle(taps @ rows[t - len(taps) : t])

    def run_kalman() -> None:
        held = state
        for row in rows[LEARN:]:
            held = step @ held
            held = held + gain[:, None] * (row - held[0] - held[2] - held[3])
            np.arctan2(held[1], held[0])

    found: list[Contender] = [
        engine_call(STANDARD, 4 * ticks),
        ("the same filters in plain numpy", ticks, run_plain),
        ("ecHT FIR per channel, numpy", ticks, run_echt),
        ("MK Kalman per channel, numpy", ticks, run_kalman),
    ]
    if library.AVAILABLE:
        transform = library.echt_of_window(BAND_HZ, FS_HZ)

        def run_library() -> None:
            for t in range(LEARN, LEARN + ticks, 10):
                transform(rows[t - round(FS_HZ) : t])

        found.append(("meegkit ECHT", len(range(LEARN, LEARN + ticks, 10)), run_library))
    return found


def measure(candidates: Sequence[Contender], repeats: int, done: Callable[[int], None]) -> list[float]:
    """Best seconds per tick of each, measured in turns."""
    best = [np.inf] * len(candidates)
    for turn in range(repeats + 1):
        for i, (_, ticks, call) in enumerate(candidates):
            start = perf_counter()
            call()
            if turn:  # the first turn warms caches up
                best[i] = min(best[i], (perf_counter() - start) / ticks)
        done(turn)
    return [float(b) for b in best]


def figures(channels: Sequence[int], repeats: int, done: Callable[[float], None]) -> dict[str, Any]:
    """Microseconds a tick: of the contenders, and of the engine by number of channels."""
    rivals = contenders(ticks=200)
    costs = measure(rivals, repeats, lambda turn: done(0.5 * turn / repeats))
    sizes = [engine_call(m, 500) for m in channels]
    growth = measure(sizes, repeats, lambda turn: done(0.5 + 0.5 * turn / repeats))
    return {
        "tick_us": {name: US * cost for (name, _, _), cost in zip(rivals, costs, strict=True)},
        "channels": {str(m): US * cost for m, cost in zip(channels, growth, strict=True)},
    }


def report(found: Mapping[str, Any]) -> str:
    """Both as tables; ratios carry over to other machines, microseconds do not."""
    ours = next(iter(found["tick_us"].values()))
    rows = [[name, f"{cost:.1f}", f"{cost / ours:.1f}"] for name, cost in found["tick_us"].items()]
    text = section(
        "Cost of a tick",
        f"{STANDARD} channels; one process, in turns, best of several rounds. The engine's tick holds more than the others': it goes on "
        "learning the noise and describes the wave.",
        table(["", "us a tick", "times wavestim's"], rows),
    )
    base = found["channels"].get(str(STANDARD), ours)
    rows = [[m, f"{cost:.1f}", f"{cost / base:.2f}"] for m, cost in found["channels"].items()]
    return (
        text + "\n" + section("Growth with channels", "The engine.", table(["channels", "us a tick", f"times {STANDARD} channels'"], rows))
    )

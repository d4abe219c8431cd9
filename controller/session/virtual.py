"""Virtual pace: cortex or recording, engine, firmware and journal in one thread under one simulated clock.

Nothing sleeps; the same seed gives the same bits, light onsets included.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from wavestim.controller.experiment import Experiment, patterns
from wavestim.controller.record.journal import Journal
from wavestim.controller.record.session import InputEvent
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.assembly import Assembly
from wavestim.controller.session.clocks import DeviceClock, SampleClock
from wavestim.controller.session.feeds import Feed
from wavestim.controller.session.recorder import Recorder
from wavestim.hardware.firmware.device import EdgeFile, write_rig_clock
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import Light, open_light
from wavestim.realtime.engine import Engine
from wavestim.realtime.loop import Loop
from wavestim.realtime.ring import Ring
from wavestim.realtime.scheduler import Scheduler

FIRE_FRAME_US = 17 * 20.0
"""A FIRE_AT on the wire at 500 kbaud, COBS and delimiter included, rounded up."""
MARGIN_MS = 1.0
PING_NS = 107_000_000
"""No multiple of the heartbeat's period: a ping right behind a heartbeat waits for the wire, and the clocks would seem apart."""

LONG_GAP_NS = 1_000_000_000


@dataclass
class VirtualBench:
    """The firmware core in memory, its driver, and the clock both live under."""

    clock: VirtualClock
    core: FirmwareCore
    light: Light


@dataclass
class VirtualRun:
    """What a run in simulated time left behind besides its journal."""

    samples: int = 0
    dropped: int = 0
    ticks: int = 0
    stopped_early: bool = False
    safe: list[str] = field(default_factory=list)


def make_bench(n_leds: int, seed: int) -> VirtualBench:
    """A board with a clock of its own: started earlier, running up to 30 ppm fast or slow."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0xC10C]))
    clock = VirtualClock(int(rng.integers(1_000_000_000, 2_000_000_000)))
    core = FirmwareCore(
        max(1, n_leds),
        drift_ppm=float(rng.uniform(-30, 30)),
        boot_ns=-int(rng.integers(0, 10_000_000_000)),
        boot_id=int(rng.integers(1, 2**32)),
    )
    return VirtualBench(clock, core, open_light("simulated", core=core, clock=clock))


def horizon_for(experiment: Experiment, light: Light, arrivals: Arrivals) -> float:
    """``trigger.horizon_ms`` as a number: age of the newest sample + wire + lead of the board + margin."""
    asked = experiment.trigger.horizon_ms
    if asked != "auto":
        return float(asked)
    return arrivals.oldest_ms + (FIRE_FRAME_US + light.info.min_lead_us) / 1000 + MARGIN_MS


def prepare_light(light: Light, assembly: Assembly, device_clock: DeviceClock) -> None:
    """Upload the patterns and learn the board's clock."""
    for slot, pattern in enumerate(assembly.plan.slots):
        light.upload(slot, [tuple(e) for e in pattern.entries])  # type: ignore[misc]
    for _ in range(8):
        light.ping()
        light.status()
        device_clock.add(light.poll()[1])


def run_virtual(
    assembly: Assembly,
    feed: Feed,
    bench: VirtualBench,
    journal: Journal,
    *,
    seconds: float | None,
    arm: bool,
    horizon_ms: float,
    arrivals: Arrivals,
    edges_path: Path | None,
    progress: Callable[[float], None],
    chunk: int = 1,
    keep_samples: bool = True,
    masks: Sequence[tuple[float, float]] = (),
    script: Sequence[InputEvent] | None = None,
    pacing: Callable[[float], None] | None = None,
    fixed_delay_ms: float = 0.0,
) -> VirtualRun:
    """Run until the feed ends or ``seconds`` of samples have been taken.

    Parameters
    ----------
    chunk : int
        Samples between two looks at the board: 1 where light acts on the tissue, more in a replay.
    masks : sequence of (first, last)
        Samples that show light of an earlier session, in the order of ``first``; the engine coasts through them.
    script : sequence of InputEvent, optional
        What entered the engine of the session that is replayed, in order: it enters again at the same samples, calibrations included,
        instead of ``horizon_ms``, ``arm`` and a calibration of this run's own.
    pacing : callable, optional
        Called with the seconds of samples taken; may wait (a replay at the pace it was recorded at).
    fixed_delay_ms : float
        The constant delay of the source, which arrivals can't show.
    """
    clock, core, light = bench.clock, bench.core, bench.light
    experiment, fs = assembly.experiment, assembly.fs_hz
    period = 1e9 / fs
    limit = None if seconds is None else round(seconds * fs)
    device_clock, sample_clock = DeviceClock(), SampleClock(fs, fixed_delay_ms)
    prepare_light(light, assembly, device_clock)
    engine = Engine(assembly.engine)
    ring = Ring(len(assembly.positions_mm), max(4096, 64 * chunk))
    scheduler = Scheduler(light.port(), light.info.min_lead_us + FIRE_FRAME_US)
    loop = Loop(ring, engine, scheduler, hold_for_calibration=script is None)
    recorder = Recorder(journal, ring, engine, scheduler, light, sample_clock, device_clock, simulated=True, keep_samples=keep_samples)
    if script is None:
        engine.post("horizon", horizon_ms)
    if arm:
        light.arm()
        if script is None:
            engine.post("arm")
    ahead = deque(script or ())
    start = clock.now_ns + int(period)
    full = {level: patterns.irradiance_of(experiment, level) for level in range(256)}
    run, taken, at, n_masks, next_ping, next_pump = VirtualRun(), 0, 0, 0, 0, 0
    edges = EdgeFile(edges_path) if edges_path is not None else None
    if edges_path is not None:
        write_rig_clock(edges_path.with_name("rig-clock.json"), core, start)
    try:
        while limit is None or taken < limit:
            n = chunk if limit is None else min(chunk, limit - taken)
            while ahead and ahead[0][0] <= at:
                _enter(engine, ahead.popleft())
            if ahead:
                n = min(n, ahead[0][0] - at)
            # light of up to now reaches the tissue before it is read; a replay hands the board a chunk's frames at its beginning
            core.advance(start + int(at * period))
            if core.n_edges:
                new = core.host_edges()
                for edge in new:
                    feed.light(max(0.0, (int(edge["host_ns"]) - start) / 1e9), int(edge["led"]), full[int(edge["level"])])
                if edges is not None:
                    edges.write(new)
            first, block = feed.read(n)
            if len(block) == 0:
                break
            if first != at and (taken == 0 or first < at):  # the counter begins elsewhere, or anew: time does not jump with it
                start -= int((first - at) * period)
                recorder.sample_clock = SampleClock(fs, fixed_delay_ms)
            elif first != at:  # samples are missing: time went on without them, and the board went dark
                core.advance(start + int(first * period))
                clock.now_ns = core.now_ns
                if arm:
                    light.arm()
                if (first - at) * period > LONG_GAP_NS:
                    for _ in range(8):  # its clock has drifted away meanwhile
                        light.ping()
                        light.status()
                        recorder.hear()
                while ahead and ahead[0][0] < first:
                    _enter(engine, ahead.popleft())
            now = start + int((first + len(block) - 1) * period)
            taken, at = taken + len(block), first + len(block)
            while n_masks < len(masks) and masks[n_masks][0] < at:
                from_sample = max(math.ceil(masks[n_masks][0]), first)
                if masks[n_masks][1] >= from_sample:
                    engine.post("mask", masks[n_masks][1] - from_sample, from_sample)
                n_masks += 1
            arrivals.put(first, now, block)
            clock.now_ns = core.now_ns
            for due, at_ns, part in arrivals.due(now):
                if chunk > 1:
                    ring.push_timed(part, due, at_ns - int((len(part) - 1) * period), period)
                else:
                    ring.push(part, due, at_ns)
            loop.turn_at(now)
            while script is None and engine.wants_calibration:
                engine.apply_calibration(engine.learn())
                loop.turn_at(now)
            if now >= next_ping:
                light.ping()
                next_ping = now + PING_NS
            if now >= next_pump or recorder.ledger.open:
                recorder.pump(now)
                next_pump = now + 20_000_000
            if taken % 1000 < chunk:
                progress(taken / fs)
                if pacing is not None:
                    pacing(taken / fs)
    finally:
        with contextlib.ExitStack() as last:  # whatever fails on the way, the rest is done; backwards from here
            last.callback(feed.close)
            if edges is not None:
                last.callback(edges.close)
                last.callback(lambda: edges.write(core.host_edges()))
            # whatever happened, the board is told to go dark before anything else
            light.disarm()
            core.advance(clock.now_ns)
            run.samples, run.dropped, run.ticks = taken, ring.n_dropped + engine.n_dropped, engine.n_ticks
            run.safe = recorder.safe_reasons
            recorder.finish(clock.now_ns, "session-ended")
    return run


def _enter(engine: Engine, event: InputEvent) -> None:
    """An input event of the session that is replayed, at the sample at which it was applied."""
    _, kind, value, payload = event
    if kind == "calibration":
        engine.apply_calibration(bytes(payload or b""))
    else:
        engine.post(kind, value)

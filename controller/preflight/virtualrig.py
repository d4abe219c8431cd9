"""The rig under a simulated clock: cortex in silico or recording, firmware in memory, no sleep. Nothing of it is timed."""

from __future__ import annotations

import numpy as np
from wavestim.controller.experiment import Experiment, patterns
from wavestim.controller.preflight.station import Station
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.bench import VirtualBench
from wavestim.controller.session.feeds import Feed
from wavestim.hardware.simulated.faults import Faults
from wavestim.hardware.simulated.streaming import by_led
from wavestim.hardware.sources import LiveCounts, LiveInfo

CHUNK = 20
"""Samples at a time while no light can act on them."""


class VirtualStation(Station):
    """Feed and board in memory.

    Parameters
    ----------
    experiment : Experiment
    info : LiveInfo
    feed : Feed
    bench : VirtualBench
    arrivals : Arrivals
        How late samples arrive.
    faults : Faults
        Of the clock of the samples; those of the wires are the feed's.
    """

    def __init__(self, experiment: Experiment, info: LiveInfo, feed: Feed, bench: VirtualBench, arrivals: Arrivals, faults: Faults) -> None:
        fixed = experiment.source.fixed_delay_ms
        super().__init__(info, bench.light, arrivals.constant_ms if fixed is None else fixed)
        self._feed, self._bench, self._arrivals, self._faults = feed, bench, arrivals, faults
        self._irradiance = by_led(patterns.faces_by_level(experiment), bench.light.info.n_sites)
        self._period = 1e9 / info.fs_hz
        self._bursts = arrivals.oldest_ms > arrivals.constant_ms
        self._start, self._at, self._ended = bench.clock.now_ns, 0, ""

    @property
    def now_ns(self) -> int:
        return int(self._bench.clock.now_ns)

    @property
    def ended(self) -> str:
        return self._ended

    @property
    def counts(self) -> LiveCounts:
        return LiveCounts(samples=self.n_samples)

    def _ns(self, sample: int) -> int:
        return self._start + int(sample * self._period)

    def _pass(self) -> None:
        bench, n = self._bench, 1 if self.armed else CHUNK
        bench.core.advance(self._ns(self._at + n))
        bench.clock.now_ns = max(bench.clock.now_ns, bench.core.now_ns)
        for edge in bench.core.host_edges():
            at_s = max(0.0, (int(edge["host_ns"]) - self._start) / 1e9)
            self._feed.light(at_s, int(edge["led"]), self._irradiance[edge["led"]][edge["level"]])
        first, block = self._feed.read(n)
        if not len(block):
            self._ended = "the recording ended"
            return
        self._at += len(block)
        self._arrivals.put(first, self._ns(first + len(block) - 1), block)
        for due, at_ns, part in self._arrivals.due(self.now_ns):
            late_ns = self._faults.late_ns(due / self.info.fs_hz)
            before = self._period * np.arange(len(part))[::-1] * (not self._bursts)
            self.keep((due, at_ns + late_ns - before.astype(np.int64), part))

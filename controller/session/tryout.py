"""A live source on its own, without engine or light: how it behaves, and its samples in a file."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.session.clocks import SampleClock
from wavestim.controller.session.live import source_about
from wavestim.hardware.sources import Live, LiveEvent, SourceError
from wavestim.realtime.ring import Ring

RING_S = 10.0
TURN_S = 0.05
ROWS = 65536
MISSING_BITS = np.int16(-32768)
"""In a file of bits, the rail stands for a sample that is not there."""

Block = NDArray[np.float32] | NDArray[np.int16]


class Tryout:
    """Listens to a source and keeps account of it.

    Parameters
    ----------
    live : Live
        Opened, not started.
    """

    def __init__(self, live: Live) -> None:
        self.live = live
        self.events: list[LiveEvent] = []
        self.seconds = 0.0
        self.rms_uv = np.full(live.info.n_channels, np.nan)
        self._ring = Ring(live.info.n_channels, round(RING_S * live.info.fs_hz), live.info.dtype)
        self._clock = SampleClock(live.info.fs_hz)
        self._arrivals: list[tuple[int, int, int]] = []  # first sample, samples, received

    def listen(
        self, seconds: float, each: Callable[[int, Block], None] = lambda first, block: None, shown: Callable[[], None] = lambda: None
    ) -> None:
        """Until so many seconds of samples have come, or the source has ended.

        Parameters
        ----------
        seconds : float
        each : callable
            Gets (first sample, block) of what came, gaps left out.
        shown : callable
            Called about twenty times a second.
        """
        self.live.start(self._ring.sink())
        try:
            while self.seconds < seconds and not self.live.ended:
                time.sleep(TURN_S)
                self._take(each)
                shown()
        finally:
            self.live.stop()
            self._take(each)

    def _take(self, each: Callable[[int, Block], None]) -> None:
        for first, stamps, block in self._ring.take():
            self._account(first, stamps, block)
            each(first, block)
            self.seconds = (first + len(block)) / self.live.info.fs_hz
        self._ring.without_engine()
        self.events += self.live.take_events()

    def _account(self, first: int, stamps: NDArray[np.int64], block: Block) -> None:
        self._clock.add(first, stamps)
        cuts = np.concatenate([[0], np.flatnonzero(np.diff(stamps)) + 1, [len(stamps)]])
        self._arrivals += [(first + a, b - a, int(stamps[a])) for a, b in pairwise(cuts.tolist())]
        gain = self.live.info.gain_uv
        uv = block if gain is None else block * gain
        self.rms_uv = np.std(uv.astype(np.float64), axis=0)

    def result(self) -> dict[str, Any]:
        """What was seen: the source, its counts, and how old samples were beyond the constant delay that arrivals can't show."""
        found = source_about(self.live.info, self.live.counts) | {"seconds": self.seconds, "ended": self.live.ended}
        line = self._clock.fit()
        if line is None:
            return found | {"age_ms": None, "arrival_ms": None}
        first, n, at = np.array(self._arrivals, dtype=np.float64).T
        age = np.concatenate([(t - line(f + np.arange(k))) / 1e6 for f, k, t in zip(first, n, at, strict=True)])
        between = np.diff(np.unique(at)) / 1e6
        return found | {
            "age_ms": _percentiles(age), "arrival_ms": _percentiles(between), "block_samples": float(np.median(n)),
            "clock_uncertainty_us": line.uncertainty / 1e3, "rms_uv": {"min": float(self.rms_uv.min()), "max": float(self.rms_uv.max())},
        }  # fmt: skip


def _percentiles(values: NDArray[np.float64]) -> dict[str, float] | None:
    if not len(values):
        return None
    p50, p99, p999 = np.percentile(values, [50, 99, 99.9])
    return {"p50": float(p50), "p99": float(p99), "p999": float(p999), "max": float(values.max())}


def record_source(live: Live, out: Path, seconds: float, shown: Callable[[Tryout], None] = lambda tryout: None) -> dict[str, Any]:
    """Record to an ``.npz`` in the interchange layout; what is missing is NaN there, or the lower rail in a file of bits.

    Raises
    ------
    SourceError
        When nothing came.
    """
    info, tryout = live.info, Tryout(live)
    missing = np.float32(np.nan) if info.gain_uv is None else MISSING_BITS
    raw = out.with_suffix(".part")  # what has come stays there if the power goes
    with raw.open("wb") as file:
        written = 0

        def keep(first: int, block: Block) -> None:
            nonlocal written
            while written < first:
                n = min(first - written, ROWS)
                file.write(np.full((n, info.n_channels), missing, dtype=info.dtype).tobytes())
                written += n
            file.write(block.tobytes())
            written += len(block)

        tryout.listen(seconds, keep, lambda: shown(tryout))
    found = tryout.result()
    if written == 0:
        raw.unlink()
        raise SourceError(f"{info.where}: nothing came" + (f"; {live.ended}" if live.ended else ""))
    beside = {"fs": np.float64(info.fs_hz), "channel_names": np.array(info.channel_names)}
    if info.positions_mm is not None:
        beside["positions_mm"] = info.positions_mm
    if info.gain_uv is not None:
        beside["gain_uv"] = info.gain_uv
    if info.region is not None:
        beside["region"] = np.array(info.region)
    with zipfile.ZipFile(out, "w", allowZip64=True) as archive:
        for name, value in beside.items():
            with archive.open(f"{name}.npy", "w") as entry:
                np.lib.format.write_array(entry, np.asarray(value), allow_pickle=False)
        with archive.open("lfp.npy", "w", force_zip64=True) as entry, raw.open("rb") as part:
            head = {
                "descr": np.lib.format.dtype_to_descr(np.dtype(info.dtype)),
                "fortran_order": False,
                "shape": (written, info.n_channels),
            }
            np.lib.format.write_array_header_1_0(entry, head)
            while data := part.read(1 << 20):
                entry.write(data)
    raw.unlink()
    return found | {"path": str(out.resolve()), "samples_written": written, "events": [vars(e) for e in tryout.events]}

"""What a soak at virtual pace lives on: a minute of the simulated cortex, again and again, with a fault every few seconds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.session.arrivals import Arrivals, Arrived
from wavestim.hardware.firmware.emulator import FirmwareCore

EVERY_S = 7.0
HANG_NS = 300_000_000
"""Longer than the board's watchdog allows: it goes dark by itself, and is armed again after the next gap."""
RAIL_UV = 32_767.0
LATE_NS, LATEST_NS = 1_000_000, 8_000_000
Block = NDArray[np.float32]


class Uneven(Arrivals):
    """Every block is stamped late by another time, 1 ms on average and 8 ms at most: what the clock of the samples has to see through."""

    def __init__(self, seed: int) -> None:
        super().__init__("none", seed)
        self._late = np.random.default_rng(np.random.SeedSequence([seed, 0x50A4]))

    def due(self, now_ns: int) -> list[Arrived]:
        """See ``Arrivals``."""
        late = self._late.exponential(LATE_NS, 8).clip(max=LATEST_NS)
        return [(first, at_ns + int(by), block) for (first, at_ns, block), by in zip(super().due(now_ns), late, strict=False)]


class FaultyLoop:
    """A recording without an end, as a feed of :class:`wavestim.controller.session.virtual.VirtualSession`.

    Every `EVERY_S` one fault, in this order: 3 samples are missing, one channel is NaN for a second, 60 samples are missing, all channels
    are NaN for 40 ms, one channel stands at its rail for half a second, the board hangs for 300 ms, two seconds are missing.

    Parameters
    ----------
    recording : array (n, channels), uV
    fs_hz : float
    core : FirmwareCore
        The board that hangs.
    goes_on : callable
        Asked before every block; false: it was the last one.

    Attributes
    ----------
    missing : int
        Samples that were left out so far.
    faults : int
    """

    gain_uv: NDArray[np.float32] | None = None

    def __init__(self, recording: Block, fs_hz: float, core: FirmwareCore, goes_on: Callable[[], bool]) -> None:
        self.fs_hz, self.missing, self.faults = fs_hz, 0, 0
        self._recording, self._core, self._goes_on = recording, core, goes_on
        self._every = round(EVERY_S * fs_hz)
        self._read = 0  # samples of the recording
        gaps = {0: 3, 2: 60, 6: round(2 * fs_hz)}
        self._gaps = [gaps.get(k, 0) for k in range(7)]

    def read(self, n: int) -> tuple[int, Block]:
        """See ``Feed``."""
        if not self._goes_on():
            return 0, self._recording[:0]
        n = min(n, self._every - self._read % self._every, len(self._recording) - self._read % len(self._recording))
        which, since = self._read // self._every - 1, self._read % self._every
        if which >= 0 and since == 0:
            self.faults += 1
            self.missing += self._gaps[which % 7]
            if which % 7 == 5:
                self._core.freeze(self._core.now_ns + HANG_NS)
        at = self._read % len(self._recording)
        block = self._recording[at : at + n]
        channel = which // 7 % block.shape[1]
        for fault, lasts_s, channels, value in (
            (1, 1.0, slice(channel, channel + 1), np.nan),
            (3, 0.04, slice(None), np.nan),
            (4, 0.5, slice(channel, channel + 1), RAIL_UV),
        ):
            if which >= 0 and which % 7 == fault and since < lasts_s * self.fs_hz:
                block = block.copy()
                block[: max(0, round(lasts_s * self.fs_hz) - since), channels] = value
        first = self._read + self.missing
        self._read += n
        return first, block

    def light(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None:
        """Nothing: what was recorded stays what it was."""

    def close(self) -> None:
        """Nothing to let go of."""

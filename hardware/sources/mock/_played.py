"""What a mock peer plays: a recording, over and over, or the cortex in silico; block by block, in microvolts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.simulated import CortexConfig, SimulatedRig
from wavestim.hardware.sources._base import SourceError, default_names
from wavestim.hardware.sources.file import open_recording

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Played:
    """Samples without an end.

    Attributes
    ----------
    name : str
    fs_hz : float
    channel_names : (channels,)
    positions_mm : (channels, 2), optional
    read : callable
        The next n samples (n, channels), uV.
    """

    name: str
    fs_hz: float
    channel_names: tuple[str, ...]
    positions_mm: NDArray[np.float64] | None
    read: Callable[[int], Samples]

    @property
    def n_channels(self) -> int:
        return len(self.channel_names)


def played_recording(path: str) -> Played:
    """A recording that begins anew when it is over.

    Raises
    ------
    SourceError
        When it can't be read or is empty.
    """
    recording = open_recording(path)
    if recording.n_samples == 0:
        raise SourceError(f"{path}: it holds no samples; there is nothing to play")

    def blocks() -> Iterator[Samples]:
        while True:
            for _, block in recording.blocks(4096):
                yield block

    return Played(path, recording.fs_hz, recording.channel_names, recording.positions_mm, _cut(blocks(), recording.n_channels))


def played_cortex(rows: int, columns: int, pitch_mm: float, *, fs_hz: float = 1000.0, seed: int = 1) -> Played:
    """The cortex in silico under a grid, row by row; nothing shines on it."""
    y, x = np.mgrid[0:rows, 0:columns]
    positions = np.column_stack([x.ravel(), y.ravel()]) * pitch_mm
    positions = positions - positions.mean(axis=0)
    rig = SimulatedRig(CortexConfig(), positions, np.zeros((0, 2)), fs_hz=fs_hz, seed=seed)
    return Played("cortex", fs_hz, default_names(rows * columns), positions, rig.read)


def upsampled(played: Played, times: int) -> Played:
    """The same at a whole multiple of its rate, on straight lines between samples: for systems whose lowest rate is higher."""
    if times == 1:
        return played

    def blocks() -> Iterator[Samples]:
        last = played.read(1)
        ramp = (np.arange(times, dtype=np.float32) / times)[None, :, None]
        while True:
            block = played.read(64)
            before = np.concatenate([last, block[:-1]])
            yield (before[:, None, :] + ramp * (block - before)[:, None, :]).reshape(-1, played.n_channels)
            last = block[-1:]

    return replace(played, fs_hz=played.fs_hz * times, read=_cut(blocks(), played.n_channels))


def _cut(blocks: Iterator[Samples], n_channels: int) -> Callable[[int], Samples]:
    """Blocks of any size, read in any other."""
    rest: list[Samples] = [np.zeros((0, n_channels), np.float32)]

    def read(n: int) -> Samples:
        parts = []
        while n > 0:
            if not len(rest[0]):
                rest[0] = next(blocks)
            parts.append(rest[0][:n])
            rest[0] = rest[0][n:]
            n -= len(parts[-1])
        return np.ascontiguousarray(np.concatenate(parts))

    return read

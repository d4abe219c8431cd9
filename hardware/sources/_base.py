"""What a recording is to the rest of the house: channels with places, a rate, and samples that come block by block.

Blocks are float32 µV, samples × channels, in order and without gaps. Nothing larger than a block is held in memory. What a file holds as
the int16 of a converter can be had as it is, half as wide and with its rails still to be seen: :func:`as_stored`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

SAME_PLACE_MM = 1e-6
SMALLEST_SD_UV = 1e-3
CHECKED_VALUES = 1_000_000


Stored = NDArray[np.float32] | NDArray[np.int16]


class SourceError(ValueError):
    """A source can't be used. The message is one sentence on one line: what, where, what would be right."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))


@runtime_checkable
class Recording(Protocol):
    """Samples that already exist."""

    @property
    def fs_hz(self) -> float:
        """Samples per second; need not be a whole number."""
        ...

    @property
    def n_channels(self) -> int: ...

    @property
    def n_samples(self) -> int: ...

    @property
    def channel_names(self) -> tuple[str, ...]: ...

    @property
    def positions_mm(self) -> NDArray[np.float64] | None:
        """(n_channels, 2), or None where the file does not say."""
        ...

    def blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(first sample, samples × channels in µV), ``size`` samples at a time, the last block shorter. Every call starts anew."""
        ...

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples from one to another, 0 <= start <= stop <= n_samples, × channels, µV; nothing else is read."""
        ...


@runtime_checkable
class RawRecording(Recording, Protocol):
    """A recording that may hold the int16 of a converter."""

    @property
    def gain_uv(self) -> NDArray[np.float32] | None:
        """(n_channels,) µV per bit; None when the file holds something else and there are no raw blocks."""
        ...

    def raw_blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """As ``blocks``, in bits."""
        ...


def regions_of(recording: object) -> tuple[str, ...] | None:
    """The region of each channel, empty where it has none; None where the recording says nothing of regions."""
    found = getattr(recording, "region", None)
    return None if found is None else tuple(found)


def as_stored(recording: Recording, size: int) -> tuple[NDArray[np.float32] | None, Iterator[tuple[int, Stored]]]:
    """µV per bit and int16 blocks where the file holds them; otherwise None and blocks of µV."""
    if isinstance(recording, RawRecording) and recording.gain_uv is not None:
        return recording.gain_uv, recording.raw_blocks(size)
    return None, recording.blocks(size)


def check_gain(gain: ArrayLike, n_channels: int, where: str) -> NDArray[np.float32]:
    """µV per bit of every channel, from one number or one for each, or ``SourceError``."""
    try:
        found = np.asarray(gain, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise SourceError(f"{where}: gain_uv must hold numbers, µV per bit") from error
    if found.shape not in ((), (1,), (n_channels,)) or not np.isfinite(found).all() or (found == 0).any():
        raise SourceError(f"{where}: gain_uv must be one number of µV per bit, or one for each of the {n_channels} channels, and never 0")
    return np.ascontiguousarray(np.broadcast_to(found.ravel(), n_channels))


def check_regions(labels: ArrayLike, n_channels: int, where: str) -> tuple[str, ...]:
    """A label for each channel, or ``SourceError``."""
    found = np.asarray(labels)
    if found.shape != (n_channels,) or found.dtype.kind not in "Uiu":
        raise SourceError(
            f"{where}: region has shape {found.shape} and holds {found.dtype}; for {n_channels} channels it must be {n_channels} names, "
            "empty where a channel belongs to no region"
        )
    return tuple(str(label) for label in found.tolist())


def check_rate(fs: ArrayLike, where: str) -> float:
    """The sampling rate as a number, or ``SourceError``."""
    try:
        rate = float(np.asarray(fs, dtype=np.float64).reshape(()))
    except (TypeError, ValueError) as error:
        raise SourceError(f"{where}: fs must be one number, samples per second") from error
    if not (np.isfinite(rate) and rate > 0):
        raise SourceError(f"{where}: fs is {rate}; it must be a finite number of samples per second above 0")
    return rate


def check_positions(positions: ArrayLike, n_channels: int, where: str) -> NDArray[np.float64]:
    """Positions (n_channels, 2) in mm, finite and distinct, or ``SourceError``."""
    try:
        xy = np.array(positions, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SourceError(f"{where}: positions_mm must hold numbers, one x and y per channel") from error
    if xy.shape != (n_channels, 2):
        raise SourceError(f"{where}: positions_mm has shape {xy.shape}; for {n_channels} channels it must be ({n_channels}, 2)")
    bad = np.flatnonzero(~np.isfinite(xy).all(axis=1))
    if len(bad):
        raise SourceError(f"{where}: positions_mm of channel {bad[0]} is not finite; leave the channel out or give its place")
    order = np.lexsort(xy.T)
    gaps = np.hypot(*np.diff(xy[order], axis=0).T)
    for i in np.flatnonzero(gaps < SAME_PLACE_MM):
        a, b = sorted((int(order[i]), int(order[i + 1])))
        place = tuple(xy[a].tolist())
        raise SourceError(f"{where}: channels {a} and {b} lie at one place, {place} mm; every electrode needs a place of its own")
    return xy


def check_scale(first: NDArray[np.float32], where: str) -> None:
    """Refuse samples that can't be µV: alive, but with a spread below a thousandth of a microvolt. Silence passes."""
    few = first[:: max(1, first.size // CHECKED_VALUES)]
    values = few[np.isfinite(few)]
    sd = float(np.std(values.astype(np.float64))) if values.size else 0.0
    if 0.0 < sd < SMALLEST_SD_UV:
        raise SourceError(f"{where}: the samples have a spread of {sd:.2g}, which looks like volts; lfp must be in µV")


def default_names(n: int) -> tuple[str, ...]:
    """ch0, ch1, …"""
    return tuple(f"ch{i}" for i in range(n))


def names_or_default(names: Sequence[object], n: int) -> tuple[str, ...]:
    """The names as text when there is one for each channel."""
    return tuple(str(name) for name in names) if len(names) == n else default_names(n)

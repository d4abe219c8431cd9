"""Samples on disk: append-only files of blocks, each with a checksum; read back lazily, block by block, in constant memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.errors import RecordError, no_room

MAGIC = b"WSB1"
HEADER = struct.Struct("<4sqiiq")  # magic, first sample, samples, channels, host ns
FILE_BYTES = 64_000_000
BLOCK_SAMPLES = 250
READ_SAMPLES = 4096
Block = NDArray[np.float32]


@dataclass(frozen=True)
class Entry:
    """Where a block lies."""

    first_sample: int
    n_samples: int
    n_channels: int
    host_ns: int
    file: int
    offset: int


class SampleWriter:
    """Appends blocks; neighbouring small ones are joined before they are written.

    Parameters
    ----------
    folder : Path
        ``samples/`` of the session; created.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._file: BinaryIO | None = None
        self._number = -1
        self._parts: list[Block] = []
        self._first = self._n = 0
        self._host_ns = 0
        self._new: list[Entry] = []

    def append(self, first_sample: int, block: Block, host_ns: int) -> None:
        """Add samples (n, channels) uV; the first has counter ``first_sample``."""
        if self._n and (first_sample != self._first + self._n or self._n + len(block) > BLOCK_SAMPLES):
            self._write()
        if not self._n:
            self._first = first_sample
        self._parts.append(block)
        self._n += len(block)
        self._host_ns = host_ns

    def flush(self) -> list[Entry]:
        """Hand everything to the operating system; the index entries that are new since the last call."""
        if self._n:
            self._write()
        if self._file is not None:
            self._guard(self._file.flush)
        new, self._new = self._new, []
        return new

    def close(self) -> None:
        """Close the file; flush first."""
        if self._file is not None:
            self._file.close()

    def _write(self) -> None:
        block = np.ascontiguousarray(np.concatenate(self._parts), dtype="<f4")
        self._parts, n, self._n = [], self._n, 0
        head = HEADER.pack(MAGIC, self._first, n, block.shape[1], self._host_ns)
        body = block.tobytes()
        data = head + body + struct.pack("<I", zlib.crc32(body, zlib.crc32(head)))
        if self._file is None or self._file.tell() + len(data) > FILE_BYTES:
            self.close()
            self._number += 1
            self._file = (self.folder / f"{self._number:06d}.blk").open("xb")
        offset = self._file.tell()
        file = self._file
        self._guard(lambda: file.write(data))
        self._new.append(Entry(self._first, n, block.shape[1], self._host_ns, self._number, offset))

    def _guard(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            raise no_room(error, self.folder) or error from error


def scan(folder: Path) -> tuple[list[Entry], list[str]]:
    """Every whole block on disk, and in words what is damaged: an unfinished tail, a checksum that does not fit."""
    entries: list[Entry] = []
    damaged: list[str] = []
    for path in sorted(folder.glob("*.blk")):
        number, size = int(path.stem), path.stat().st_size
        with path.open("rb") as file:
            offset = 0
            while offset < size:
                head = file.read(HEADER.size)
                if len(head) < HEADER.size:
                    damaged.append(f"{path.name}: the last block is unfinished")
                    break
                magic, first, n, channels, host_ns = HEADER.unpack(head)
                length = n * channels * 4
                if magic != MAGIC or n <= 0 or channels <= 0:
                    damaged.append(f"{path.name}: no block at byte {offset}")
                    break
                body, check = file.read(length), file.read(4)
                if len(check) < 4:
                    damaged.append(f"{path.name}: the last block is unfinished")
                    break
                if struct.unpack("<I", check)[0] == zlib.crc32(body, zlib.crc32(head)):
                    entries.append(Entry(first, n, channels, host_ns, number, offset))
                else:
                    damaged.append(f"{path.name}: samples {first} to {first + n - 1} fail their checksum")
                offset += HEADER.size + length + 4
    return entries, damaged


class Samples(Protocol):
    """Samples of a session, wherever they lie."""

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def first_sample(self) -> int:
        """Counter of the first row."""
        ...

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """(first missing sample, how many) for every hole in the counter."""
        ...

    def __getitem__(self, key: Any) -> Block: ...
    def blocks(self, size: int) -> Iterator[tuple[int, Block]]: ...


class SampleReader:
    """Lazy array (n, channels) of float32 uV; rows in the order in which they were recorded."""

    dtype = np.dtype(np.float32)

    def __init__(self, folder: Path, entries: list[Entry], n_channels: int) -> None:
        self.folder, self._entries = folder, entries
        self._starts = np.concatenate([[0], np.cumsum([e.n_samples for e in entries], dtype=np.int64)])
        self.shape = (int(self._starts[-1]), n_channels)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def first_sample(self) -> int:
        """Counter of the first row."""
        return self._entries[0].first_sample if self._entries else 0

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """(first missing sample, how many) for every hole in the counter."""
        ends = [(a.first_sample + a.n_samples, b.first_sample) for a, b in pairwise(self._entries)]
        return [(end, start - end) for end, start in ends if start != end]

    def __getitem__(self, key: Any) -> Block:
        if isinstance(key, tuple):
            return np.asarray(self[key[0]][(slice(None), *key[1:])])
        if not isinstance(key, slice):
            index = int(key) + (len(self) if int(key) < 0 else 0)
            if not 0 <= index < len(self):
                raise IndexError(f"sample {key} of {len(self)}")
            return np.asarray(self[index : index + 1][0])
        start, stop, step = key.indices(len(self))
        if step < 0:
            return np.asarray(self[stop + 1 : start + 1][::step])
        parts = []
        i = int(np.searchsorted(self._starts, start, side="right")) - 1
        while i < len(self._entries) and start < stop:
            a, b = int(self._starts[i]), int(self._starts[i + 1])
            parts.append(self._read(self._entries[i])[max(start, a) - a : min(stop, b) - a])
            start = max(start, b)
            i += 1
        joined = np.concatenate(parts) if parts else np.zeros((0, self.shape[1]), np.float32)
        return joined[::step]

    def blocks(self, size: int) -> Iterator[tuple[int, Block]]:
        """(counter of the first sample, block) of at most ``size`` samples, never across a gap."""
        held: list[Block] = []
        first = n = 0
        for e in self._entries:
            if n and (e.first_sample != first + n or n >= size):
                yield from _cut(first, np.concatenate(held), size)
                held, n = [], 0
            if not n:
                first = e.first_sample
            held.append(self._read(e))
            n += e.n_samples
        if n:
            yield from _cut(first, np.concatenate(held), size)

    def _read(self, e: Entry) -> Block:
        path = self.folder / f"{e.file:06d}.blk"
        with path.open("rb") as file:
            file.seek(e.offset + HEADER.size)
            data = file.read(e.n_samples * e.n_channels * 4)
        if len(data) < e.n_samples * e.n_channels * 4:
            raise RecordError(f"{path}: samples {e.first_sample} to {e.first_sample + e.n_samples - 1} are missing; run recover")
        return np.frombuffer(data, "<f4").reshape(e.n_samples, e.n_channels).astype(np.float32, copy=False)


def _cut(first: int, block: Block, size: int) -> Iterator[tuple[int, Block]]:
    for i in range(0, len(block), size):
        yield first + i, block[i : i + size]


class ReferencedSamples:
    """Samples that stay in the recording they came from (a replay); the recording must not have changed.

    Parameters
    ----------
    open_it : callable
        Opens the recording; called when samples are first asked for.
    n_samples, n_channels : int

    Notes
    -----
    Recordings are read forwards. A slice behind the last one goes on from there, one before it starts anew.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, open_it: Callable[[], Any], n_samples: int, n_channels: int) -> None:
        self._open = open_it
        self._recording: Any = None
        self._ahead: Iterator[tuple[int, Block]] = iter(())
        self._held: Block = np.zeros((0, n_channels), np.float32)
        self._at = 0
        self.shape = (n_samples, n_channels)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def first_sample(self) -> int:
        """Counter of the first row."""
        return next(iter(self.blocks(1)), (0, None))[0]

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """See ``Samples``."""
        found, end = [], None
        for first, block in self.blocks(READ_SAMPLES):
            if end is not None and first != end:
                found.append((end, first - end))
            end = first + len(block)
        return found

    def blocks(self, size: int) -> Iterator[tuple[int, Block]]:
        """(first sample, block) of at most ``size`` samples."""
        self._recording = self._recording or self._open()
        left = self.shape[0]
        for first, block in self._recording.blocks(size):
            yield first, block[:left]
            left -= len(block)
            if left <= 0:
                return

    def __getitem__(self, key: Any) -> Block:
        if isinstance(key, tuple):
            return np.asarray(self[key[0]][(slice(None), *key[1:])])
        if not isinstance(key, slice):
            index = int(key) + (len(self) if int(key) < 0 else 0)
            if not 0 <= index < len(self):
                raise IndexError(f"sample {key} of {len(self)}")
            return np.asarray(self[index : index + 1][0])
        start, stop, step = key.indices(len(self))
        if step < 0:
            return np.asarray(self[stop + 1 : start + 1][::step])
        if start < self._at or self._recording is None:
            self._ahead, self._held, self._at = self.blocks(READ_SAMPLES), self._held[:0], 0
        while self._at + len(self._held) < stop:
            block = next(self._ahead, (0, None))[1]
            if block is None:
                break
            drop = min(max(start - self._at, 0), len(self._held))
            self._held, self._at = np.concatenate([self._held[drop:], block]), self._at + drop
        return self._held[max(start - self._at, 0) : max(stop - self._at, 0) : step].copy()

"""Samples on disk: append-only files of blocks, each with a checksum; read back lazily, block by block, in constant memory."""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.errors import RecordError, no_room
from wavestim.controller.record.rows import Block, LazyRows, Stored, cut

MAGIC = b"WSB1"
HEADER = struct.Struct("<4sqiiq")  # magic, first sample, samples, channels, host ns
FILE_BYTES = 64_000_000
BLOCK_SAMPLES = 250


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
        self.n_bytes = 0
        """Written so far."""

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
            self._guard(self._file.close)

    def _write(self) -> None:
        block = np.ascontiguousarray(np.concatenate(self._parts), dtype="<f4")
        self._parts, n, self._n = [], self._n, 0
        head = HEADER.pack(MAGIC, self._first, n, block.shape[1], self._host_ns)
        body = block.tobytes()
        data = head + body + struct.pack("<I", zlib.crc32(body, zlib.crc32(head)))
        if self._file is None or self._file.tell() + len(data) > FILE_BYTES:
            self.close()
            self._number += 1
            self._file = self._guard((self.folder / f"{self._number:06d}.blk").open, "xb")
        offset = self._file.tell()
        self._guard(self._file.write, data)
        self.n_bytes += len(data)
        self._new.append(Entry(self._first, n, block.shape[1], self._host_ns, self._number, offset))

    def _guard(self, act: Callable[..., Any], *args: Any) -> Any:
        try:
            return act(*args)
        except OSError as error:
            raise no_room(error, self.folder) or error from error


def scan(folder: Path) -> tuple[list[Entry], list[str]]:
    """Every whole block on disk, and in words what is damaged. Behind a damaged block the search goes on."""
    entries: list[Entry] = []
    damaged: list[str] = []
    for path in sorted(folder.glob("*.blk")):
        if path.stat().st_size == 0:
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            offset = 0
            while offset < len(data):
                entry = _block_at(data, offset, int(path.stem))
                if entry is not None:
                    entries.append(entry)
                    offset += _length(entry)
                    continue
                after = data.find(MAGIC, offset + 1)
                while after >= 0 and _block_at(data, after, int(path.stem)) is None:
                    after = data.find(MAGIC, after + 1)
                if after < 0:
                    damaged.append(f"{path.name}: the last block is unfinished")
                    break
                damaged.append(f"{path.name}: bytes {offset} to {after - 1} are damaged{_meant(data, offset)}")
                offset = after
    return entries, damaged


def _length(entry: Entry) -> int:
    return HEADER.size + entry.n_samples * entry.n_channels * 4 + 4


def _block_at(data: mmap.mmap, offset: int, number: int) -> Entry | None:
    """The whole block that begins here, or None."""
    if len(data) - offset < HEADER.size + 4:
        return None
    magic, first, n, channels, host_ns = HEADER.unpack_from(data, offset)
    if magic != MAGIC or n <= 0 or channels <= 0:
        return None
    entry = Entry(first, n, channels, host_ns, number, offset)
    end = offset + _length(entry)
    if end > len(data) or struct.unpack_from("<I", data, end - 4)[0] != zlib.crc32(data[offset : end - 4]):
        return None
    return entry


def _meant(data: mmap.mmap, offset: int) -> str:
    """What a damaged block says of itself, if that can be so."""
    magic, first, n, channels, _ = HEADER.unpack_from(data, offset)
    return f", samples {first} to {first + n - 1}" if magic == MAGIC and 0 < n <= BLOCK_SAMPLES and 0 < channels < 2**20 else ""


class SampleReader(LazyRows):
    """Lazy array (n, channels) of float32 uV; rows in the order in which they were recorded.

    Parameters
    ----------
    folder : Path
    entries : list of Entry
        In the order of rows.
    n_channels : int

    Attributes
    ----------
    tolerant : bool
        Hand out a block that fails its checksum, and note it in ``damaged``, instead of refusing it.
    damaged : list of str
    """

    def __init__(self, folder: Path, entries: list[Entry], n_channels: int) -> None:
        self.folder, self._entries = folder, entries
        self._starts = np.concatenate([[0], np.cumsum([e.n_samples for e in entries], dtype=np.int64)])
        self.shape = (int(self._starts[-1]), n_channels)
        self.gain_uv: NDArray[np.float32] | None = None
        self.tolerant = False
        self.damaged: list[str] = []

    @property
    def first_sample(self) -> int:
        """Counter of the first row."""
        return self._entries[0].first_sample if self._entries else 0

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """(first missing sample, how many) for every hole in the counter."""
        ends = [(a.first_sample + a.n_samples, b.first_sample) for a, b in pairwise(self._entries)]
        return [(end, start - end) for end, start in ends if start != end]

    def _rows(self, start: int, stop: int, step: int) -> Block:
        parts = []
        i = int(np.searchsorted(self._starts, start, side="right")) - 1
        while i < len(self._entries) and start < stop:
            a, b = int(self._starts[i]), int(self._starts[i + 1])
            if start < b:
                part = self._read(self._entries[i])[start - a : min(stop, b) - a : step]
                parts.append(part)
                start += len(part) * step
            i += 1
        return np.concatenate(parts) if parts else np.zeros((0, self.shape[1]), np.float32)

    def blocks(self, size: int) -> Iterator[tuple[int, Block]]:
        """(counter of the first sample, block) of at most ``size`` samples, never across a gap."""
        held: list[Block] = []
        first = n = 0
        for e in self._entries:
            if n and (e.first_sample != first + n or n >= size):
                yield from cut(first, np.concatenate(held), size)
                held, n = [], 0
            if not n:
                first = e.first_sample
            held.append(self._read(e))
            n += e.n_samples
        if n:
            yield from cut(first, np.concatenate(held), size)

    def stored_blocks(self, size: int) -> Iterator[tuple[int, Stored]]:
        """The same as ``blocks``: a session keeps uV."""
        yield from self.blocks(size)

    def _read(self, e: Entry) -> Block:
        path = self.folder / f"{e.file:06d}.blk"
        which = f"samples {e.first_sample} to {e.first_sample + e.n_samples - 1}"
        try:
            with path.open("rb") as file:
                file.seek(e.offset)
                data = file.read(_length(e))
        except FileNotFoundError:
            data = b""
        if len(data) < _length(e):
            raise RecordError(f"{path}: {which} are missing; run recover, or restore the file from a copy")
        if struct.unpack_from("<I", data, len(data) - 4)[0] != zlib.crc32(memoryview(data)[:-4]):
            if not self.tolerant:
                raise RecordError(f"{path}: {which} fail their checksum; restore the file from a copy")
            self.damaged.append(f"{path.name}: {which} fail their checksum")
        block = np.frombuffer(data, "<f4", e.n_samples * e.n_channels, HEADER.size).reshape(e.n_samples, e.n_channels)
        return block.astype(np.float32, copy=False)

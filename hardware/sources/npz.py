"""Recordings as ``.npz``: ``lfp`` (samples × channels, µV), ``fs``, ``positions_mm`` (channels × 2) and, if there, ``channel_names``.

An ``lfp`` of int16 with ``gain_uv`` (µV per bit; one number or one for each channel) is what a converter gave. Where several arrays were
recorded together, ``region`` has a name for each channel.

A stored (uncompressed) ``lfp`` is mapped where it lies inside the zip; a compressed one is decompressed as a stream.
"""

from __future__ import annotations

import struct
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ._base import SourceError, check_gain, check_positions, check_rate, check_regions, check_scale, default_names, names_or_default

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, UnicodeDecodeError, NotImplementedError, RuntimeError)
CHECKED = 4096  # samples looked at before the first block


class NpzRecording:
    """A recording in the interchange layout. See ``Recording``."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._unpacked: IO[bytes] | None = None
        self._kept = ExitStack()
        try:
            with zipfile.ZipFile(self._path) as archive:
                members = {name.removesuffix(".npy") for name in archive.namelist()}
                for key in ("lfp", "fs"):
                    if key not in members:
                        held = ", ".join(sorted(members)) or "nothing"
                        raise SourceError(f"{path}: has no {key!r} (it holds {held}); it must hold lfp, fs and positions_mm")
                info = archive.getinfo("lfp.npy")
                with archive.open(info) as member:
                    self._shape, self._fortran, self._dtype = _header(member, f"{path}: lfp")
                self._stored = info.compress_type == zipfile.ZIP_STORED
                small = {
                    key: _small(archive, key, str(path)) for key in members & {"fs", "positions_mm", "channel_names", "gain_uv", "region"}
                }
        except FileNotFoundError as error:
            raise SourceError(f"{path}: there is no such file; give the path of a recording or a packaged example's name") from error
        except OSError as error:
            raise SourceError(f"{path}: cannot be read ({error.strerror})") from error
        except _BROKEN as error:
            raise SourceError(f"{path}: is damaged or cut off ({error}); copy or save the .npz again") from error
        if len(self._shape) != 2 or 0 in self._shape:
            raise SourceError(f"{path}: lfp has shape {self._shape}; it must be samples × channels with at least one of each")
        if self._dtype.kind not in "fiu":
            raise SourceError(f"{path}: lfp holds {self._dtype}; it must hold real numbers, µV")
        self.n_samples, self.n_channels = self._shape
        if "gain_uv" in small and self._dtype.newbyteorder("=") != np.int16:
            raise SourceError(f"{path}: gain_uv is for an lfp of int16, this one holds {self._dtype}; leave gain_uv out and give µV")
        self.gain_uv = check_gain(small["gain_uv"], self.n_channels, str(path)) if "gain_uv" in small else None
        self.fs_hz = check_rate(small["fs"], str(path))
        self.positions_mm: NDArray[np.float64] | None = None
        if "positions_mm" in small:
            where = str(path)
            if self._shape[0] == len(np.atleast_1d(small["positions_mm"])) != self._shape[1]:
                where += " (lfp seems to be channels × samples; it must be samples × channels)"
            self.positions_mm = check_positions(small["positions_mm"], self.n_channels, where)
        self.region = check_regions(small["region"], self.n_channels, str(path)) if "region" in small else None
        self.channel_names = names_or_default(np.atleast_1d(small.get("channel_names", np.zeros(0))).tolist(), self.n_channels)
        if not self.channel_names:
            self.channel_names = default_names(self.n_channels)
        check_scale(next(self.blocks(CHECKED))[1], str(path))

    def blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """See ``Recording``."""
        for first, rows in self._rows(size):
            yield first, self._microvolts(rows)

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """See ``Recording``. What is compressed is unpacked to disk when it is first asked for."""
        try:
            with zipfile.ZipFile(self._path) as archive:
                if self._unpacked is None and not self._stored:
                    self._unpacked = _unpack(archive, self._kept)
                    weakref.finalize(self, self._kept.close)
                return self._microvolts(self._cut(archive, self._unpacked, start, stop))
        except (*_BROKEN, ValueError) as error:
            raise SourceError(f"{self._path}: lfp is damaged or cut off ({error}); copy or save the .npz again") from error

    def _microvolts(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        return rows.astype(np.float32, copy=False) if self.gain_uv is None else np.asarray(rows * self.gain_uv)

    def raw_blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """See ``RawRecording``."""
        for first, rows in self._rows(size):
            yield first, rows.astype(np.int16, copy=False)

    def _rows(self, size: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """Blocks as they lie in the file, in C order."""
        if size < 1:
            raise ValueError("a block holds at least one sample")
        with zipfile.ZipFile(self._path) as archive:
            if self._stored or self._fortran:
                yield from self._mapped(archive, size)
            else:
                yield from self._streamed(archive, size)

    def _mapped(self, archive: zipfile.ZipFile, size: int) -> Iterator[tuple[int, NDArray[Any]]]:
        try:
            with ExitStack() as kept:  # compressed column by column: rows can only be had from an unpacked copy, on disk
                spool = None if self._stored else _unpack(archive, kept)
                for first in range(0, self.n_samples, size):
                    yield first, self._cut(archive, spool, first, first + size)
        except (*_BROKEN, ValueError) as error:
            raise SourceError(f"{self._path}: lfp is damaged or cut off ({error}); copy or save the .npz again") from error

    def _cut(self, archive: zipfile.ZipFile, spool: IO[bytes] | None, start: int, stop: int) -> NDArray[Any]:
        """Rows as they lie in the file; mapped anew each time, so that what was read does not stay in memory."""
        offset = 0 if spool is not None else _data_offset(self._path, archive.getinfo("lfp.npy"))
        with archive.open("lfp.npy") as member:
            _header(member, str(self._path))
            offset += member.tell()
        source: Any = self._path if spool is None else spool
        lfp = np.memmap(source, dtype=self._dtype, mode="r", offset=offset, shape=self._shape, order="F" if self._fortran else "C")
        return np.ascontiguousarray(lfp[start:stop])

    def _streamed(self, archive: zipfile.ZipFile, size: int) -> Iterator[tuple[int, NDArray[Any]]]:
        row = self.n_channels * self._dtype.itemsize
        first = 0
        try:
            with archive.open("lfp.npy") as member:
                _header(member, str(self._path))
                while first < self.n_samples:
                    n = min(size, self.n_samples - first)
                    raw = member.read(n * row)
                    if len(raw) < n * row:
                        raise EOFError(f"{first + len(raw) // row} of {self.n_samples} samples are there")
                    yield first, np.frombuffer(raw, self._dtype).reshape(n, -1)
                    first += n
        except _BROKEN as error:
            raise SourceError(f"{self._path}: lfp is damaged or cut off ({error}); copy or save the .npz again") from error


def _header(member: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type of an .npy member; leaves the file at its data."""
    try:
        version = npy.read_magic(member)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(member)
    except ValueError as error:
        raise SourceError(f"{where}: is not a numpy array ({error}); save it with numpy.savez") from error
    return shape, fortran, dtype


def _small(archive: zipfile.ZipFile, key: str, where: str) -> NDArray[Any]:
    with archive.open(f"{key}.npy") as member:
        try:
            return np.asarray(npy.read_array(member, allow_pickle=False))
        except ValueError as error:
            raise SourceError(f"{where}: {key} can't be read ({error}); it must be a plain numeric array") from error


def _unpack(archive: zipfile.ZipFile, kept: ExitStack) -> IO[bytes]:
    """A copy of the samples on disk, which goes with what it is kept by; nothing stays when it can't be made."""
    with ExitStack() as undo:
        spool = undo.enter_context(tempfile.TemporaryFile())
        with archive.open("lfp.npy") as member:
            while chunk := member.read(1 << 20):
                spool.write(chunk)
        spool.flush()
        kept.push(undo.pop_all())
    return spool


def _data_offset(path: Path, info: zipfile.ZipInfo) -> int:
    """Where a stored member's bytes begin: behind its local header, whose name and extra fields may differ from the directory's."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        local = file.read(30)
    if local[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("no local header")
    name, extra = struct.unpack("<HH", local[26:30])
    return info.header_offset + 30 + int(name) + int(extra)

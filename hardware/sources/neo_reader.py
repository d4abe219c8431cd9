"""Recordings in any format that neo's raw readers know, chunk by chunk and scaled to µV. Such files rarely say where the electrodes are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._base import SourceError, check_gain, check_rate, check_scale, names_or_default

CHECKED = 4096
SPIKEGLX_STREAM = re.compile(r"(imec\d*\.(?:ap|lf)|nidq|obx\d*)\.(?:bin|meta)$")
_TO_UV = {"v": 1e6, "mv": 1e3, "uv": 1.0, "µv": 1.0, "μv": 1.0, "nv": 1e-3}


class NeoRecording:
    """The signal stream with the most channels of a file or folder that neo can read (or the one named).

    Parameters
    ----------
    path : path
    series : str, optional
        Name or id of the stream.
    """

    def __init__(self, path: str | Path, series: str | None = None) -> None:
        where = str(path)
        reader_class, opened, own = _reader_of(Path(path))
        series = series or own
        try:
            self._reader: Any = reader_class(**opened)
            self._reader.parse_header()
            streams = self._reader.header["signal_streams"]
            channels = self._reader.header["signal_channels"]
        except Exception as error:  # every format fails in its own way
            kind, why = reader_class.__name__.removesuffix("RawIO"), str(error).splitlines()[:1] or [type(error).__name__]
            raise SourceError(f"{where}: cannot be read as {kind} ({why[0]})") from error
        per_stream = [channels[channels["stream_id"] == s["id"]] for s in streams]
        wanted = [i for i, s in enumerate(streams) if series in (None, str(s["name"]), str(s["id"]))]
        if not wanted:
            known = ", ".join(str(s["name"]) for s in streams) or "none"
            raise SourceError(f"{where}: has no signal stream {series or ''}; it holds {known}".replace("  ", " "))
        self._stream = max(wanted, key=lambda i: len(per_stream[i]))
        if self._reader.block_count() != 1 or self._reader.segment_count(0) != 1:
            raise SourceError(f"{where}: has several segments with gaps between them; cut it into one file per segment")
        mine = per_stream[self._stream]
        units = {str(u) for u in mine["units"]}
        scales = {_TO_UV.get(u.strip().lower()) for u in units}
        if len(scales) != 1 or None in scales:
            raise SourceError(f"{where}: the channels' unit is {', '.join(sorted(units)) or 'not given'}; it must be V, mV or µV")
        (self._to_uv,) = scales
        self.n_channels = len(mine)
        bits = all(np.dtype(kind) == np.int16 for kind in mine["dtype"]) and not np.any(mine["offset"])
        self.gain_uv = check_gain(mine["gain"] * self._to_uv, self.n_channels, where) if bits and self.n_channels else None
        self.n_samples = int(self._reader.get_signal_size(0, 0, self._stream))
        if self.n_samples == 0 or self.n_channels == 0:
            raise SourceError(f"{where}: holds no samples")
        self.fs_hz = check_rate(self._reader.get_signal_sampling_rate(self._stream), where)
        self.channel_names = names_or_default(mine["name"].tolist(), self.n_channels)
        self.positions_mm: NDArray[np.float64] | None = None
        check_scale(next(self.blocks(CHECKED))[1], where)

    def blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """See ``Recording``."""
        for first, raw in self._rows(size):
            yield first, self._microvolts(raw)

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """See ``Recording``."""
        return self._microvolts(self._read(start, stop))

    def raw_blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """See ``RawRecording``."""
        for first, raw in self._rows(size):
            yield first, np.ascontiguousarray(raw, dtype=np.int16)

    def _rows(self, size: int) -> Iterator[tuple[int, NDArray[Any]]]:
        if size < 1:
            raise ValueError("a block holds at least one sample")
        for first in range(0, self.n_samples, size):
            yield first, self._read(first, min(first + size, self.n_samples))

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        return np.asarray(self._reader.get_analogsignal_chunk(0, 0, start, stop, self._stream))

    def _microvolts(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        if self.gain_uv is not None:
            return np.asarray(np.multiply(raw, self.gain_uv, order="C"), dtype=np.float32)
        scaled = self._reader.rescale_signal_raw_to_float(raw, dtype="float64", stream_index=self._stream)
        return np.asarray(scaled * self._to_uv, dtype=np.float32)


def _reader_of(path: Path) -> tuple[Any, dict[str, str], str | None]:
    """neo's reader of a path, what it is given, and the stream that the path means by itself.

    neo goes by extensions, and those of Open Ephys and SpikeGLX (``.bin``, ``.dat``, ``.xml``) are shared: here it is what lies there.
    """
    from neo.rawio import OpenEphysBinaryRawIO, SpikeGLXRawIO, get_rawio

    folder = path if path.is_dir() else path.parent
    if path.name == "structure.oebin" or (path.is_dir() and any(path.rglob("structure.oebin"))):
        return OpenEphysBinaryRawIO, {"dirname": str(folder.resolve())}, None
    named = SPIKEGLX_STREAM.search(path.name)
    if (named and path.with_suffix(".meta").is_file()) or (
        path.is_dir() and any(SPIKEGLX_STREAM.search(p.name) for p in path.rglob("*.meta"))
    ):
        return SpikeGLXRawIO, {"dirname": str(folder)}, named[1] if named else None
    found = get_rawio(str(path))
    if found is None:
        raise SourceError(f"{path}: no reader knows this format; give .npz, .nwb or a format that neo reads")
    return found, {"dirname" if found.rawmode == "one-dir" else "filename": str(path)}, None

"""Recordings as NWB: one ElectricalSeries, read slice by slice, scaled to µV, with the places of its electrodes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._base import SourceError, check_gain, check_positions, check_rate, check_scale, names_or_default

CHECKED = 4096
_TO_MM = (
    (re.compile(r"\b(mm|millimet(er|re)s?)\b"), 1.0),
    (re.compile(r"\b([µμu]m|micro(n|met(er|re))s?)\b"), 1e-3),
    (re.compile(r"\b(m|met(er|re)s?)\b"), 1e3),
)


class NwbRecording:
    """An ElectricalSeries of an NWB file.

    Parameters
    ----------
    path : path
    series : str, optional
        Its name, needed when the file holds several.
    """

    def __init__(self, path: str | Path, series: str | None = None) -> None:
        from pynwb import NWBHDF5IO

        where = str(path)
        try:
            self._io = NWBHDF5IO(where, "r", load_namespaces=True)
            found = _electrical_series(self._io.read())
        except SourceError:
            raise
        except Exception as error:  # h5py, hdmf and pynwb raise many kinds for a damaged file
            why = str(error).splitlines()[:1] or [type(error).__name__]
            raise SourceError(f"{where}: is not a readable NWB file ({why[0]})") from error
        if series is None and len(found) == 1:
            series = next(iter(found))
        if series not in found:
            known = ", ".join(sorted(found)) or "none"
            raise SourceError(f"{where}: name one ElectricalSeries to read; the file holds {known}")
        self._series = s = found[series]
        if len(s.data.shape) > 2 or 0 in s.data.shape:
            raise SourceError(f"{where}: {series} has shape {tuple(s.data.shape)}; it must be samples × channels")
        self.n_samples = int(s.data.shape[0])
        self.n_channels = 1 if len(s.data.shape) == 1 else int(s.data.shape[1])
        self.fs_hz = _rate(s, where)
        gain = np.full(self.n_channels, 1e6 * float(s.conversion))
        if s.channel_conversion is not None:
            gain = gain * np.asarray(s.channel_conversion, dtype=np.float64)
        self._gain, self._offset = gain, 1e6 * float(s.offset or 0.0)
        bits = s.data.dtype == np.int16 and self._offset == 0
        self.gain_uv = check_gain(gain, self.n_channels, f"{where}: conversion of {series}") if bits else None
        region = s.electrodes
        rows = np.asarray(region.data[:], dtype=np.int64)
        xy = _positions_mm(region.table, rows)
        self.positions_mm = None if xy is None else check_positions(xy, self.n_channels, where)
        columns = region.table.colnames
        label = next((c for c in ("label", "electrode_name", "channel_name") if c in columns), None)
        self.channel_names = names_or_default([region.table[label][int(i)] for i in rows] if label else [], self.n_channels)
        check_scale(next(self.blocks(CHECKED))[1], where)

    def blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """See ``Recording``."""
        for first, rows in self._rows(size):
            yield first, self._microvolts(rows)

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """See ``Recording``."""
        return self._microvolts(self._read(start, stop))

    def raw_blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """See ``RawRecording``."""
        for first, rows in self._rows(size):
            yield first, np.ascontiguousarray(rows, dtype=np.int16)

    def _rows(self, size: int) -> Iterator[tuple[int, NDArray[Any]]]:
        if size < 1:
            raise ValueError("a block holds at least one sample")
        for first in range(0, self.n_samples, size):
            yield first, self._read(first, first + size)

    def _read(self, start: int, stop: int) -> NDArray[Any]:
        return np.asarray(self._series.data[start:stop]).reshape(-1, self.n_channels)

    def _microvolts(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        if self.gain_uv is not None:
            return np.asarray(rows * self.gain_uv)
        return np.asarray((rows.astype(np.float64) * self._gain + self._offset).astype(np.float32))

    def close(self) -> None:
        """Let go of the file."""
        self._io.close()


def _electrical_series(nwb: Any) -> dict[str, Any]:
    from pynwb.ecephys import LFP, ElectricalSeries, FilteredEphys

    found: dict[str, Any] = {}
    places = [nwb.acquisition, *(module.data_interfaces for module in nwb.processing.values())]
    for place in places:
        for item in place.values():
            if isinstance(item, ElectricalSeries):
                found.setdefault(item.name, item)
            elif isinstance(item, LFP | FilteredEphys):
                for inner in item.electrical_series.values():
                    found.setdefault(inner.name, inner)
    return found


def _rate(series: Any, where: str) -> float:
    if series.rate is not None:
        return check_rate(series.rate, where)
    stamps = series.timestamps
    if stamps is None or len(stamps) < 2:
        raise SourceError(f"{where}: {series.name} has neither a rate nor timestamps; one of them is needed")
    step = (float(stamps[len(stamps) - 1]) - float(stamps[0])) / (len(stamps) - 1)
    head = np.diff(np.asarray(stamps[: min(len(stamps), 100_000)], dtype=np.float64))
    if not step > 0 or np.abs(head - step).max() > 0.5 * step:
        raise SourceError(f"{where}: {series.name} has uneven timestamps; resample it to a constant rate first")
    return check_rate(1.0 / step, where)


def _positions_mm(table: Any, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """rel_x/rel_y or x/y in mm; the unit is the one that the column's description names, µm (the NWB convention) when it names none."""
    for names in (("rel_x", "rel_y"), ("x", "y")):
        if not all(name in table.colnames for name in names):
            continue
        xy = np.column_stack([np.asarray(table[name].data[:], dtype=np.float64)[rows] for name in names])
        if not np.isfinite(xy).all():
            continue
        text = str(table[names[0]].description).lower()
        return np.asarray(xy * next((scale for word, scale in _TO_MM if word.search(text)), 1e-3))
    return None

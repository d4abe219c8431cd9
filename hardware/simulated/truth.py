"""The truth that only a simulation can give: what the wave really was at every sample, in an append-only file.

Layout: one JSON line (``{"format": "wavestim-truth", "version": 1, "fs_hz": …, "positions_mm": [[x, y], …], …}``, padded with spaces
to a multiple of 64 bytes, newline included), then one packed little-endian row per sample (``row_dtype``). A file cut off anywhere
loses at most its last row.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

KINDS = ("planar", "rotating", "source", "sink", "standing", "synchronous", "none", "undetermined")
TURN = 65536.0


class TruthError(ValueError):
    """The truth file can't be used; the message says what, where and what would be right."""


def row_dtype(n_electrodes: int) -> np.dtype[np.void]:
    """One sample; phase in units of 2π/65536, token −1 when none drives the edge, kind an index into KINDS."""
    return np.dtype(
        [
            ("phase", "<i2", (n_electrodes,)),
            ("direction_deg", "<f4"),
            ("speed_mm_s", "<f4"),
            ("frequency_hz", "<f4"),
            ("amplitude_uv", "<f4"),
            ("planarity", "<f4"),
            ("token", "<i2"),
            ("kind", "u1"),
            ("spare", "u1"),
        ]
    )


class TruthWriter:
    """Appends rows; buffered, so a caller may write sample by sample through ``append`` of a few rows at a time.

    Parameters
    ----------
    path : path
        Created or replaced.
    fs_hz : float
    positions_mm : ndarray (n, 2)
    about : dict
        Whatever else belongs into the header (configuration, seed).
    """

    def __init__(self, path: str | Path, fs_hz: float, positions_mm: NDArray[np.float64], about: dict[str, Any] | None = None) -> None:
        header = {
            "format": "wavestim-truth",
            "version": 1,
            "fs_hz": fs_hz,
            "positions_mm": [[float(x), float(y)] for x, y in positions_mm],
            "kinds": list(KINDS),
            **(about or {}),
        }
        line = json.dumps(header).encode()
        line += b" " * (-(len(line) + 1) % 64) + b"\n"
        with ExitStack() as undo:
            self._file = undo.enter_context(Path(path).open("wb", buffering=1 << 16))
            self._file.write(line)
            self._file.flush()
            undo.pop_all()  # :meth:`close` has it from here

    def append(self, rows: NDArray[np.void]) -> None:
        """Add rows of ``row_dtype``."""
        self._file.write(rows.tobytes())

    def flush(self) -> None:
        """Hand everything to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Flush and close; a second call does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Truth:
    """A truth file, memory-mapped. Rows that are written after it was opened are not seen.

    Attributes
    ----------
    header : dict
    fs_hz : float
    positions_mm : ndarray (n, 2)
    rows : ndarray of row_dtype
    """

    def __init__(self, path: str | Path) -> None:
        path = Path(path)
        try:
            with path.open("rb") as file:
                line = file.readline(1 << 24)
        except OSError as error:
            raise TruthError(f"{path}: cannot be read ({error.strerror}); give the truth file of a simulated session") from error
        try:
            self.header: dict[str, Any] = json.loads(line)
            if self.header["format"] != "wavestim-truth" or self.header["version"] != 1 or not line.endswith(b"\n"):
                raise ValueError("other format")
            self.fs_hz = float(self.header["fs_hz"])
            self.positions_mm: NDArray[np.float64] = np.array(self.header["positions_mm"], dtype=np.float64).reshape(-1, 2)
        except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise TruthError(f"{path}: has no truth header; a file written by TruthWriter (version 1) is needed") from error
        dtype = row_dtype(len(self.positions_mm))
        n = (path.stat().st_size - len(line)) // dtype.itemsize
        self.rows: NDArray[np.void] = np.memmap(path, dtype=dtype, mode="r", offset=len(line), shape=(n,)) if n else np.zeros(0, dtype)

    def __len__(self) -> int:
        return len(self.rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self.rows = np.zeros(0, self.rows.dtype)

    @property
    def kind(self) -> NDArray[np.str_]:
        """Kind of wave at each sample, text."""
        return np.asarray(np.array(KINDS)[np.minimum(self.rows["kind"], len(KINDS) - 1)])

    @overload
    def phase(self, sample: float, electrode: int) -> float: ...
    @overload
    def phase(self, sample: ArrayLike, electrode: ArrayLike) -> NDArray[np.float64]: ...
    def phase(self, sample: ArrayLike, electrode: ArrayLike) -> float | NDArray[np.float64]:
        """True phase (rad, in (−π, π]) at a sample, which may lie between two: interpolated along the shorter arc.

        Samples outside the file raise ``IndexError``.
        """
        at, which = np.broadcast_arrays(np.asarray(sample, dtype=np.float64), np.asarray(electrode, dtype=np.int64))
        if at.size and (len(self) == 0 or not np.isfinite(at).all() or at.min() < 0 or at.max() > len(self) - 1):
            raise IndexError(f"samples run from 0 to {len(self) - 1}")
        low = np.floor(at).astype(np.int64)
        high = np.minimum(low + 1, len(self) - 1)
        a = self.rows["phase"][low, which].astype(np.int32)
        step = self.rows["phase"][high, which].astype(np.int32) - a
        step = (step + 32768) % 65536 - 32768
        angle = (a + (at - low) * step) * (2 * np.pi / TURN)
        wrapped = np.pi - (np.pi - angle) % (2 * np.pi)
        return float(wrapped) if wrapped.ndim == 0 else np.asarray(wrapped)

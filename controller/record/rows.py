"""Rows that are read when they are asked for: what a session's samples look like to whoever indexes them, its own or a recording's."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.sources import as_stored

READ_SAMPLES = 4096
Block = NDArray[np.float32]
Stored = NDArray[np.float32] | NDArray[np.int16]


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

    @property
    def gain_uv(self) -> NDArray[np.float32] | None:
        """uV per bit where the engine was given int16."""
        ...

    def __getitem__(self, key: Any) -> Block: ...
    def blocks(self, size: int) -> Iterator[tuple[int, Block]]: ...
    def stored_blocks(self, size: int) -> Iterator[tuple[int, Stored]]:
        """As ``blocks``, but what the engine was given: int16 when there is a ``gain_uv``."""
        ...


class LazyRows(ABC):
    """Indexing as numpy has it, rows first, for whoever can read rows from one to another: nothing is read before it is asked for."""

    dtype = np.dtype(np.float32)
    ndim = 2
    shape: tuple[int, int]

    @abstractmethod
    def _rows(self, start: int, stop: int, step: int) -> Block:
        """Rows with 0 <= start, stop <= n and step > 0; a copy."""

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    def __getitem__(self, key: Any) -> Block:
        keys = list(key) if isinstance(key, tuple) else [key]
        dots = [i for i, k in enumerate(keys) if k is Ellipsis]
        if dots:
            keys[dots[0] : dots[0] + 1] = [slice(None)] * (3 - len(keys))
        if len(keys) > 2:
            raise IndexError(f"samples have two axes, {len(keys)} were asked for")
        rows, columns = [*keys, slice(None), slice(None)][:2]
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step > 0:
                block = self._rows(start, stop, step)
            else:
                n = len(range(start, stop, step))
                block = self._rows(start + (n - 1) * step, start + 1, -step)[::-1] if n else self._rows(0, 0, 1)
            return np.asarray(block[:, columns])
        if isinstance(rows, (list, np.ndarray)) and np.ndim(rows):
            wanted = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows)
            return np.asarray([self[i, columns] for i in wanted], dtype=self.dtype).reshape(len(wanted), *self[:0, columns].shape[1:])
        asked = operator.index(rows)
        index = asked + (len(self) if asked < 0 else 0)
        if not 0 <= index < len(self):
            raise IndexError(f"sample {asked} of {len(self)}")
        return np.asarray(self._rows(index, index + 1, 1)[0][columns])


def cut(first: int, block: Block, size: int) -> Iterator[tuple[int, Block]]:
    for i in range(0, len(block), size):
        yield first + i, block[i : i + size]


def shortened(blocks: Iterator[tuple[int, Any]], left: int) -> Iterator[tuple[int, Any]]:
    for first, block in blocks:
        yield first, block[:left]
        left -= len(block)
        if left <= 0:
            return


class ReferencedSamples(LazyRows):
    """Samples that stay in the recording they came from (a replay); the recording must not have changed.

    Parameters
    ----------
    open_it : callable
        Opens the recording; called when samples are first asked for.
    n_samples, n_channels : int
    """

    def __init__(self, open_it: Callable[[], Any], n_samples: int, n_channels: int) -> None:
        self._open = open_it
        self._recording: Any = None
        self.shape = (n_samples, n_channels)

    @property
    def first_sample(self) -> int:
        """Counter of the first row."""
        return next(iter(self.blocks(1)), (0, None))[0]

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """See ``Samples``: those of a session that was replayed; recordings of other kinds have none."""
        self._recording = self._recording or self._open()
        session = getattr(self._recording, "session", None)
        return [] if session is None else list(session.samples.gaps)

    @property
    def gain_uv(self) -> NDArray[np.float32] | None:
        """See ``Samples``."""
        self._recording = self._recording or self._open()
        return as_stored(self._recording, 1)[0]

    def blocks(self, size: int) -> Iterator[tuple[int, Block]]:
        """(first sample, block) of at most ``size`` samples."""
        self._recording = self._recording or self._open()
        yield from shortened(self._recording.blocks(size), self.shape[0])

    def stored_blocks(self, size: int) -> Iterator[tuple[int, Stored]]:
        """See ``Samples``."""
        self._recording = self._recording or self._open()
        yield from shortened(as_stored(self._recording, size)[1], self.shape[0])

    def _rows(self, start: int, stop: int, step: int) -> Block:
        if start >= stop:
            return np.zeros((0, self.shape[1]), np.float32)
        self._recording = self._recording or self._open()
        size = max(1, READ_SAMPLES // step) * step
        return np.concatenate([self._recording.rows(i, min(i + size, stop))[::step] for i in range(start, stop, size)])

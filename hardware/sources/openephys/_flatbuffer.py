"""A FlatBuffer read by hand: the root table of scalars, vectors and strings. Every offset is checked against the bytes that are there.

Layout: FlatBuffers internals (flatbuffers.dev/internals). A table begins with the distance to its vtable, which holds for each field where
it lies in the table; 0 means that the field was left out and has its default.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .garbled import GarbledError

U16, U32, I32, U64, F64 = (struct.Struct("<" + code) for code in "HIiQd")


class RootTable:
    """The fields of the root table of a FlatBuffer, by their slot.

    Parameters
    ----------
    data : bytes-like
        One message, without a size prefix.

    Raises
    ------
    GarbledError
        Here and in every method, when an offset points outside the message.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = data
        self._table = self._read(U32, 0)
        self._vtable = self._table - self._read(I32, self._table)
        self._vtable_bytes = self._read(U16, self._vtable)

    def scalar(self, slot: int, kind: struct.Struct) -> Any:
        """The number in a slot; 0 when it was left out."""
        at = self._place(slot)
        return self._read(kind, at) if at else 0

    def vector(self, slot: int, dtype: DTypeLike) -> NDArray[Any]:
        """The vector in a slot, as a view of the message; empty when it was left out."""
        at, n = self._behind(slot)
        width = np.dtype(dtype).itemsize
        if at + n * width > len(self._data):
            raise GarbledError(f"a vector of {n} values ends outside the message of {len(self._data)} bytes")
        return np.frombuffer(self._data, dtype, n, at) if n else np.zeros(0, dtype)

    def text(self, slot: int) -> str:
        """The string in a slot; empty when it was left out."""
        try:
            return self.vector(slot, np.uint8).tobytes().decode()
        except UnicodeDecodeError:
            raise GarbledError("a name is not UTF-8") from None

    def _place(self, slot: int) -> int:
        entry = 4 + 2 * slot
        if entry + 2 > self._vtable_bytes:
            return 0
        offset = self._read(U16, self._vtable + entry)
        return self._table + int(offset) if offset else 0

    def _behind(self, slot: int) -> tuple[int, int]:
        """Where the values of a vector begin, and how many there are."""
        at = self._place(slot)
        if not at:
            return 0, 0
        at += self._read(U32, at)
        return at + 4, self._read(U32, at)

    def _read(self, kind: struct.Struct, at: int) -> Any:
        if not 0 <= at <= len(self._data) - kind.size:
            raise GarbledError(f"an offset points to byte {at} of a message of {len(self._data)} bytes")
        return kind.unpack_from(self._data, at)[0]

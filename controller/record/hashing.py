"""Hashes that are the same on every machine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def decisions_sha256(decisions: NDArray[np.void]) -> str:
    """SHA-256 of decision rows in their canonical little-endian bytes."""
    rows = np.ascontiguousarray(decisions).astype(decisions.dtype.newbyteorder("<"))
    return hashlib.sha256(rows.tobytes()).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""What can be wrong with a record of a session."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from wavestim.controller.errors import WavestimError

FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


class RecordError(WavestimError):
    """A session can't be written or read; one sentence: what, where, what would be right."""


@contextlib.contextmanager
def room(where: Path) -> Iterator[None]:
    """While this lasts, a disk that is full is told in one sentence."""
    try:
        yield
    except (OSError, RuntimeError, sqlite3.Error) as error:
        raise no_room(error, where) or error from error


def no_room(error: BaseException, where: Path) -> RecordError | None:
    """The sentence for a disk that is full, or None when the error is something else."""
    full = isinstance(error, OSError) and error.errno in FULL
    full |= isinstance(error, sqlite3.Error) and ("full" in str(error) or "disk I/O error" in str(error))
    # HDF5 gives its own errors, and only the words of the system
    full |= isinstance(error, OSError | RuntimeError) and any(os.strerror(n) in str(error) for n in FULL)
    if not full:
        return None
    return RecordError(f"{where}: the disk has no room for more of it; what was committed is kept: free some space, then run recover")

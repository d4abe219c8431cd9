"""What can be wrong with a record of a session."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from wavestim.controller.errors import WavestimError


class RecordError(WavestimError):
    """A session can't be written or read; one sentence: what, where, what would be right."""


def no_room(error: BaseException, where: Path) -> RecordError | None:
    """The sentence for a disk that is full, or None when the error is something else."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
    full |= isinstance(error, sqlite3.Error) and ("full" in str(error) or "disk I/O error" in str(error))
    if not full:
        return None
    return RecordError(f"{where}: the disk has no room for more of it; what was committed is kept: free some space, then run recover")

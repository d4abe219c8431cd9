"""Further Python processes of ours: they find the packages where this one does, whatever folder they start in."""

from __future__ import annotations

import os
import sys


def environment() -> dict[str, str]:
    """The environment of such a process."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

"""``wavestim`` whose Python hangs as soon as a file is there: a C call that never gives the GIL back. A program, not a module."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from pathlib import Path

from wavestim.controller.cli import main

HANG = "WAVESTIM_TEST_HANG"


def hang_when_told(path: Path) -> None:
    """Nothing of this process' Python runs again once the file is there."""
    while not path.exists():
        time.sleep(0.005)
    ctypes.PyDLL(None).sleep(3600)


if __name__ == "__main__":
    threading.Thread(target=hang_when_told, args=(Path(os.environ[HANG]),), daemon=True).start()
    main()

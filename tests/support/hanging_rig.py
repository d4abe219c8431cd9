"""``wavestim`` whose Python hangs as soon as somebody writes into a pipe: a C call that keeps the GIL for good. A program, not a module."""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path

from wavestim.controller.cli import main

HANG = "WAVESTIM_TEST_HANG"


def hang_when_told(pipe: Path) -> None:
    """Nothing of this process' Python runs again once a byte came."""
    with pipe.open("rb") as file:
        file.read(1)
    ctypes.PyDLL(None).pause()


if __name__ == "__main__":
    threading.Thread(target=hang_when_told, args=(Path(os.environ[HANG]),), daemon=True).start()
    main()

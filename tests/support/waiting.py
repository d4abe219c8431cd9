"""Waits for an outcome of threads and sockets; how long it takes is nobody's business."""

import select
import time
from collections.abc import Callable

PATIENCE_S = 60.0


def until(condition: Callable[[], object], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Return once the condition holds; fail when it never does. ``meanwhile`` is what goes on until then."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        meanwhile()
        select.select([], [], [], 0.005)

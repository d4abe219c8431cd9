"""Waits for an outcome of threads and sockets; how long it takes is nobody's business."""

import select
import time
from collections.abc import Callable

PATIENCE_S = 60.0


def until(condition: Callable[[], object]) -> None:
    """Return once the condition holds; fail when it never does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came to pass"
        select.select([], [], [], 0.005)

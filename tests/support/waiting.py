"""Waits for an outcome of threads, sockets and processes; how long it takes is nobody's business."""

import select
from collections.abc import Callable

LOOK_S, LOOKS = 0.005, 12_000


def until(condition: Callable[[], object], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Return once the condition holds; fail when so many looks did not find it. ``meanwhile`` is what goes on until then."""
    for _ in range(LOOKS):
        if condition():
            return
        meanwhile()
        select.select([], [], [], LOOK_S)
    raise AssertionError("it never came to pass")


def ended(pidfd: int) -> bool:
    """Wait for the end of a process that need not be a child; False when it goes on."""
    return any(select.select([pidfd], [], [], LOOK_S)[0] for _ in range(LOOKS))

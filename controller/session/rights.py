"""What the system lets a rig process have: threads that go before other programs, memory that is never paged out, a core for the engine.

What it refuses is no error: the session runs "best effort", which is said once and kept with it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from wavestim.controller.errors import ExperimentError
from wavestim.hardware.priority import ENGINE, ask_for_priority
from wavestim.realtime.loop import lock_memory, unlock_memory


@dataclass
class Rights:
    """What was granted.

    Attributes
    ----------
    cpu : int, optional
        Core of the engine's thread; None: any.
    refused : list of str
        In words, with the system's reason.
    """

    cpu: int | None = None
    refused: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """For the session: what the engine runs with."""
        if self.refused:
            return f"best effort: {', '.join(self.refused)}"
        return "SCHED_FIFO, memory locked" + ("" if self.cpu is None else f", core {self.cpu}")

    @contextlib.contextmanager
    def memory(self) -> Iterator[None]:
        """While this lasts the memory of this process stays where it is."""
        refused = lock_memory()
        if refused:
            self.refused.append(f"memory not locked ({os.strerror(refused).lower()})")
        try:
            yield
        finally:
            unlock_memory()

    def on_engine_thread(self) -> None:
        """For the calling thread: its priority, and its core when it has one."""
        refused = ask_for_priority(ENGINE)
        if refused:
            self.refused.append(f"no SCHED_FIFO ({refused})")
        if self.cpu is not None:
            os.sched_setaffinity(0, {self.cpu})


def refusals() -> list[str]:
    """What a rig process would be refused now, in words; tried out on a thread that ends at once."""
    rights = Rights()

    def ask() -> None:
        with rights.memory():
            rights.on_engine_thread()

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return rights.refused


def check_core(cpu: int | None) -> None:
    """Refuse a core that this process may not use.

    Raises
    ------
    ExperimentError
    """
    usable = sorted(os.sched_getaffinity(0))
    if cpu is not None and cpu not in usable:
        raise ExperimentError(f"--cpu {cpu}: this process may use the cores {', '.join(map(str, usable))}; name one of them")

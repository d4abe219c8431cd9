"""A thread that goes before other programs, where the system allows it: the engine's, and just behind it the sources'."""

from __future__ import annotations

import os

ENGINE, SOURCE = 50, 49
"""Priorities of SCHED_FIFO. What a source has not read the engine cannot see."""


def ask_for_priority(priority: int) -> str:
    """Let the calling thread, and none that it starts, go before all normal programs.

    Returns
    -------
    str : why not; empty when it may.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""

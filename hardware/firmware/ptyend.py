"""The board's end of a pseudo-terminal, as every board without hardware serves one."""

from __future__ import annotations

import os
import tty


def open_pty() -> tuple[int, str]:
    """A new pseudo-terminal: the descriptor of the board's end, which never blocks, and the name that a host opens."""
    master, slave = os.openpty()
    tty.setraw(slave)  # before anyone opens it: a line discipline would turn 0x0D into 0x0A and echo frames back
    name = os.ttyname(slave)
    os.close(slave)  # so that the host's closing is seen as a hang-up
    os.set_blocking(master, False)
    return master, name

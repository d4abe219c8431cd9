"""LSL for tests: streams of this machine only, unseen by other test runs, without multicast."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from wavestim.hardware.sources.mock import Faults, Mischief

SETTINGS = """[lab]
KnownPeers = {{127.0.0.1}}
SessionID = wavestim-test-{}
[multicast]
ResolveScope = machine
[log]
level = -3
"""


def confine_lsl(folder: Path) -> None:
    """Settings for this process and its children; they have to be there before liblsl is first used."""
    path = folder / "lsl_api.cfg"
    path.write_text(SETTINGS.format(os.getpid()))
    os.environ["LSLAPICFG"] = str(path)


def needs_lsl() -> None:
    """Skips where there is no liblsl."""
    pytest.importorskip("pylsl", reason="pylsl or its liblsl is not installed: pip install 'wavestim[lsl]'", exc_type=Exception)


def numbered(first: int, n: int, n_channels: int) -> np.ndarray:
    """Samples that say which they are: sample i of channel c is i + c / 100."""
    return (np.arange(first, first + n)[:, None] + np.arange(n_channels) / 100).astype(np.float32)


class Sent(NamedTuple):
    """What a reader can make of packets: numbers of those that are of use, and how many come too late or twice."""

    used: set[int]
    late: int
    twice: int


def fate_of(faults: Faults, n_packets: int, block: int) -> Sent:
    """The same faults once more, packet by packet of so many samples; draws what the peer draws, too."""

    def split(packet: int, rng: np.random.Generator) -> list[int]:
        rng.integers(0, block + 1)
        return [packet]

    mischief = Mischief(faults, lambda packet, rng: packet, split)
    used, newest, late, twice = set(), -1, 0, 0
    for number in range(n_packets):
        for packet in mischief.passed_on(number):
            if packet > newest:
                used.add(packet)
                newest = packet
            elif packet in used:
                twice += 1
            else:
                late += 1
    return Sent(used, late, twice)

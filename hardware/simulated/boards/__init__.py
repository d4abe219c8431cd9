"""Stand-ins for the light drivers that labs own: what a mock session and a desk have in place of the board."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.firmware.board import PtyBoard
from wavestim.hardware.simulated.boards._base import Peer, PtyPeer, rows
from wavestim.hardware.simulated.boards.cyclops import CyclopsPeer
from wavestim.hardware.simulated.boards.gated import GatedBoard
from wavestim.hardware.simulated.boards.mm_arduino import MmArduinoPeer
from wavestim.hardware.simulated.boards.pulsepal import PulsePalPeer
from wavestim.hardware.simulated.boards.thorlabs import Dc4100Peer

__all__ = ["PEERS", "GatedBoard", "HostBoard", "Peer", "PtyPeer", "StandIn", "rows", "stand_in"]

PEERS: dict[str, type[Peer]] = {
    "pulsepal": PulsePalPeer,
    "cyclops": CyclopsPeer,
    "mm-arduino": MmArduinoPeer,
    "thorlabs-dc4100": Dc4100Peer,
}
"""kind of light -> its stand-in."""


class StandIn(Protocol):
    """A board on a pseudo-terminal, served by its owner."""

    @property
    def pty_name(self) -> str: ...
    @property
    def connected(self) -> bool: ...
    def service(self, timeout_s: float = 0.1) -> NDArray[Any]: ...
    def device_ns(self, host_ns: int) -> int: ...
    def rest(self) -> NDArray[np.void]: ...
    def close(self) -> None: ...


class HostBoard(PtyBoard):
    """Our firmware as a stand-in."""

    def device_ns(self, host_ns: int) -> int:
        """The board's clock at a host time."""
        return self.core.device_ns(host_ns)

    def rest(self) -> NDArray[np.void]:
        """Edges that nobody has fetched."""
        return self.core.host_edges()


def stand_in(kind: str, n_sites: int) -> StandIn:
    """The stand-in for a kind of light.

    Parameters
    ----------
    kind : str
        One of `PEERS`, or ``wavelight``: our firmware.
    n_sites : int
        LEDs of a wavelight board; the others have as many as they have.
    """
    return PtyPeer(PEERS[kind]()) if kind in PEERS else HostBoard(n_sites)
